//! Runs one test of this binary as a process of its own, to be killed or shut into a small disk.

use std::path::Path;
use std::process::Command;

pub const DIR: &str = "LEDGER_TEST_DIR";

/// The command that runs the ignored test `name` in `dir`.
pub fn of(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments(name)).env(DIR, dir);
    command
}

pub fn arguments(name: &str) -> [String; 5] {
    [name.to_owned(), "--exact".into(), "--ignored".into(), "--nocapture".into(), "--test-threads=1".into()]
}

/// Within the child: its directory. `None` when somebody runs all ignored tests.
pub fn dir() -> Option<std::path::PathBuf> {
    std::env::var_os(DIR).map(Into::into)
}
