//! Where the servers' programs are, and as whom they run.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// A program on the PATH.
pub fn on_path(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: run `scripts/setup test`, or `apt-get install {package}`"))
}

/// A program of PostgreSQL. Debian keeps those of the server out of the PATH, one folder per version, and puts slow wrappers
/// for the others there; so that folder is looked at first, the newest version before others.
pub fn of_postgres(name: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path());
    let number = |path: &Path| path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse::<u32>().ok());
    let mut versions: Vec<_> = versions.filter_map(|path| Some((number(&path)?, path.join("bin").join(name)))).collect();
    versions.sort();
    let newest = versions.into_iter().rev().map(|(_, program)| program).find(|program| program.is_file());
    newest.unwrap_or_else(|| on_path(name, "postgresql"))
}

/// Somebody who may run PostgreSQL, which refuses to be root: `None` is ourselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// `None` unless we are root; then `postgres`, or `nobody` where that does not exist.
    pub fn without_power() -> Option<Account> {
        if !rustix::process::geteuid().is_root() {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").expect("a system with users lists them");
        let named = ["postgres", "nobody"].iter().find_map(|name| Account::of(&accounts, name));
        Some(named.expect("a system without `postgres` has `nobody`"))
    }

    fn of(accounts: &str, name: &str) -> Option<Account> {
        let line = accounts.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some(Account { uid: numbers.next()?.parse().ok()?, gid: numbers.next()?.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_read_from_the_systems_list() {
        let list = "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(Account::of(list, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(Account::of(list, "post"), None);
    }

    #[test]
    #[should_panic(expected = "apt-get install some-package")]
    fn a_missing_program_names_the_command_that_installs_it() {
        on_path("no-such-program", "some-package");
    }
}
