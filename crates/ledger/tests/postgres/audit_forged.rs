//! Whoever can write into the database, and has no key, cannot change what was noted without being found out.

use crate::access::{app, entry};
use crate::audit::fill;
use crate::ground::{Home, open, t};
use crate::news::hears;
use crate::shared::two;
use ledger::{AccessWrite, AuditHash, Broken, Ledger, News, audit_hash};

async fn broken(ledger: &Ledger) -> Option<Broken> {
    ledger.verify_audit().await.unwrap().err()
}

#[tokio::test]
async fn an_entry_that_was_changed_taken_out_or_put_in_is_found() {
    let home = Home::new();
    let ledger = open(home.path()).await;
    fill(&ledger, 0, 1500).await;
    assert_eq!(broken(&ledger).await, None);
    for (change, undo, at) in [
        ("UPDATE audit SET action = 'nothing' WHERE seq = 1200", "UPDATE audit SET action = 'did.1199' WHERE seq = 1200", 1200),
        ("UPDATE audit SET at = at + 1 WHERE seq = 3", "UPDATE audit SET at = at - 1 WHERE seq = 3", 3),
        ("UPDATE audit SET uid = 0 WHERE seq = 1", "UPDATE audit SET uid = 1000 WHERE seq = 1", 1),
        ("UPDATE audit SET outcome = 'gone' WHERE seq = 9", "UPDATE audit SET outcome = 'done' WHERE seq = 9", 9),
        (
            "CREATE TABLE aside AS SELECT * FROM audit WHERE seq = 700; DELETE FROM audit WHERE seq = 700",
            "INSERT INTO audit SELECT * FROM aside; DROP TABLE aside",
            700,
        ),
        (
            "CREATE TABLE aside AS SELECT * FROM audit WHERE seq > 1490; DELETE FROM audit WHERE seq > 1490",
            "INSERT INTO audit SELECT * FROM aside; DROP TABLE aside",
            1491,
        ),
        (
            "CREATE TABLE aside AS SELECT * FROM audit WHERE seq < 5; DELETE FROM audit WHERE seq < 5",
            "INSERT INTO audit SELECT * FROM aside; DROP TABLE aside",
            1,
        ),
        (
            "INSERT INTO audit SELECT 1501, at, actor, via, app_id, key_id, app_name, door, address, pid, program, uid, action, target, \
          outcome, detail, hash, hash FROM audit WHERE seq = 1500",
            "DELETE FROM audit WHERE seq = 1501",
            1501,
        ),
    ] {
        home.psql(change);
        assert_eq!(broken(&ledger).await, Some(Broken { at }), "{change}");
        home.psql(undo);
        assert_eq!(broken(&ledger).await, None, "{undo}");
    }
    ledger.close().await;
}

#[tokio::test]
async fn a_chain_that_was_made_anew_without_the_key_is_found() {
    let home = Home::new();
    let ledger = open(home.path()).await;
    fill(&ledger, 0, 3).await;
    let last = ledger.verify_audit().await.unwrap().unwrap();
    // The last entry says something else, and its hash is right.
    let query = ledger::AuditQuery { after: Some(2), limit: 1, ..Default::default() };
    let was = ledger.audit_page(&query).await.unwrap().entries.remove(0);
    let forged = was.canonical.replace("did.2", "did.x");
    let hash: AuditHash = audit_hash(&forged);
    assert_ne!(hash, last.hash);
    home.psql(&format!("UPDATE audit SET action = 'did.x', hash = '{hash}' WHERE seq = 3"));
    assert_eq!(broken(&ledger).await, Some(Broken { at: 3 }), "the end of the chain is sealed");
    home.psql(&format!("UPDATE audit SET action = 'did.2', hash = '{}' WHERE seq = 3", last.hash));
    assert_eq!(broken(&ledger).await, None);
    // A log with nothing in it is nobody's either, nor is a head of one's own.
    home.psql("CREATE TABLE aside AS SELECT * FROM audit_head; DELETE FROM audit_head");
    assert_eq!(broken(&ledger).await, Some(Broken { at: 1 }));
    home.psql("INSERT INTO audit_head VALUES ('head', '{\"seq\":3}')");
    assert!(matches!(ledger.verify_audit().await, Err(ledger::LedgerError::Damaged(_))));
    home.psql("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM aside");
    assert_eq!(broken(&ledger).await, None);
    ledger.close().await;
}

#[tokio::test]
async fn two_processes_write_one_chain_and_hear_of_each_others_apps() {
    let (_home, a, b, _) = two().await;
    let writes = (0..30).flat_map(|n| [fill(&a, n, 2), fill(&b, n, 2)]);
    futures::future::join_all(writes).await;
    for ledger in [&a, &b] {
        assert_eq!(ledger.verify_audit().await.unwrap().unwrap().entries, 120);
    }
    let mut news = b.news();
    a.change_access(vec![AccessWrite::NewApp(app(1))], vec![entry("app.make")], vec![], t(1)).await.unwrap();
    hears(&mut news, &News::Access).await;
    assert_eq!(b.apps().await.unwrap(), [app(1)]);
    // What one has seen the other cannot have changed unseen.
    let narrowed = domain::App { permits: domain::Permits::default(), ..app(1) };
    b.change_access(vec![AccessWrite::App { was: app(1), now: narrowed }], vec![], vec![], t(2)).await.unwrap();
    let stale = a.change_access(vec![AccessWrite::App { was: app(1), now: app(1) }], vec![], vec![], t(2)).await;
    assert_eq!(stale, Err(ledger::LedgerError::Changed));
    a.close().await;
    b.close().await;
}
