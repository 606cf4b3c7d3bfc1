//! A server's own directory, and what remains when the test process is killed: a small shell that waits for our end, ends
//! whatever runs in that directory and removes it.

use crate::program::Account;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Reads until we are gone; then every process whose working directory is in ours. A segment of shared memory that
/// PostgreSQL could not give back is noted in its pid file.
const WATCH: &str = r#"
read -r _
for process in /proc/[0-9]*; do
  case "$(readlink "$process/cwd" 2>/dev/null)" in
    "$1"|"$1"/*) kill -9 "${process#/proc/}" 2>/dev/null ;;
  esac
done
sleep 0.2
memory=$(sed -n '7s/.* //p' "$1/data/postmaster.pid" 2>/dev/null) && [ -n "$memory" ] && ipcrm -m "$memory" 2>/dev/null
rm -rf "$1"
"#;

#[derive(Debug)]
pub struct Place {
    // Before the directory: fields are dropped in this order, and `drop` below has ended it by then.
    watch: Child,
    directory: TempDir,
}

impl Place {
    /// A new directory, which belongs to `owner`.
    pub fn new(what: &str, owner: Option<Account>) -> Place {
        // The path of a unix socket may have 107 bytes; /tmp is short.
        let directory = tempfile::Builder::new().prefix(&format!("whatisup-{what}-")).tempdir_in("/tmp");
        let directory = directory.expect("/tmp can be written");
        if let Some(Account { uid, gid }) = owner {
            chown(directory.path(), Some(uid), Some(gid)).expect("root may give away");
        }
        let mut watch = Command::new("/bin/sh");
        watch.args(["-c", WATCH, "watch"]).arg(directory.path()).current_dir("/");
        // Its own group, so that what is sent to the test's does not reach it.
        watch.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        Place { watch: watch.spawn().expect("there is a shell"), directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.watch.kill();
        let _ = self.watch.wait();
    }
}
