use secrecy::SecretString;
use std::fmt;

/// The fewest characters of a passphrase that a file is sealed with. Whoever guesses it is the linked device.
pub const LEAST: usize = 12;

#[derive(Clone)]
pub struct Passphrase(SecretString);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase must have at least {LEAST} characters")]
pub struct TooShort;

impl Passphrase {
    /// To seal with.
    ///
    /// # Errors
    /// [`TooShort`] below [`LEAST`] characters.
    pub fn chosen(text: SecretString) -> Result<Self, TooShort> {
        use secrecy::ExposeSecret as _;
        if text.expose_secret().chars().count() < LEAST { Err(TooShort) } else { Ok(Passphrase(text)) }
    }

    /// To open with; what others sealed with is theirs.
    pub fn given(text: SecretString) -> Self {
        Passphrase(text)
    }

    pub(crate) fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}
