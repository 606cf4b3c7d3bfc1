//! The file that somebody restores from.
#![allow(clippy::unwrap_used)]

use super::archive;
use super::manifest::Manifest;
use domain::Timestamp;
use std::fs;

#[test]
fn a_backup() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("from");
    fs::create_dir_all(from.join("sessions/ch_01j5a9k3m4n5p6q7r8s9t0v1w2")).unwrap();
    for file in ["ledger.db", "choices.toml", "sessions/ch_01j5a9k3m4n5p6q7r8s9t0v1w2/auth.db"] {
        fs::write(from.join(file), file).unwrap();
    }
    let path = dir.path().join("backup.tar");
    archive::write(&path, &from, &Manifest::of(&from, Timestamp::from_secs(1_790_000_000)).unwrap()).unwrap();
    let good = fs::read(&path).unwrap();
    let outside = dir.path().join("outside");
    let into = outside.join("into");
    let words = ["../", "manifest.json", "ledger.db", "\"path\":", "\"bytes\":", "sessions/", "/auth.db", "ustar", "\0"];
    ::fuzz::target!("backup").seeds([good]).words(words).longest(16 * 1024).run(|bytes| {
        let _ = fs::remove_dir_all(&outside);
        fs::create_dir_all(&into).unwrap();
        fs::write(&path, bytes).unwrap();
        let read = archive::read(&path, &into);
        // Whatever it says, nothing is written beside the place for it.
        let beside: Vec<_> = fs::read_dir(&outside).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(beside, ["into"]);
        read.map(|manifest| manifest.files.len())
            .map_err(|error| error.to_string().chars().filter(char::is_ascii_alphabetic).take(60).collect::<String>())
    });
}
