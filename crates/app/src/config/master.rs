//! Where the master key comes from, without reading it yet.

use secrecy::{ExposeSecret as _, SecretString};
use std::path::{Path, PathBuf};
use vault::{MasterKey, MasterKeyError, MasterKeys};

/// The variable that holds the key itself. Not a setting: a file of settings is no place for it.
pub(crate) const VARIABLE: &str = "WHATISUP_VAULT_MASTER_KEY";
/// The credential with the key before, while the master key is being changed.
const PREVIOUS_CREDENTIAL: &str = "whatisup-previous-master-key";

/// Where the master key is given. The first of these that there is: `vault.master_key_file`, the credential
/// `whatisup-master-key` that systemd hands to a service, the variable.
#[derive(Clone, Debug)]
pub struct MasterSource {
    from: From,
    previous: Option<PathBuf>,
}

#[derive(Clone, Debug)]
enum From {
    File(PathBuf),
    Text(SecretString),
}

impl MasterSource {
    pub(super) fn find(
        file: Option<PathBuf>,
        previous: Option<PathBuf>,
        credentials: Option<&Path>,
        variable: Option<&SecretString>,
    ) -> Option<Self> {
        let credential = |name: &str| credentials.map(|dir| dir.join(name)).filter(|path| path.exists());
        let from = file
            .or_else(|| credential(vault::CREDENTIAL))
            .map(From::File)
            .or_else(|| variable.filter(|text| !text.expose_secret().trim().is_empty()).cloned().map(From::Text))?;
        Some(MasterSource { from, previous: previous.or_else(|| credential(PREVIOUS_CREDENTIAL)) })
    }

    /// Where to look, for a person.
    pub fn described(&self) -> String {
        match &self.from {
            From::File(path) => path.display().to_string(),
            From::Text(_) => VARIABLE.to_owned(),
        }
    }

    /// Reads the keys. Those in files are looked up again when they do not fit any more.
    pub(crate) fn keys(&self) -> Result<MasterKeys, MasterKeyError> {
        let (current, previous) = self.read()?;
        let again = self.clone();
        Ok(MasterKeys::new(current, previous).looked_up_by(move || again.read().ok()))
    }

    fn read(&self) -> Result<(MasterKey, Option<MasterKey>), MasterKeyError> {
        let current = match &self.from {
            From::File(path) => MasterKey::from_file(path)?,
            From::Text(text) => MasterKey::from_origin(VARIABLE, text.expose_secret())?,
        };
        Ok((current, self.previous.as_deref().map(MasterKey::from_file).transpose()?))
    }
}
