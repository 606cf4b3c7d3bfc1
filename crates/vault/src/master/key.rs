use crate::key::{AdminKey, fill};
use crate::{Key32, VaultError};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seal::Sealer;
use sha2::{Digest as _, Sha256};
use std::fmt;
use zeroize::Zeroizing;

/// 32 random bytes that wrap every other key, for a machine without a keychain. Its text form can be told from any other
/// secret, and a mistyped one from a wrong one: `wium_` and the base64url of the key and four bytes of its SHA-256.
///
/// Wiped from memory when dropped; shows itself to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Key32);

/// Why a text is no master key. Says nothing of the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAMasterKey {
    #[error("it is empty")]
    Empty,
    #[error("it is the admin key of the API (wiu_…), not a master key")]
    AdminKey,
    #[error("it does not begin with wium_: it is something else")]
    SomethingElse,
    #[error("it begins like a master key, but is cut short, too long or mistyped")]
    Mistyped,
}

const CHECK: usize = 4;

impl MasterKey {
    pub const PREFIX: &'static str = "wium_";

    /// A new one from the operating system's randomness.
    ///
    /// # Errors
    /// When there is none.
    pub fn generate() -> Result<Self, VaultError> {
        let mut bytes = Zeroizing::new([0; 32]);
        fill(bytes.as_mut())?;
        Ok(MasterKey(Key32::from_bytes(*bytes)))
    }

    /// Takes only what [`to_text`](MasterKey::to_text) makes; white space around it does not matter.
    ///
    /// # Errors
    /// What is wrong with the text, without quoting it.
    pub fn from_text(text: &str) -> Result<Self, NotAMasterKey> {
        let text = text.trim();
        if text.is_empty() {
            return Err(NotAMasterKey::Empty);
        }
        let Some(coded) = text.strip_prefix(Self::PREFIX) else {
            let admin = text.starts_with(AdminKey::PREFIX);
            return Err(if admin { NotAMasterKey::AdminKey } else { NotAMasterKey::SomethingElse });
        };
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(coded).map_err(|_| NotAMasterKey::Mistyped)?);
        let (key, check) = bytes.split_at_checked(32).ok_or(NotAMasterKey::Mistyped)?;
        let key: Zeroizing<[u8; 32]> = Zeroizing::new(key.try_into().map_err(|_| NotAMasterKey::Mistyped)?);
        if check != check_of(&key) {
            return Err(NotAMasterKey::Mistyped);
        }
        Ok(MasterKey(Key32::from_bytes(*key)))
    }

    /// For the file or variable that will hold it.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(32 + CHECK));
        bytes.extend_from_slice(self.0.as_bytes());
        bytes.extend_from_slice(&check_of(self.0.as_bytes()));
        let mut text = Zeroizing::new(String::with_capacity(Self::PREFIX.len() + 48));
        text.push_str(Self::PREFIX);
        URL_SAFE_NO_PAD.encode_string(&*bytes, &mut text);
        text
    }

    /// Eight hex digits that tell this key from another one. They tell nothing of the key.
    pub fn mark(&self) -> String {
        let name = Sealer::new(self.0.as_bytes(), "vault mark 1").name(b"mark");
        name[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What wraps the entries.
    pub(crate) fn sealer(&self) -> Sealer {
        Sealer::new(self.0.as_bytes(), "vault entries 1")
    }
}

fn check_of(key: &[u8; 32]) -> [u8; CHECK] {
    let hash: [u8; 32] = Sha256::new().chain_update(b"whatisup master key 1").chain_update(key).finalize().into();
    [hash[0], hash[1], hash[2], hash[3]]
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_master_key_survives_its_text_form_and_shows_itself_to_nobody() {
        let key = MasterKey::generate().unwrap();
        let text = key.to_text();
        assert!(text.starts_with("wium_") && text.len() == 53, "{}", text.len());
        assert_eq!(MasterKey::from_text(&format!("\n {} \n", *text)).unwrap(), key);
        assert_eq!(format!("{key:?}"), "<redacted>");
        assert_eq!(key.mark(), key.mark());
        assert_ne!(MasterKey::generate().unwrap().mark(), key.mark());
    }

    #[test]
    fn what_is_no_master_key_is_told_for_what_it_is() {
        let text = MasterKey::generate().unwrap().to_text();
        let other = if &text[20..21] == "A" { "Q" } else { "A" };
        let mistyped = format!("{}{other}{}", &text[..20], &text[21..]);
        for (given, told) in [
            ("", NotAMasterKey::Empty),
            ("  \n", NotAMasterKey::Empty),
            (AdminKey::generate().unwrap().expose(), NotAMasterKey::AdminKey),
            ("correct horse battery staple", NotAMasterKey::SomethingElse),
            (&text[5..], NotAMasterKey::SomethingElse),
            (&text[..52], NotAMasterKey::Mistyped),
            (&format!("{}A", *text), NotAMasterKey::Mistyped),
            (&text.replacen("wium_", "wium_A", 1), NotAMasterKey::Mistyped),
            (&mistyped, NotAMasterKey::Mistyped),
        ] {
            assert_eq!(MasterKey::from_text(given).unwrap_err(), told);
        }
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn a_master_key() {
        let key = MasterKey::generate().expect("this machine has randomness");
        let text = key.to_text();
        ::fuzz::target!("master_key").seeds([text.as_str(), "wium_AAAA"]).words(["wium_", "wiu_"]).longest(256).run(|bytes| {
            let read = MasterKey::from_text(&String::from_utf8_lossy(bytes));
            read.map(|read| *read.to_text() == *text).map_err(|why| why.to_string())
        });
    }
}
