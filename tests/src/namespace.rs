//! Tests that need what only root may do.

use anyhow::{Context, Result, ensure};
use std::os::unix::fs::MetadataExt;
use std::process::Command;

/// Whether this process may go on as root with mounts. Where it is not root, the named test runs again as root of a user
/// and mount namespace of its own, and its outcome there is the outcome here: the caller has nothing left to do.
///
/// # Errors
/// When the machine permits no such namespace, or the test failed in it.
pub fn root_or_again(test: &str) -> Result<bool> {
    // Owned by whom we run as, in the namespace that we run in.
    if std::fs::metadata("/proc/self")?.uid() == 0 {
        return Ok(true);
    }
    let namespace = ["--user", "--map-root-user", "--mount"];
    let may = Command::new("unshare").args(namespace).arg("true").output().context("unshare is needed: scripts/setup test")?;
    let why = String::from_utf8_lossy(&may.stderr);
    ensure!(may.status.success(), "this test needs root, or a machine that permits user namespaces: {why}");
    let me = std::env::current_exe()?;
    let again = Command::new("unshare").args(namespace).arg(me).args(["--exact", test, "--nocapture"]).output()?;
    let said = String::from_utf8_lossy(&again.stdout);
    ensure!(again.status.success(), "{test} failed in its namespace:\n{said}{}", String::from_utf8_lossy(&again.stderr));
    ensure!(said.contains("1 passed"), "{test} did not run in its namespace:\n{said}");
    Ok(false)
}
