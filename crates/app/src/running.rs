//! What a running application leaves in its data directory, so that commands beside it find it.

use crate::{Config, VaultKind};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the API of a running application is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    pub pid: u32,
    pub addresses: Vec<SocketAddr>,
    /// An earlier version did not tell.
    #[serde(default)]
    pub stores: Stores,
}

/// Where a running application keeps what it has; no secret in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// `disk`, or the address of a Redis.
    pub sessions: String,
    /// `sqlite`, or the address of a Postgres.
    pub database: String,
    /// `keychain`, `key_file`, `sealed_file` or `sealed_table`.
    pub vault: String,
}

impl Stores {
    pub(crate) fn of(config: &Config, vault: VaultKind) -> Self {
        Stores { sessions: config.sessions.described(), database: config.database.described(), vault: vault.word().to_owned() }
    }
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

    /// Whether that process still is there, where the system can tell. Its number may have gone to another one since.
    #[cfg(unix)]
    pub fn lives(&self) -> Option<bool> {
        use rustix::io::Errno;
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.pid).ok()?)?;
        match rustix::process::test_kill_process(pid) {
            Ok(()) | Err(Errno::PERM) => Some(true),
            Err(Errno::SRCH) => Some(false),
            Err(_) => None,
        }
    }

    #[cfg(not(unix))]
    pub fn lives(&self) -> Option<bool> {
        None
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

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_process_is_there_until_it_has_ended() {
        let of = |pid| Running { pid, addresses: Vec::new(), stores: Stores::default() };
        assert_eq!(of(std::process::id()).lives(), Some(true));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let gone = of(child.id());
        child.wait().unwrap();
        assert_eq!(gone.lives(), Some(false));
    }
}
