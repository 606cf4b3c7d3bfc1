use super::{Device, DeviceError, Snapshot, VERSION};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::io;
use zeroize::Zeroizing;

/// What the digest begins with, so that it is a digest of nothing else.
const DOMAIN: &[u8] = b"whatisup snapshot\n";

/// Bytes that are no snapshot of ours.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("the snapshot has format {0}; this program reads up to {VERSION}")]
    Newer(u32),
    #[error("the snapshot cannot be read: {0}")]
    Unreadable(String),
    #[error(transparent)]
    Device(#[from] DeviceError),
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

impl Snapshot {
    /// As JSON; [`Snapshot::from_bytes`] reads it.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Grown once and no more: what a growing vector leaves behind is not zeroed.
        let mut length = Length(0);
        self.written_to(&mut length);
        let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
        self.written_to(&mut *bytes);
        bytes
    }

    /// # Errors
    /// `Newer` for a later format, `Unreadable` and `Device` for what is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let Versioned { version } = serde_json::from_slice(bytes).map_err(unreadable)?;
        match version {
            VERSION => {}
            0 => return Err(SnapshotError::Unreadable("there is no format 0".into())),
            newer => return Err(SnapshotError::Newer(newer)),
        }
        let snapshot: Snapshot = serde_json::from_slice(bytes).map_err(unreadable)?;
        snapshot.device.live()?;
        Ok(snapshot)
    }

    /// SHA-256 over everything in it: equal for two stores that hold the same.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = Sha256::new_with_prefix(DOMAIN);
        self.written_to(&mut hasher);
        hasher.finalize().into()
    }

    fn written_to(&self, writer: impl io::Write) {
        serde_json::to_writer(writer, self).expect("every record has a form in JSON, and memory takes every byte");
    }

    /// As a store gives it back: what upstream's types say in one way only is said in that way.
    pub(in crate::auth_state) fn canonical(&self) -> Result<Self, DeviceError> {
        let mut canonical = self.clone();
        canonical.version = VERSION;
        canonical.device = Device::from(&self.device.live()?);
        Ok(canonical)
    }
}

/// Where and why, but not what: serde_json quotes values.
fn unreadable(error: serde_json::Error) -> SnapshotError {
    let why = match error.classify() {
        serde_json::error::Category::Io => "it could not be written",
        serde_json::error::Category::Syntax => "not JSON",
        serde_json::error::Category::Data => "a record is missing, unknown or malformed",
        serde_json::error::Category::Eof => "it ends in the middle",
    };
    SnapshotError::Unreadable(format!("{why} (line {}, column {})", error.line(), error.column()))
}

struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
