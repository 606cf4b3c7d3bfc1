use crate::VaultError;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rand::TryRngCore as _;
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// 32 random bytes that open one thing: a channel's auth-state, or the ledger. Wiped from memory when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Key32([u8; 32]);

impl Key32 {
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Key32(bytes)
    }

    /// A new key from the operating system's randomness.
    pub(crate) fn random() -> Result<Self, VaultError> {
        let mut bytes = [0; 32];
        fill(&mut bytes)?;
        let key = Key32(bytes);
        bytes.zeroize();
        Ok(key)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hex digits, as SQLCipher's raw key `x'…'` takes them.
    pub fn as_hex(&self) -> Zeroizing<String> {
        let mut hex = Zeroizing::new(String::with_capacity(64));
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
        }
        hex
    }

    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(STANDARD.encode(self.0))
    }

    pub(crate) fn from_text(text: &str) -> Result<Self, VaultError> {
        let bytes =
            Zeroizing::new(STANDARD.decode(text.trim()).map_err(|_| VaultError::Damaged("a key is not base64".into()))?);
        let bytes: [u8; 32] = bytes
            .as_slice()
            .try_into()
            .map_err(|_| VaultError::Damaged(format!("a key has {} bytes instead of 32", bytes.len())))?;
        Ok(Key32(bytes))
    }
}

impl PartialEq for Key32 {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Key32 {}

impl fmt::Debug for Key32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// The key that may do everything at the API: `wiu_` and 43 characters, 256 random bits.
#[derive(Clone, ZeroizeOnDrop)]
pub struct AdminKey(String);

impl AdminKey {
    pub const PREFIX: &'static str = "wiu_";

    /// A new one from the operating system's randomness.
    pub fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill(bytes.as_mut())?;
        Ok(AdminKey(format!("{}{}", Self::PREFIX, URL_SAFE_NO_PAD.encode(bytes.as_ref()))))
    }

    /// Takes only what [`generate`](AdminKey::generate) makes.
    pub fn from_text(text: &str) -> Result<Self, VaultError> {
        let damaged = || VaultError::Damaged("the admin key is not one".into());
        let random = text.strip_prefix(Self::PREFIX).ok_or_else(damaged)?;
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(random).map_err(|_| damaged())?);
        if bytes.len() == 32 { Ok(AdminKey(text.to_owned())) } else { Err(damaged()) }
    }

    /// The key itself: for the person, or to compare a request's key with.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Compares without telling by its duration how much of `given` was right.
    pub fn matches(&self, given: &str) -> bool {
        self.0.as_bytes().ct_eq(given.as_bytes()).into()
    }
}

impl fmt::Debug for AdminKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

pub(crate) fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    rand::rngs::OsRng.try_fill_bytes(bytes).map_err(|e| VaultError::Io(format!("no randomness from the operating system: {e}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_survives_its_text_form_and_shows_itself_to_nobody() {
        let key = Key32::random().unwrap();
        assert_eq!(Key32::from_text(&key.to_text()).unwrap(), key);
        assert_ne!(Key32::random().unwrap(), key);
        assert_eq!(format!("{key:?}"), "<redacted>");
        assert_eq!(Key32::from_bytes([0xa5; 32]).as_hex().as_str(), "a5".repeat(32));
    }

    #[test]
    fn a_text_that_is_no_key_is_damage_and_not_a_shorter_key() {
        for text in ["", "AAAA", "not base64!", &STANDARD.encode([1; 31]), &STANDARD.encode([1; 33])] {
            assert!(matches!(Key32::from_text(text), Err(VaultError::Damaged(_))), "{text}");
        }
    }

    #[test]
    fn an_admin_key_is_recognised_only_in_full() {
        let key = AdminKey::generate().unwrap();
        assert_eq!(key.expose().len(), 47);
        assert!(key.matches(key.expose()));
        assert!(!key.matches(&key.expose()[..46]) && !key.matches("") && !key.matches(AdminKey::generate().unwrap().expose()));
        assert_eq!(format!("{key:?}"), "<redacted>");
        assert!(AdminKey::from_text("wiu_short").is_err() && AdminKey::from_text(&key.expose()[4..]).is_err());
        assert!(AdminKey::from_text(key.expose()).unwrap().matches(key.expose()));
    }
}
