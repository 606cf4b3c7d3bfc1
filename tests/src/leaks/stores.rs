//! What the servers have on their disks of what they were given.

use super::{Kind, complain, folder};
use std::fs;
use std::io;
use std::path::Path;

/// A server that other people may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Redis,
    Postgres,
}

impl Store {
    pub(super) const ALL: [Store; 2] = [Store::Redis, Store::Postgres];

    pub fn word(self) -> &'static str {
        match self {
            Store::Redis => "redis",
            Store::Postgres => "postgres",
        }
    }

    /// In Postgres the text of messages is readable to those who run it, and docs/security.md says so. Nothing else is, anywhere.
    pub(super) fn may_have(self, kind: Kind) -> bool {
        self == Store::Postgres && kind == Kind::Text
    }
}

/// Keeps a copy of what a server has in its directory, whether it runs or not.
pub fn keep_store(store: Store, directory: &Path) {
    if let Some(folder) = folder() {
        complain("what a server has", keep_store_in(&folder, store, directory));
    }
}

/// The same, in a given folder.
///
/// # Errors
/// When something cannot be copied.
pub fn keep_store_in(folder: &Path, store: Store, directory: &Path) -> io::Result<()> {
    let kept = folder.join(store.word());
    fs::create_dir_all(&kept)?;
    let to = tempfile::Builder::new().prefix("of-").tempdir_in(kept)?.keep();
    for path in crate::files(directory).map_err(io::Error::other)? {
        let place = path.strip_prefix(directory).unwrap_or(&path);
        if store == Store::Postgres && !is_given(place) {
            continue;
        }
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes?,
        };
        // Room that nothing was written to yet.
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if written > 0 {
            let name: Vec<_> = place.iter().map(|part| part.to_string_lossy()).collect();
            fs::write(to.join(name.join("-")), &bytes[..written])?;
        }
    }
    Ok(())
}

/// Tables and indices of databases that were made (`data/base/16384/16390`), the log of changes, and what the server has printed.
/// The rest, by far the most, is the same in every new server.
fn is_given(place: &Path) -> bool {
    /// The first number that is not PostgreSQL's own.
    const FIRST: u32 = 16_384;
    let parts: Vec<_> = place.iter().map(|part| part.to_string_lossy()).collect();
    let number = |text: &str| text.split(['.', '_']).next().and_then(|number| number.parse::<u32>().ok());
    match parts.iter().map(AsRef::as_ref).collect::<Vec<&str>>()[..] {
        ["log"] | ["data", "pg_wal", ..] => true,
        ["data", "base", database, file] => [database, file].iter().all(|part| number(part).is_some_and(|n| n >= FIRST)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_to_postgres_is_kept_and_what_it_brings_along_is_not() {
        let kept = |place: &str| is_given(Path::new(place));
        assert!(kept("log") && kept("data/pg_wal/000000010000000000000001"));
        assert!(kept("data/base/16384/16390") && kept("data/base/16384/16390.1") && kept("data/base/16384/16390_fsm"));
        assert!(!kept("data/base/5/16390") && !kept("data/base/16384/1259") && !kept("data/postgresql.conf"));
    }
}
