//! What a backup says of itself: the first entry of the archive, `manifest.json`.

use super::archive;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Raised with every change that an older program would misread.
pub(super) const FORMAT: u64 = 1;
/// Sandbox, development and release builds have keys under names of their own.
const BUILD: &str = if cfg!(feature = "sandbox") {
    "sandbox"
} else if cfg!(debug_assertions) {
    "dev"
} else {
    "release"
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u64,
    /// RFC 3339.
    pub made_at: String,
    /// Of the program that made it.
    pub version: String,
    pub build: String,
    pub files: Vec<Kept>,
}

/// One file of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// With `/` between its parts, on every system.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
}

/// Why a file is no backup that this program can use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    #[error("this is not a backup of WhatIsUp: {0}")]
    NoBackup(String),
    #[error(
        "this backup was made by WhatIsUp {version}, which writes format {format}; this program reads {FORMAT} at the most. \
         Install that version or a newer one"
    )]
    Newer { format: u64, version: String },
    #[error("this backup is from a {0} build, this program is a {BUILD} build; their keys are kept apart")]
    OtherBuild(String),
}

impl Manifest {
    /// Of the files below `directory`.
    pub fn of(directory: &Path, now: Timestamp) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in archive::files(directory)? {
            let (bytes, sha256) = measure(&mut File::open(directory.join(&path))?)?;
            files.push(Kept { path, bytes, sha256 });
        }
        Ok(Manifest {
            format: FORMAT,
            made_at: now.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            build: BUILD.to_owned(),
            files,
        })
    }

    /// # Errors
    /// The newer format is told before anything else is looked at, because all else may mean something different there.
    pub fn parse(text: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            format: u64,
            #[serde(default)]
            version: String,
        }
        let no_backup = |e: serde_json::Error| ManifestError::NoBackup(format!("its manifest cannot be read ({e})"));
        let head: Head = serde_json::from_slice(text).map_err(no_backup)?;
        if head.format > FORMAT {
            return Err(ManifestError::Newer { format: head.format, version: head.version });
        }
        let manifest: Manifest = serde_json::from_slice(text).map_err(no_backup)?;
        if manifest.build != BUILD {
            return Err(ManifestError::OtherBuild(manifest.build));
        }
        if let Some(kept) = manifest.files.iter().find(|kept| !archive::belongs(&kept.path)) {
            return Err(ManifestError::NoBackup(format!("{:?} is no file of a data directory", kept.path)));
        }
        Ok(manifest)
    }
}

/// Length and SHA-256 of all that there is to read.
pub(super) fn measure(from: &mut impl Read) -> io::Result<(u64, String)> {
    let mut hash = Sha256::new();
    let mut piece = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        match from.read(&mut piece)? {
            0 => return Ok((bytes, hex::encode(hash.finalize()))),
            n => {
                hash.update(&piece[..n]);
                bytes += n as u64;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn text(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let mut manifest = serde_json::json!({
            "format": 1, "made_at": "2026-01-01T00:00:00Z", "version": "0.1.0", "build": BUILD,
            "files": [{ "path": "ledger.db", "bytes": 1, "sha256": "" }],
        });
        change(&mut manifest);
        serde_json::to_vec(&manifest).unwrap()
    }

    #[test]
    fn a_newer_format_is_told_even_when_nothing_else_of_it_is_understood() {
        let newer = br#"{ "format": 2, "version": "9.0.0", "contents": [] }"#;
        assert_eq!(Manifest::parse(newer), Err(ManifestError::Newer { format: 2, version: "9.0.0".into() }));
    }

    #[test]
    fn only_files_of_a_data_directory_are_taken() {
        assert!(Manifest::parse(&text(|_| {})).is_ok());
        for path in ["../ledger.db", "/etc/passwd", "vault.key", "sessions/../auth.db", "sessions/x/auth.db", "lock"] {
            let given = text(|m| m["files"][0]["path"] = path.into());
            assert!(matches!(Manifest::parse(&given), Err(ManifestError::NoBackup(_))), "{path}");
        }
    }

    #[test]
    fn another_build_is_told() {
        let given = text(|m| m["build"] = "another".into());
        assert_eq!(Manifest::parse(&given), Err(ManifestError::OtherBuild("another".into())));
    }
}
