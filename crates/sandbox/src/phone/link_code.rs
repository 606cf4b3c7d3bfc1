//! Linking by an eight-character code, the phone's side.
//!
//! The companion sends its ephemeral key wrapped under the code (PBKDF2-SHA256 with 131,072 rounds, then AES-256-CTR).
//! The phone, once the person has typed the code, unwraps it, answers with an ephemeral key of its own wrapped the same
//! way, and receives a bundle (AES-256-GCM under the shared ephemeral secret) with the companion's identity and 32 random
//! bytes. Both then derive the ADV secret from the two agreements and those bytes.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use wacore::crypto::hkdf_sha256;
use wacore_libsignal::crypto::{Aes256Ctr32, aes_256_gcm_decrypt};
use wacore_libsignal::protocol::{KeyPair, PublicKey};

use super::PhoneError;
use super::companion::CompanionOffer;
use super::keys::{PhoneKeys, signal_rng};

const ROUNDS: u32 = 131_072;
const SALT: usize = 32;
const IV: usize = 16;
const BUNDLE_INFO: &[u8] = b"link_code_pairing_key_bundle_encryption_key";

/// A pairing by code between the phone's answer and the companion's bundle.
pub(super) struct CodeExchange {
    ephemeral: KeyPair,
    companion_ephemeral: PublicKey,
}

impl CodeExchange {
    /// Unwraps the companion's key with the typed code. A wrong code cannot be told here: it yields another key, and the
    /// companion's bundle will not open.
    pub fn begin(wrapped: &[u8], code: &str) -> Result<Self, PhoneError> {
        Ok(Self {
            companion_ephemeral: PublicKey::from_djb_public_key_bytes(&unwrap_key(wrapped, code)?)?,
            ephemeral: KeyPair::generate(&mut signal_rng()),
        })
    }

    /// The phone's ephemeral key, wrapped under the same code.
    pub fn answer(&self, code: &str) -> Result<Vec<u8>, PhoneError> {
        let salt: [u8; SALT] = rand::random();
        let iv: [u8; IV] = rand::random();
        let mut key = self.ephemeral.public_key.public_key_bytes().to_vec();
        keystream(code, &salt, &iv, &mut key)?;
        Ok([salt.as_slice(), &iv, &key].concat())
    }

    /// Opens the companion's bundle and derives what vouching for it needs.
    pub fn finish(
        &self,
        keys: &PhoneKeys,
        reference: String,
        bundle: &[u8],
        identity: &[u8],
    ) -> Result<CompanionOffer, PhoneError> {
        let (salt, rest) = bundle.split_first_chunk::<SALT>().ok_or(PhoneError::WrongCode)?;
        let (nonce, sealed) = rest.split_first_chunk::<12>().ok_or(PhoneError::WrongCode)?;
        let shared = self.ephemeral.private_key.calculate_agreement(&self.companion_ephemeral)?;
        let bundle_key = hkdf(&shared, Some(salt), BUNDLE_INFO)?;
        let mut opened = Vec::new();
        aes_256_gcm_decrypt(&bundle_key, nonce, b"", sealed, &mut opened).map_err(|_| PhoneError::WrongCode)?;
        let [companion, primary, random] = thirds(&opened)?;
        if companion != identity || primary != keys.identity_public() {
            return Err(PhoneError::WrongCode);
        }
        let companion_key = PublicKey::from_djb_public_key_bytes(&companion)?;
        let identities = keys.identity.private_key().calculate_agreement(&companion_key)?;
        let adv_secret = hkdf(&[shared, identities, random].concat(), None, b"adv_secret")?;
        Ok(CompanionOffer { reference, identity: companion, adv_secret })
    }
}

/// The code as the person typed it, in the form that both sides derive the key from.
pub(super) fn normalise(code: &str) -> Result<String, PhoneError> {
    let code: String = code.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_uppercase()).collect();
    if code.len() == 8 { Ok(code) } else { Err(PhoneError::UnreadableCode) }
}

