//! Keys and tokens: made from the operating system's randomness, shown once, kept as a hash only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Key;
use rand::TryRngCore as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use std::fmt;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What every key begins with, so that scanners for leaked secrets know one.
const KEY_PREFIX: &str = "wiu_";
const TOKEN_PREFIX: &str = "wip_";
/// 256 bits in base64url, without padding.
const RANDOM_LEN: usize = 43;

/// A key that was just made. Its text is shown now or never: only its hash is kept.
#[derive(Clone, Debug)]
pub struct NewKey {
    pub key: Key,
    pub secret: KeyText,
}

/// The key itself.
#[derive(Clone)]
pub struct KeyText(SecretString);

impl KeyText {
    /// `wiu_` and 43 characters of base64url.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(<redacted>)")
    }
}

/// With this the program that asked to be let in, and nobody else, learns how that stands, and collects its key.
#[derive(Clone)]
pub struct PollToken(SecretString);

impl PollToken {
    /// `wip_` and 43 characters of base64url, when it was made here.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether it has the form of one at all.
    pub(crate) fn is_one(&self) -> bool {
        self.expose().len() == TOKEN_PREFIX.len() + RANDOM_LEN && self.expose().starts_with(TOKEN_PREFIX)
    }

    pub(crate) fn hash(&self) -> Hash {
        Hash::of(self.expose())
    }
}

/// As a client sends it. It need not be one.
impl From<String> for PollToken {
    fn from(text: String) -> Self {
        PollToken(text.into())
    }
}

impl fmt::Debug for PollToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PollToken(<redacted>)")
    }
}

/// SHA-256 of a key or token. As these have 256 random bits, nobody finds them from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Hash(pub [u8; 32]);

impl Hash {
    pub fn of(text: &str) -> Self {
        Hash(Sha256::digest(text.as_bytes()).into())
    }

    /// Takes as long for a wrong one as for a right one.
    pub fn same(&self, other: &[u8; 32]) -> bool {
        self.0.ct_eq(other).into()
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(…)")
    }
}

/// The system has no randomness to give.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness from the operating system: {0}")]
pub struct NoRandomness(String);

/// A new key's text, and what is kept of it.
pub(crate) fn new_key() -> Result<(KeyText, Hash), NoRandomness> {
    let text = KeyText(fresh(KEY_PREFIX)?);
    let hash = Hash::of(text.expose());
    Ok((text, hash))
}

pub(crate) fn new_token() -> Result<PollToken, NoRandomness> {
    fresh(TOKEN_PREFIX).map(PollToken)
}

/// Whether it has the form of a key at all; who sends something else is answered without a look at the keys.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == KEY_PREFIX.len() + RANDOM_LEN && text.starts_with(KEY_PREFIX)
}

fn fresh(prefix: &str) -> Result<SecretString, NoRandomness> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    rand::rngs::OsRng.try_fill_bytes(bytes.as_mut()).map_err(|e| NoRandomness(e.to_string()))?;
    let random = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()));
    // Of the right size at once: a String that grows leaves its beginnings behind.
    let mut text = String::with_capacity(prefix.len() + RANDOM_LEN);
    text.push_str(prefix);
    text.push_str(&random);
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_their_form_and_differ() {
        let (one, other) = (new_key().unwrap(), new_key().unwrap());
        assert!(is_key(one.0.expose()) && one.0.expose().len() == 47);
        assert_ne!(one.0.expose(), other.0.expose());
        assert!(one.1 != other.1 && one.1 == Hash::of(one.0.expose()) && one.1.same(&one.1.0));
    }

    #[test]
    fn a_token_is_no_key() {
        assert!(new_token().unwrap().is_one() && !is_key(new_token().unwrap().expose()));
        let key = new_key().unwrap().0;
        assert!(!PollToken::from(key.expose().to_owned()).is_one());
    }

    #[test]
    fn what_is_printed_of_them_says_nothing() {
        let (token, (text, hash)) = (new_token().unwrap(), new_key().unwrap());
        let printed = format!("{token:?} {text:?} {hash:?}");
        assert!(!printed.contains(token.expose()) && !printed.contains(text.expose()));
    }
}
