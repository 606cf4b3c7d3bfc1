#![allow(clippy::unwrap_used)]

use super::*;
use tempfile::TempDir;

/// Some files of a data directory, with what does not belong into a backup among them.
fn example() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let channel = ChannelId::new(domain::Timestamp::EPOCH, 1);
    for (name, bytes) in [
        (INSTALLATION, b"an id\n".to_vec()),
        (LEDGER, (0..20_000_u32).map(|n| (n % 251) as u8).collect()),
        ("ledger.db-wal", b"not this".to_vec()),
        (&auth_state(channel), vec![7; 700]),
        (&format!("sessions/{channel}/auth.db-shm"), b"nor this".to_vec()),
    ] {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn contents(dir: &Path) -> Vec<(String, Vec<u8>)> {
    files(dir).unwrap().into_iter().map(|path| (path.clone(), fs::read(dir.join(path)).unwrap())).collect()
}

/// An archive of the example, and what it should give back.
fn packed(dir: &TempDir) -> (PathBuf, Vec<(String, Vec<u8>)>) {
    let source = example();
    let path = dir.path().join("backup.tar");
    let manifest = Manifest::of(source.path(), domain::Timestamp::EPOCH).unwrap();
    let bytes = write(&path, source.path(), &manifest).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().len(), bytes);
    (path, contents(source.path()))
}

fn unpacked(path: &Path) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let into = tempfile::tempdir().unwrap();
    read(path, into.path())?;
    Ok(contents(into.path()))
}

#[test]
fn what_was_packed_comes_out_again_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let (path, expected) = packed(&dir);
    assert_eq!(expected.len(), 3, "the companions of open databases are no part of a backup");
    assert_eq!(unpacked(&path).unwrap(), expected);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn wherever_it_is_cut_it_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (path, expected) = packed(&dir);
    let whole = fs::read(&path).unwrap();
    // The end of a tar archive is a kilobyte and more of zeros, which nobody misses.
    let needed = whole.iter().rposition(|byte| *byte != 0).unwrap();
    for length in (0..needed).step_by(97).chain([needed]) {
        fs::write(&path, &whole[..length]).unwrap();
        match unpacked(&path) {
            Err(ArchiveError::CutShort(_) | ArchiveError::Manifest(_)) => {}
            Err(other) => panic!("cut at {length}: {other}"),
            Ok(_) => panic!("cut at {length} it was taken"),
        }
    }
    fs::write(&path, &whole[..=needed.next_multiple_of(512)]).unwrap();
    assert_eq!(unpacked(&path).unwrap(), expected);
}

#[test]
fn a_changed_byte_is_found_or_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (path, expected) = packed(&dir);
    let whole = fs::read(&path).unwrap();
    let (mut found, mut tried) = (0, 0);
    for at in (0..whole.len()).step_by(131) {
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        fs::write(&path, changed).unwrap();
        tried += 1;
        match unpacked(&path) {
            Err(_) => found += 1,
            Ok(files) => assert_eq!(files, expected, "a change at {at} went unseen"),
        }
    }
    assert!(found > tried / 2, "only {found} of {tried} changes were seen");
}

#[test]
fn more_than_the_manifest_says_is_refused() {
    let (dir, source) = (tempfile::tempdir().unwrap(), example());
    let path = dir.path().join("backup.tar");
    let mut manifest = Manifest::of(source.path(), domain::Timestamp::EPOCH).unwrap();
    let whole = manifest.clone();
    manifest.files.pop();
    let text = serde_json::to_vec(&manifest).unwrap();
    let mut archive = tar::Builder::new(File::create(&path).unwrap());
    archive.append_data(&mut header(text.len() as u64), MANIFEST, text.as_slice()).unwrap();
    for kept in &whole.files {
        archive.append_data(&mut header(kept.bytes), &kept.path, File::open(source.path().join(&kept.path)).unwrap()).unwrap();
    }
    archive.into_inner().unwrap();
    assert!(matches!(unpacked(&path), Err(ArchiveError::Damaged(_))));
}

#[test]
fn something_else_is_no_backup() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a picture");
    for bytes in [&b""[..], b"GIF89a", &[0; 4096], &[b'x'; 4096]] {
        fs::write(&path, bytes).unwrap();
        assert!(matches!(unpacked(&path), Err(ArchiveError::Manifest(ManifestError::NoBackup(_)))));
    }
}

#[test]
fn a_file_that_is_there_is_not_overwritten() {
    let (dir, source) = (tempfile::tempdir().unwrap(), example());
    let path = dir.path().join("backup.tar");
    fs::write(&path, "precious").unwrap();
    let manifest = Manifest::of(source.path(), domain::Timestamp::EPOCH).unwrap();
    write(&path, source.path(), &manifest).unwrap_err();
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}
