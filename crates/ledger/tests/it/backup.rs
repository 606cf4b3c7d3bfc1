use crate::ground::{self, KEY, all_events, assert_no_hole, inbound, ledger, t, text};
use ledger::{Ledger, LedgerError, OpenError, OpenOptions};
use std::fs;

#[tokio::test]
async fn a_backup_made_while_it_is_written_to_is_one_moment_of_the_ledger() {
    let (dir, ledger, id) = ledger().await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("ledger.db");
    let writing = {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            for n in 0..200u128 {
                ledger.insert_inbound(vec![inbound(id, n, &format!("W{n}"), text("secret words"))], t(2)).await.unwrap();
            }
        })
    };
    let before = *ledger.tip().borrow();
    ledger.backup_into(&path).await.unwrap();
    let after = *ledger.tip().borrow();
    writing.await.unwrap();

    let bytes = fs::read(&path).unwrap();
    assert!(!bytes.starts_with(b"SQLite format 3") && !bytes.windows(12).any(|w| w == b"secret words"), "it is encrypted");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions()) & 0o777, 0o600);
    let wrong = Ledger::open(place.path(), &[8; 32], OpenOptions::default()).await.err();
    assert!(matches!(wrong, Some(OpenError::WrongKey)), "{wrong:?}");
    let copy = Ledger::open(place.path(), &KEY, OpenOptions::default()).await.unwrap();
    assert_no_hole(&copy).await;
    let events = all_events(&copy).await.len() as u64;
    assert!((before..=after).contains(&events), "{before} {events} {after}");
    copy.insert_inbound(vec![inbound(id, 9999, "ON", text("it goes on"))], t(3)).await.unwrap();
    copy.close().await;

    let there = fs::read(&path).unwrap();
    assert!(matches!(ledger.backup_into(&path).await, Err(LedgerError::Io(_))), "what is there is not touched");
    assert_eq!(fs::read(&path).unwrap(), there);
    assert_eq!(ground::kinds(&ledger).await.len(), 201);
    ledger.close().await;
    let late = place.path().join("late.db");
    assert_eq!(ledger.backup_into(&late).await, Err(LedgerError::Closed));
    assert!(!late.exists() && dir.path().exists());
}
