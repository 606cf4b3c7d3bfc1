//! Linking a companion: reading its QR code, and the ADV signatures by which the account vouches for its devices.
//!
//! ADV ("account device verification"), as companions check it: the account's identity key signs
//! `06 00 ‖ ADVDeviceIdentity ‖ companion identity`, the device countersigns; the container is bound to the QR code by an
//! HMAC under the secret that the code carries. The list of valid key indexes is signed with the prefix `06 02`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use buffa::Message as _;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use waproto::whatsapp as wa;

use super::PhoneError;
use super::keys::{PhoneKeys, signal_rng};

const ACCOUNT_SIGNATURE: [u8; 2] = [6, 0];
const KEY_INDEX_SIGNATURE: [u8; 2] = [6, 2];

/// What a companion shows to be linked, by QR code or (after the exchange of [`super::link_code`]) by code.
pub(super) struct CompanionOffer {
    /// The network's reference of the socket that waits.
    pub reference: String,
    pub identity: [u8; 32],
    pub adv_secret: [u8; 32],
}

impl std::fmt::Debug for CompanionOffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompanionOffer").field("reference", &self.reference).finish_non_exhaustive()
    }
}

impl CompanionOffer {
    /// Reads `ref,noise key,identity key,adv secret[,platform]`, with or without the deep link that cameras follow.
    pub fn from_qr(text: &str) -> Result<Self, PhoneError> {
        let text = text.trim();
        let body = text.split_once("#").map_or(text, |(_, fragment)| fragment);
        let mut fields = body.split(',');
        let mut next = || fields.next().filter(|field| !field.is_empty()).ok_or(PhoneError::UnreadableQr);
        let reference = next()?.to_owned();
        key(next()?)?;
        Ok(Self { reference, identity: key(next()?)?, adv_secret: key(next()?)? })
    }
}

fn key(text: &str) -> Result<[u8; 32], PhoneError> {
    let bytes = STANDARD.decode(text).map_err(|_| PhoneError::UnreadableQr)?;
    bytes.try_into().map_err(|_| PhoneError::UnreadableQr)
}

/// The account's side of ADV: which key indexes it has given out and which are still good.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct DeviceRoster {
    raw_id: u32,
    current_index: u32,
    valid: Vec<u32>,
}

impl DeviceRoster {
    pub fn new() -> Self {
        Self { raw_id: rand::random::<u32>() >> 1, current_index: 0, valid: vec![0] }
    }

    pub fn raw_id(&self) -> u32 {
        self.raw_id
    }

    pub fn current_index(&self) -> u32 {
        self.current_index
    }

    /// The roster after one more device, and that device's key index.
    pub fn admit(&self) -> (Self, u32) {
        let index = self.current_index + 1;
        let mut valid = self.valid.clone();
        valid.push(index);
        (Self { raw_id: self.raw_id, current_index: index, valid }, index)
    }

    pub fn dismiss(&mut self, index: u32) {
        self.valid.retain(|valid| *valid != index);
    }

    pub fn indexes(&self) -> Vec<u32> {
        self.valid.clone()
    }

    /// `ADVSignedKeyIndexList` as the network hands it to everybody who asks for the account's devices.
    pub fn signed(&self, keys: &PhoneKeys, now: u64) -> Result<Vec<u8>, PhoneError> {
        let details = wa::ADVKeyIndexList {
            raw_id: Some(self.raw_id),
            timestamp: Some(now),
            current_index: Some(self.current_index),
            valid_indexes: self.valid.clone(),
            ..Default::default()
        }
        .encode_to_vec();
        let signature = sign(keys, &[&KEY_INDEX_SIGNATURE, &details])?;
        Ok(wa::ADVSignedKeyIndexList {
            details: Some(details),
            account_signature: Some(signature),
            account_signature_key: Some(keys.identity_public().to_vec()),
        }
        .encode_to_vec())
    }
}

