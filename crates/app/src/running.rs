//! What a running application leaves in its data directory, so that commands beside it find it.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the API of a running application is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    pub addresses: Vec<SocketAddr>,
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("running.json")
}

impl Running {
    /// What the data directory says; it may be the trace of a process that was killed.
    pub fn find(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file(data_dir)).ok()?;
        serde_json::from_str(&text).ok()
    }

    /// The address that programs on this machine use.
    pub fn base_url(&self) -> String {
        self.addresses.first().map(|a| format!("http://{a}")).unwrap_or_default()
    }

    pub(crate) fn leave(&self, data_dir: &Path) -> std::io::Result<()> {
        let text = serde_json::to_string(self).map_err(std::io::Error::other)?;
        let path = file(data_dir);
        crate::private::write(&path, text.as_bytes())
    }

    pub(crate) fn clear(data_dir: &Path) {
        // A trace that stays is harmless: the next start writes its own.
        let _ = std::fs::remove_file(file(data_dir));
    }
}
