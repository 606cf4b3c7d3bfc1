//! A companion's device identity (ADV): signed by the account's phone, countersigned by the companion.

use buffa::Message as _;
use wacore_libsignal::protocol::PublicKey;
use waproto::whatsapp::{ADVSignedDeviceIdentity, ADVSignedDeviceIdentityHMAC};

use super::PairError;

/// What a device signs to accept its identity begins with this.
const DEVICE_SIGNATURE: [u8; 2] = [6, 1];

/// The companion's signed identity, checked against what the phone had signed, and made complete for others (clients
/// may leave out the account's key, which they know their peers to have).
pub fn countersigned(signed: &[u8], offered: &[u8], companion: &[u8; 32]) -> Result<Vec<u8>, PairError> {
    let mut identity = ADVSignedDeviceIdentity::decode_from_slice(signed)
        .map_err(|_| PairError::Malformed("device identity does not decode"))?;
    let offered = ADVSignedDeviceIdentityHMAC::decode_from_slice(offered)
        .ok()
        .and_then(|hmac| ADVSignedDeviceIdentity::decode_from_slice(&hmac.details?).ok())
        .ok_or(PairError::Malformed("the phone's device identity does not decode"))?;
    if identity.details.is_none() || identity.details != offered.details {
        return Err(PairError::Malformed("another identity than the phone signed"));
    }
    let account_key = offered.account_signature_key.clone().unwrap_or_default();
    let message = [&DEVICE_SIGNATURE[..], identity.details.as_deref().unwrap_or_default(), companion, &account_key].concat();
    let good = PublicKey::from_djb_public_key_bytes(companion)
        .is_ok_and(|key| key.verify_signature(&message, identity.device_signature.as_deref().unwrap_or_default()));
    if !good {
        return Err(PairError::Malformed("the device signature does not verify"));
    }
    identity.account_signature_key = offered.account_signature_key;
    identity.account_signature = offered.account_signature;
    Ok(identity.encode_to_vec())
}
