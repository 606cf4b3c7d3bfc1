use crate::KeyspaceError;
use crate::place::Place;
use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// Where Redis is and how it is spoken to.
#[derive(Clone, Debug)]
pub struct KeyspaceConfig {
    /// `redis://[user:password@]host[:port][/db]`, `redis+sentinel://[user:password@]host[:port],host[:port]/master-name[/db]`,
    /// `redis+cluster://[user:password@]host[:port],…`; with `rediss` for TLS. Sentinels that want a password of their own:
    /// `?sentinel_user=…&sentinel_password=…`. What is not plain in a user or a password is percent-encoded.
    pub url: SecretString,
    /// Stands instead of the password in `url`.
    pub password: Option<SecretString>,
    /// Before every key.
    pub prefix: String,
    /// The certificate authority (PEM) that is trusted instead of the system's.
    pub ca: Option<PathBuf>,
    /// What a command may take altogether, connecting and trying again included.
    pub timeout: Duration,
}

impl KeyspaceConfig {
    pub fn new(url: impl Into<String>) -> Self {
        KeyspaceConfig {
            url: SecretString::from(url.into()),
            password: None,
            prefix: "whatisup".into(),
            ca: None,
            timeout: Duration::from_secs(2),
        }
    }

    /// Whether it can be used at all. Speaks with nobody.
    ///
    /// # Errors
    /// `Config`, naming what is wrong; never a secret.
    pub fn check(&self) -> Result<(), KeyspaceError> {
        self.place().map(drop)?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
        if self.prefix.is_empty() || !self.prefix.chars().all(plain) {
            return Err(KeyspaceError::Config("the prefix of the keys takes letters, digits and - _ . :".into()));
        }
        Ok(())
    }

    /// Where it is, without any secret: for a log or a page.
    ///
    /// # Errors
    /// As [`check`](KeyspaceConfig::check).
    pub fn described(&self) -> Result<String, KeyspaceError> {
        Ok(self.place()?.to_string())
    }

    pub(crate) fn place(&self) -> Result<Place, KeyspaceError> {
        Place::parse(&self.url, self.password.clone())
    }
}
