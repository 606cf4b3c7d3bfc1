//! The running application, seen from outside: processes, HTTP, events, a desktop. The tests are in `tests/`.

pub mod apps;
pub mod bench;
pub mod binaries;
pub mod chaos;
#[cfg(target_os = "linux")]
pub mod desktop;
pub mod events;
pub mod failover;
pub mod fleet;
pub mod hook;
pub mod keychain;
pub mod leaks;
pub mod loopback;
pub mod namespace;
pub mod process;
pub mod proxy;
pub mod raw;
pub mod rest;
pub mod tls;
pub mod tmpfs;
pub mod world;

pub use events::Events;
pub use process::{Options, Whatisup};
pub use rest::Rest;
pub use world::World;

use std::time::Duration;

/// How long a test waits for something that ought to happen at once. Generous: machines are slow and noisy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until a file is no more.
///
/// # Errors
/// When it stays.
pub async fn gone(path: &std::path::Path) -> anyhow::Result<()> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while path.exists() {
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "{} is still there", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Waits until a file contains `needle`; all of it.
///
/// # Errors
/// When it does not come.
pub async fn written(path: &std::path::Path, needle: &str) -> anyhow::Result<String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Ok(text) = std::fs::read_to_string(path)
            && text.contains(needle)
        {
            return Ok(text);
        }
        anyhow::ensure!(tokio::time::Instant::now() < deadline, "{} does not say {needle:?}", path.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// All files under a directory that have something in them to read: a socket has not.
///
/// # Errors
/// When it cannot be read.
pub fn files(directory: &std::path::Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if path.is_file() {
            found.push(path);
        }
    }
    Ok(found)
}