/// `ADVSignedDeviceIdentityHMAC` for a companion: the content of `<device-identity>` in `<pair-success>`.
pub(super) fn vouch(
    keys: &PhoneKeys,
    offer: &CompanionOffer,
    raw_id: u32,
    key_index: u32,
    now: u64,
) -> Result<Vec<u8>, PhoneError> {
    let details =
        wa::ADVDeviceIdentity { raw_id: Some(raw_id), timestamp: Some(now), key_index: Some(key_index), ..Default::default() }
            .encode_to_vec();
    let signature = sign(keys, &[&ACCOUNT_SIGNATURE, &details, &offer.identity])?;
    let identity = wa::ADVSignedDeviceIdentity {
        details: Some(details),
        account_signature_key: Some(keys.identity_public().to_vec()),
        account_signature: Some(signature),
        device_signature: None,
    }
    .encode_to_vec();
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(&offer.adv_secret)
        .map_err(|_| PhoneError::Protocol("adv secret unusable".to_owned()))?;
    mac.update(&identity);
    Ok(wa::ADVSignedDeviceIdentityHMAC {
        details: Some(identity),
        hmac: Some(mac.finalize().into_bytes().to_vec()),
        ..Default::default()
    }
    .encode_to_vec())
}

fn sign(keys: &PhoneKeys, parts: &[&[u8]]) -> Result<Vec<u8>, PhoneError> {
    let signature = keys.identity.private_key().calculate_signature_for_multipart_message(parts, &mut signal_rng())?;
    Ok(signature.to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wacore::adv::decode_key_index_list;
    use wacore::companion_reg::CompanionWebClientType;
    use wacore::pair::{DeviceState, PairUtils};
    use wacore_libsignal::protocol::KeyPair;

    use super::*;

    fn companion() -> DeviceState {
        DeviceState {
            identity_key: KeyPair::generate(&mut signal_rng()),
            noise_key: KeyPair::generate(&mut signal_rng()),
            adv_secret_key: rand::random(),
        }
    }

    #[test]
    fn a_companion_accepts_the_identity_vouched_for_from_its_own_qr_code() {
        let keys = PhoneKeys::generate().unwrap();
        let device = companion();
        let qr = PairUtils::make_qr_data(&device, "the-ref", CompanionWebClientType::Chrome);
        let offer = CompanionOffer::from_qr(&qr).unwrap();
        assert_eq!(offer.reference, "the-ref");
        let answer = vouch(&keys, &offer, 7, 3, 1_700_000_000).unwrap();
        let (_, key_index) = PairUtils::do_pair_crypto(&device, &answer).unwrap();
        assert_eq!(key_index, 3);
    }

    #[test]
    fn a_companion_refuses_an_identity_vouched_for_with_another_secret() {
        let keys = PhoneKeys::generate().unwrap();
        let device = companion();
        let qr = PairUtils::make_qr_data(&device, "the-ref", CompanionWebClientType::Chrome);
        let mut offer = CompanionOffer::from_qr(&qr).unwrap();
        offer.adv_secret[0] ^= 1;
        let answer = vouch(&keys, &offer, 7, 3, 1_700_000_000).unwrap();
        assert!(PairUtils::do_pair_crypto(&device, &answer).is_err());
    }

    #[test]
    fn the_camera_link_around_a_qr_code_is_followed() {
        let qr = PairUtils::make_qr_data(&companion(), "r", CompanionWebClientType::Chrome);
        let linked = format!("https://wa.me/settings/linked_devices#{qr}");
        assert_eq!(CompanionOffer::from_qr(&linked).unwrap().reference, "r");
    }

    #[test]
    fn text_that_is_no_companion_code_is_refused() {
        for text in ["", "hello", "a,b,c,d", "https://example.com/#x"] {
            assert!(matches!(CompanionOffer::from_qr(text), Err(PhoneError::UnreadableQr)), "{text}");
        }
    }

    #[test]
    fn the_key_index_list_names_devices_that_are_linked_and_no_others() {
        let keys = PhoneKeys::generate().unwrap();
        let (roster, first) = DeviceRoster::new().admit();
        let (mut roster, second) = roster.admit();
        roster.dismiss(first);
        let list = decode_key_index_list(&roster.signed(&keys, 5).unwrap()).unwrap();
        assert_eq!(list.valid_indexes, vec![0, second]);
        assert_eq!(list.current_index, second);
    }
}
