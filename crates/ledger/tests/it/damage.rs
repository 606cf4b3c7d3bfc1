use crate::ground::{self, KEY, inbound, t, text};
use ledger::{Ledger, OpenError, OpenOptions, start_fresh};
use std::fs;
use std::path::{Path, PathBuf};

/// A closed ledger of some size, damaged by `harm`.
async fn damaged(harm: impl FnOnce(&mut Vec<u8>)) -> ground::Home {
    let (dir, ledger, id) = ground::ledger().await;
    for n in 0..200 {
        ledger.insert_inbound(vec![inbound(id, n, &format!("W{n}"), text(&"words ".repeat(50)))], t(2)).await.unwrap();
    }
    ledger.close().await;
    let path = dir.path().join("ledger.db");
    let mut bytes = fs::read(&path).unwrap();
    assert!(bytes.len() > 100_000);
    harm(&mut bytes);
    fs::write(&path, bytes).unwrap();
    dir
}

async fn open(dir: &Path) -> Result<Ledger, OpenError> {
    Ledger::open(dir, &KEY, OpenOptions::default()).await
}

async fn kept_copy(dir: &Path) -> PathBuf {
    match open(dir).await {
        Err(OpenError::Damaged { kept_copy: Some(copy), .. }) => copy,
        other => panic!("expected damage with a copy, got {other:?}"),
    }
}

fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[tokio::test]
async fn damage_in_the_middle_is_found_at_start_and_a_copy_is_kept() {
    let dir = damaged(|bytes| {
        let middle = bytes.len() / 2;
        bytes[middle..middle + 8192].fill(0x5a);
    })
    .await;
    let as_found = fs::read(dir.path().join("ledger.db")).unwrap();
    let copy = kept_copy(dir.path()).await;
    assert!(copy.file_name().unwrap().to_str().unwrap().starts_with("ledger.db.damaged-"), "{}", copy.display());
    assert_eq!(fs::read(&copy).unwrap(), as_found);
    assert_eq!(fs::read(dir.path().join("ledger.db")).unwrap(), as_found, "the file itself is left alone");

    let before = entries(dir.path());
    assert_eq!(kept_copy(dir.path()).await, copy, "the same damage is kept once, however often one tries");
    assert_eq!(entries(dir.path()), before);
}

#[tokio::test]
async fn damage_to_the_first_page_is_not_taken_for_a_wrong_key() {
    let dir = damaged(|bytes| bytes[..64].fill(0)).await;
    kept_copy(dir.path()).await;
}

#[tokio::test]
async fn a_file_cut_short_is_damage() {
    let dir = damaged(|bytes| bytes.truncate(bytes.len() / 2)).await;
    kept_copy(dir.path()).await;
}

#[tokio::test]
async fn a_file_that_vanished_is_not_silently_made_anew() {
    let dir = damaged(|_| ()).await;
    fs::remove_file(dir.path().join("ledger.db")).unwrap();
    for _ in 0..2 {
        assert!(matches!(open(dir.path()).await, Err(OpenError::Damaged { kept_copy: None, .. })));
    }
}

#[tokio::test]
async fn a_person_can_start_with_an_empty_ledger_and_loses_nothing_by_it() {
    let dir = damaged(|bytes| bytes[..64].fill(0)).await;
    let as_found = fs::read(dir.path().join("ledger.db")).unwrap();
    let set_aside = start_fresh(dir.path()).unwrap().unwrap();
    assert_eq!(fs::read(set_aside).unwrap(), as_found);
    let ledger = open(dir.path()).await.unwrap();
    assert_eq!(ledger.channels().await.unwrap(), []);
    assert_eq!(start_fresh(&dir.path().join("elsewhere")).unwrap(), None);
    ledger.close().await;
}

#[tokio::test]
async fn a_sound_file_opens_thoroughly_checked() {
    let dir = damaged(|_| ()).await;
    let ledger = Ledger::open(dir.path(), &KEY, OpenOptions { check: ledger::Check::Thorough }).await.unwrap();
    assert_eq!(ledger.stats().await.unwrap().messages, 200);
    ledger.close().await;
}

#[tokio::test]
async fn damage_that_happens_while_running_is_told_as_such() {
    let (dir, ledger, id) = ground::ledger().await;
    for n in 0..300 {
        ledger.insert_inbound(vec![inbound(id, n, &format!("W{n}"), text(&"words ".repeat(600)))], t(2)).await.unwrap();
    }
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    let path = dir.path().join("ledger.db");
    let mut bytes = fs::read(&path).unwrap();
    let (begin, end) = (bytes.len() / 4, bytes.len() - 4096);
    bytes[begin..end].fill(0x5a);
    fs::write(&path, bytes).unwrap();
    let mut told = None;
    let query = |after| ledger::EventQuery { after, limit: 20, ..ledger::EventQuery::default() };
    for after in (0..300).step_by(20) {
        if let Err(e) = ledger.events(&query(after)).await {
            told = Some(e);
        }
    }
    assert!(matches!(told, Some(ledger::LedgerError::Damaged(_))), "{told:?}");
    ledger.close().await;
}