fn thirds(bytes: &[u8]) -> Result<[[u8; 32]; 3], PhoneError> {
    let (chunks, rest) = bytes.as_chunks::<32>();
    match (chunks, rest) {
        ([a, b, c], []) => Ok([*a, *b, *c]),
        _ => Err(PhoneError::WrongCode),
    }
}

fn hkdf(secret: &[u8], salt: Option<&[u8]>, info: &[u8]) -> Result<[u8; 32], PhoneError> {
    let bytes = hkdf_sha256(secret, 32, salt, info).map_err(|error| PhoneError::Protocol(error.to_string()))?;
    bytes.try_into().map_err(|_| PhoneError::Protocol("hkdf length".to_owned()))
}

fn unwrap_key(wrapped: &[u8], code: &str) -> Result<Vec<u8>, PhoneError> {
    let broken = || PhoneError::Protocol("wrapped ephemeral key is not 80 bytes".to_owned());
    if wrapped.len() != SALT + IV + 32 {
        return Err(broken());
    }
    let (salt, rest) = wrapped.split_at(SALT);
    let (iv, sealed) = rest.split_at(IV);
    let mut key = sealed.to_vec();
    keystream(code, salt, iv, &mut key)?;
    Ok(key)
}

fn keystream(code: &str, salt: &[u8], iv: &[u8], data: &mut [u8]) -> Result<(), PhoneError> {
    let key = pbkdf2(code.as_bytes(), salt);
    let (nonce, counter) = iv.split_at(12);
    let start = counter.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte));
    // A 32-bit counter equals the 128-bit one for the two blocks that a key is long, unless it wraps: once in 2^32.
    Aes256Ctr32::from_key(&key, nonce, start).map_err(|error| PhoneError::Protocol(error.to_string()))?.process(data);
    Ok(())
}

fn pbkdf2(password: &[u8], salt: &[u8]) -> [u8; 32] {
    let keyed = <Hmac<Sha256> as hmac::Mac>::new_from_slice(password).expect("HMAC takes keys of every length");
    let round = |input: &[u8]| -> [u8; 32] { keyed.clone().chain_update(input).finalize().into_bytes().into() };
    let mut link = round(&[salt, &1u32.to_be_bytes()].concat());
    let mut out = link;
    for _ in 1..ROUNDS {
        link = round(&link);
        out.iter_mut().zip(link).for_each(|(sum, byte)| *sum ^= byte);
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wacore::pair_code::PairCodeUtils;

    use super::*;

    fn exchange(typed: &str) -> (Result<CompanionOffer, PhoneError>, [u8; 32]) {
        let keys = PhoneKeys::generate().unwrap();
        let identity = KeyPair::generate(&mut signal_rng());
        let ephemeral = KeyPair::generate(&mut signal_rng());
        let public: [u8; 32] = ephemeral.public_key.public_key_bytes().try_into().unwrap();
        let wrapped = PairCodeUtils::encrypt_ephemeral_pub(&public, "ABCD1234");
        let phone = CodeExchange::begin(&wrapped, typed).unwrap();
        let answer = phone.answer(typed).unwrap();
        let theirs = PairCodeUtils::decrypt_primary_ephemeral_pub(&answer, "ABCD1234").unwrap();
        let primary: [u8; 32] = keys.identity_public().try_into().unwrap();
        let (bundle, secret) = PairCodeUtils::prepare_key_bundle(&ephemeral, &theirs, &primary, &identity).unwrap();
        (phone.finish(&keys, "ref".to_owned(), &bundle, identity.public_key.public_key_bytes()), secret)
    }

    #[test]
    fn both_sides_derive_the_same_adv_secret_from_the_same_code() {
        let (offer, secret) = exchange("ABCD1234");
        assert_eq!(offer.unwrap().adv_secret, secret);
    }

    #[test]
    fn a_mistyped_code_does_not_open_the_bundle() {
        let (offer, _) = exchange("ABCD1235");
        assert!(offer.is_err());
    }

    #[test]
    fn a_code_may_be_typed_with_a_dash_and_in_small_letters() {
        assert_eq!(normalise("abcd-1234").unwrap(), "ABCD1234");
        assert!(normalise("abc").is_err());
    }
}
