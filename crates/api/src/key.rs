use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// A key, ticket or session token, hashed: all that is needed to recognise it.
#[derive(Clone, Copy)]
pub(crate) struct Hashed([u8; 32]);

impl Hashed {
    pub fn of(secret: &str) -> Self {
        Hashed(Sha256::digest(secret.as_bytes()).into())
    }

    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Hashed(bytes)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Takes as long for a wrong secret as for a right one, whatever its length shares with it.
    pub fn matches(&self, given: &str) -> bool {
        self.same(&Hashed::of(given))
    }

    pub fn same(&self, other: &Hashed) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl std::fmt::Debug for Hashed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<redacted>")
    }
}
