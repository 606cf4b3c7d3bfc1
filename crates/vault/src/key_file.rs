//! The alternative to a keychain that a person chose: one JSON file, readable by its owner only.
//!
//! `{"format":"whatisup-keys","version":1,"secrets":{"<name>":"<text>"}}`. A change writes a new file beside it and
//! renames it over the old one, so a reader sees the old or the new, never half of one. Writers of several
//! processes take turns by a lock on `<file>.lock`.

use crate::VaultError;
use crate::entry::Entry;
use crate::replace::{self, Turn};
use crate::store::{Access, Store, Unlock};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

#[derive(Debug)]
pub(crate) struct KeyFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: Format,
    version: u32,
    secrets: BTreeMap<String, Text>,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "whatisup-keys")]
    WhatIsUpKeys,
}

/// A secret on its way between file and caller.
#[derive(Serialize, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
struct Text(String);

impl Contents {
    /// What is wrong is told without a word of what stands there.
    fn parse(text: &[u8]) -> Result<Self, String> {
        // serde's message could quote a secret: only the place of the error is told.
        let contents: Contents = serde_json::from_slice(text)
            .map_err(|e| format!("it is not a key file of ours (line {}, column {})", e.line(), e.column()))?;
        if contents.version != VERSION {
            return Err(format!("it has version {}, this program knows version {VERSION}", contents.version));
        }
        Ok(contents)
    }
}

const VERSION: u32 = 1;
/// No key file comes near this; a wrong path (a disk image, a device) is found out before it fills the memory.
const LARGEST: u64 = 16 << 20;

impl KeyFile {
    pub fn new(path: PathBuf) -> Self {
        KeyFile { path }
    }

    fn load(&self) -> Result<Option<Contents>, VaultError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.io(&e)),
        };
        let about = file.metadata().map_err(|e| self.io(&e))?;
        if !about.is_file() {
            return Err(self.damaged("it is not a file"));
        }
        if about.len() > LARGEST {
            return Err(self.damaged("it is far too large for a key file"));
        }
        self.guard(&file, &about)?;
        let mut text = Zeroizing::new(Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0) + 1));
        file.read_to_end(&mut text).map_err(|e| self.io(&e))?;
        Contents::parse(&text).map(Some).map_err(|what| self.damaged(&what))
    }

    /// Only its owner may read the file. Mended when it is ours; refused when it is somebody else's.
    #[cfg(unix)]
    fn guard(&self, file: &File, about: &fs::Metadata) -> Result<(), VaultError> {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        if about.mode() & 0o077 == 0 {
            return Ok(());
        }
        if about.uid() != rustix::process::geteuid().as_raw() {
            return Err(VaultError::Refused(format!(
                "the key file {} can be read by other users and does not belong to the user that runs WhatIsUp",
                self.path.display()
            )));
        }
        file.set_permissions(fs::Permissions::from_mode(0o600)).map_err(|e| self.io(&e))?;
        tracing::warn!(file = %self.path.display(), mode = format!("{:03o}", about.mode() & 0o777), "the key file could be read by other users; it is now readable by its owner only. If others use this machine, make new keys");
        Ok(())
    }

    #[cfg(not(unix))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps)]
    fn guard(&self, _file: &File, _about: &fs::Metadata) -> Result<(), VaultError> {
        // Access lists of the directory decide; a person's own profile is closed to others.
        Ok(())
    }

    /// Reads, changes and replaces the file while no other process does. `act` says whether there is a change.
    fn change(&self, act: impl FnOnce(&mut BTreeMap<String, Text>) -> bool) -> Result<bool, VaultError> {
        let _turn = Turn::take(&self.path).map_err(|e| self.io(&e))?;
        let mut contents =
            self.load()?.unwrap_or(Contents { format: Format::WhatIsUpKeys, version: VERSION, secrets: BTreeMap::new() });
        let changed = act(&mut contents.secrets);
        if changed {
            self.replace(&contents).map_err(|e| self.io(&e))?;
        }
        Ok(changed)
    }

    fn replace(&self, contents: &Contents) -> io::Result<()> {
        // Room for all of it beforehand: a buffer that grows leaves copies of secrets behind.
        let room = 256 + contents.secrets.iter().map(|(name, text)| name.len() * 2 + text.0.len() * 2 + 16).sum::<usize>();
        let mut json = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer_pretty(&mut *json, contents)?;
        json.push(b'\n');
        replace::file(&self.path, &json)
    }

    fn io(&self, error: &io::Error) -> VaultError {
        VaultError::Io(format!("key file {}: {error}", self.path.display()))
    }

    fn damaged(&self, what: &str) -> VaultError {
        VaultError::Damaged(format!("key file {}: {what}", self.path.display()))
    }
}

impl Store for KeyFile {
    fn name(&self) -> &'static str {
        "key file"
    }

    fn place(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }

    fn access(&mut self) -> Result<Access, VaultError> {
        Ok(Access::Open)
    }

    fn read(&mut self, entry: &Entry) -> Result<Option<Zeroizing<String>>, VaultError> {
        let Some(mut contents) = self.load()? else { return Ok(None) };
        Ok(contents.secrets.get_mut(&entry.full_name()).map(|text| Zeroizing::new(std::mem::take(&mut text.0))))
    }

    fn create(&mut self, entry: &Entry, secret: &str) -> Result<bool, VaultError> {
        self.change(|secrets| {
            let free = !secrets.contains_key(&entry.full_name());
            if free {
                secrets.insert(entry.full_name(), Text(secret.to_owned()));
            }
            free
        })
    }

    fn write(&mut self, entry: &Entry, secret: &str) -> Result<(), VaultError> {
        self.change(|secrets| {
            secrets.insert(entry.full_name(), Text(secret.to_owned()));
            true
        })
        .map(drop)
    }

    fn delete(&mut self, entry: &Entry) -> Result<(), VaultError> {
        // Without a file there is nothing to delete, and no reason to make one.
        if !self.path.exists() {
            return Ok(());
        }
        self.change(|secrets| match secrets.remove(&entry.full_name()) {
            Some(mut text) => {
                text.0.zeroize();
                true
            }
            None => false,
        })
        .map(drop)
    }

    fn unlock(&self) -> Option<Unlock> {
        None
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn a_key_file() {
        let seeds = [r#"{"format":"whatisup-keys","version":1,"secrets":{"ledger":"c2VjcmV0"}}"#, r#"{"version":2}"#];
        ::fuzz::target!("key_file").seeds(seeds).words(["\"secrets\":", "\"version\":", "\\u0000"]).run(|bytes| {
            Contents::parse(bytes).map(|contents| contents.secrets.len()).map_err(|what| what.starts_with("it has version"))
        });
    }
}
