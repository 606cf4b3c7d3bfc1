//! Sealed entries in one file of the data directory, for its owner only.
//!
//! `{"format":"whatisup-sealed","version":1,"entries":{"<name>":"<base64>"}}`, replaced as a whole by a rename. Writers of
//! several processes take turns by a lock on `<file>.lock`.

use super::{SealedEntries, SealedEntry};
use crate::VaultError;
use crate::replace::{self, Turn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

/// Sealed entries in a file.
#[derive(Debug)]
pub struct SealedFile {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    format: Format,
    version: u32,
    entries: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
enum Format {
    #[serde(rename = "whatisup-sealed")]
    WhatIsUpSealed,
}

const VERSION: u32 = 1;
const LARGEST: u64 = 64 << 20;

type Entries = BTreeMap<String, Vec<u8>>;

impl SealedFile {
    /// The name of the file within a data directory.
    pub const NAME: &'static str = "vault.sealed";

    /// At `path`; made (0600) when the first entry is written.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        SealedFile { path: path.into() }
    }

    fn load(&self) -> Result<Entries, VaultError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Entries::new()),
            Err(e) => return Err(self.io(&e)),
        };
        let about = file.metadata().map_err(|e| self.io(&e))?;
        if !about.is_file() || about.len() > LARGEST {
            return Err(self.damaged("it is no file of ours"));
        }
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(|e| self.io(&e))?;
        let contents: Contents = serde_json::from_slice(&text)
            .map_err(|e| self.damaged(&format!("it is not a file of ours (line {}, column {})", e.line(), e.column())))?;
        if contents.version != VERSION {
            return Err(self.damaged(&format!("it has version {}, this program knows version {VERSION}", contents.version)));
        }
        let opened = |(name, text): (String, String)| match STANDARD.decode(&text) {
            Ok(bytes) => Ok((name, bytes)),
            Err(_) => Err(self.damaged(&format!("the entry {name} is not base64"))),
        };
        contents.entries.into_iter().map(opened).collect()
    }

    /// Reads, changes and replaces the file while no other process does. `act` says whether there is a change.
    fn change(&self, act: impl FnOnce(&mut Entries) -> bool) -> Result<bool, VaultError> {
        let _turn = Turn::take(&self.path).map_err(|e| self.io(&e))?;
        let mut entries = self.load()?;
        let changed = act(&mut entries);
        if changed {
            let entries = entries.into_iter().map(|(name, bytes)| (name, STANDARD.encode(bytes))).collect();
            let contents = Contents { format: Format::WhatIsUpSealed, version: VERSION, entries };
            let mut json = serde_json::to_vec_pretty(&contents).map_err(|e| self.io(&e.into()))?;
            json.push(b'\n');
            replace::file(&self.path, &json).map_err(|e| self.io(&e))?;
        }
        Ok(changed)
    }

    fn io(&self, error: &io::Error) -> VaultError {
        VaultError::Io(format!("{}: {error}", self.path.display()))
    }

    fn damaged(&self, what: &str) -> VaultError {
        VaultError::Damaged(format!("{}: {what}", self.path.display()))
    }
}

impl SealedEntries for SealedFile {
    fn kind(&self) -> &'static str {
        "sealed file"
    }

    fn place(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }

    fn read(&mut self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        Ok(self.load()?.remove(name))
    }

    fn create(&mut self, name: &str, bytes: &[u8]) -> Result<bool, VaultError> {
        self.change(|entries| {
            let free = !entries.contains_key(name);
            if free {
                entries.insert(name.to_owned(), bytes.to_owned());
            }
            free
        })
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), VaultError> {
        self.change(|entries| {
            entries.insert(name.to_owned(), bytes.to_owned());
            true
        })
        .map(drop)
    }

    fn delete(&mut self, name: &str) -> Result<(), VaultError> {
        // Without a file there is nothing to delete, and no reason to make one.
        if !self.path.exists() {
            return Ok(());
        }
        self.change(|entries| entries.remove(name).is_some()).map(drop)
    }

    fn list(&mut self) -> Result<Vec<SealedEntry>, VaultError> {
        Ok(self.load()?.into_iter().collect())
    }

    fn replace(&mut self, old: &[SealedEntry], new: &[SealedEntry]) -> Result<bool, VaultError> {
        let (old, new): (Entries, Entries) = (old.iter().cloned().collect(), new.iter().cloned().collect());
        self.change(|entries| {
            let same = *entries == old;
            if same {
                *entries = new;
            }
            same
        })
    }
}
