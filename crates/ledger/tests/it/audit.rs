//! The audit log: only added to, each entry bound to the one before it, forgotten from the oldest on.

use crate::access::{app, entry, key, peer};
use crate::ground::{Home, ledger, open, t};
use domain::{Actor, AuditEntry, Outcome, Peer};
use ledger::{AuditHash, AuditQuery, Audited, Ledger, audit_hash};

pub async fn fill(ledger: &Ledger, from: i64, count: i64) {
    let entries = (from..from + count).map(|n| (t(n), entry(&format!("did.{n}")))).collect();
    ledger.append_audit(entries).await.unwrap();
}

async fn all(ledger: &Ledger) -> Vec<Audited> {
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let query = AuditQuery { after: Some(after), limit: 7, ..AuditQuery::default() };
        let page = ledger.audit_page(&query).await.unwrap();
        all.extend(page.entries);
        match page.next {
            Some(next) => after = next,
            None => return all,
        }
    }
}

fn actions(entries: &[Audited]) -> Vec<&str> {
    entries.iter().map(|e| e.entry.action.as_str()).collect()
}

#[tokio::test]
async fn everybody_who_does_something_is_noted_as_he_was() {
    let (home, ledger, _) = ledger().await;
    let actors = [
        Actor::Admin,
        Actor::Person { via: domain::Via::Cli },
        Actor::App { app: app(1).id, key: Some(key(1, 1).id), name: "Desk \u{1} \u{0} „assistant“\n".into() },
        Actor::App { app: app(1).id, key: None, name: String::new() },
        Actor::Itself,
        Actor::Nobody,
    ];
    let peers = [Some(peer()), Some(Peer { address: Some("127.0.0.1".into()), program: None, ..peer() }), None];
    let mut given = Vec::new();
    for (n, actor) in actors.into_iter().enumerate() {
        let entry = AuditEntry {
            actor,
            peer: peers[n % 3].clone(),
            target: (n % 2 == 0).then(|| format!("msg_{n}")),
            outcome: Outcome::ALL[n % 3],
            detail: (n % 2 == 1).then(|| "{\"status\":403}\t\\ \"".into()),
            ..entry("POST /v1/channels/{id}/messages")
        };
        given.push((t(i64::try_from(n).unwrap()), entry));
    }
    assert_eq!(ledger.append_audit(given.clone()).await.unwrap(), 6);
    ledger.close().await;
    let ledger = open(home.path()).await;
    let kept = all(&ledger).await;
    assert_eq!(kept.iter().map(|e| (e.at, e.entry.clone())).collect::<Vec<_>>(), given);
    assert_eq!(kept.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=6).collect::<Vec<_>>());

    // The chain, as anybody can follow it.
    let mut before = AuditHash::NONE;
    for entry in &kept {
        assert_eq!(entry.prev_hash, before);
        assert_eq!(entry.hash, audit_hash(&entry.canonical));
        assert!(
            entry
                .canonical
                .starts_with(&format!(r#"{{"format":"whatisup-audit-1","prev_hash":"{before}","seq":{},"#, entry.seq))
        );
        before = entry.hash;
    }
    let verified = ledger.verify_audit().await.unwrap().unwrap();
    assert_eq!((verified.entries, verified.first, verified.hash), (6, 1, before));
    ledger.close().await;
}

#[tokio::test]
async fn the_form_that_is_hashed_never_changes() {
    let (_home, ledger, _) = ledger().await;
    let actor = Actor::App { app: app(1).id, key: Some(key(1, 1).id), name: "Desk".into() };
    ledger.append_audit(vec![(t(1), AuditEntry { actor, ..entry("app.make") })]).await.unwrap();
    let first = all(&ledger).await.remove(0);
    insta::assert_snapshot!(first.canonical, @r#"{"format":"whatisup-audit-1","prev_hash":"0000000000000000000000000000000000000000000000000000000000000000","seq":1,"at":1700000001000,"actor":"app","via":null,"app_id":"app_01hf7yat000000000000000001","key_id":"key_01hf7yatz80000000000000001","app_name":"Desk","door":"unix","address":null,"pid":77,"program":"/opt/desk/assistant","uid":1000,"action":"app.make","target":"app_01hf7yat000000000000000001","outcome":"done","detail":null}"#);
    // By another program: `sha256sum`.
    insta::assert_snapshot!(first.hash, @"c111a71f01aaa917cc0d4fc82693e386987b68b6824ac7c5de5e6598bd1963c3");
    ledger.close().await;
}

#[tokio::test]
async fn an_empty_log_is_whole() {
    let (_home, ledger, _) = ledger().await;
    let verified = ledger.verify_audit().await.unwrap().unwrap();
    assert_eq!((verified.entries, verified.first, verified.hash), (0, 1, AuditHash::NONE));
    assert_eq!(ledger.audit_page(&AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap().entries, []);
    ledger.close().await;
}

#[tokio::test]
async fn pages_are_read_from_the_newest_and_filtered() {
    let (_home, ledger, _) = ledger().await;
    fill(&ledger, 0, 9).await;
    let of_app = AuditEntry {
        actor: Actor::App { app: app(1).id, key: None, name: "Desk".into() },
        target: Some("msg_1".into()),
        ..entry("GET /v1/channels")
    };
    ledger.append_audit(vec![(t(20), of_app)]).await.unwrap();
    let query = |limit| AuditQuery { limit, ..AuditQuery::default() };
    let first = ledger.audit_page(&query(4)).await.unwrap();
    assert_eq!(actions(&first.entries), ["GET /v1/channels", "did.8", "did.7", "did.6"]);
    let second = ledger.audit_page(&AuditQuery { before: first.next, ..query(100) }).await.unwrap();
    assert_eq!((second.entries.len(), second.next), (6, None));
    for (filter, expected) in [
        (AuditQuery { app: Some(app(1).id), ..query(9) }, vec!["GET /v1/channels"]),
        (AuditQuery { app: Some(app(2).id), ..query(9) }, vec![]),
        (AuditQuery { action: Some("did.3".into()), ..query(9) }, vec!["did.3"]),
        (AuditQuery { action: Some("GET *".into()), ..query(9) }, vec!["GET /v1/channels"]),
        (AuditQuery { target: Some("msg_1".into()), ..query(9) }, vec!["GET /v1/channels"]),
        (AuditQuery { since: Some(t(7)), until: Some(t(8)), ..query(9) }, vec!["did.8", "did.7"]),
    ] {
        assert_eq!(actions(&ledger.audit_page(&filter).await.unwrap().entries), expected, "{filter:?}");
    }
    ledger.close().await;
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_the_rest_still_proves_itself() {
    let (home, ledger, _) = ledger().await;
    fill(&ledger, 0, 50).await;
    assert_eq!(ledger.prune_audit(t(0), 10).await.unwrap(), ledger::Pruned { events: 0, more: false });
    assert_eq!(ledger.prune_audit(t(15), 10).await.unwrap(), ledger::Pruned { events: 10, more: true });
    assert_eq!(ledger.prune_audit(t(15), 10).await.unwrap(), ledger::Pruned { events: 5, more: false });
    let verified = ledger.verify_audit().await.unwrap().unwrap();
    assert_eq!((verified.entries, verified.first), (35, 16));
    ledger.close().await;
    let ledger = open(home.path()).await;
    fill(&ledger, 50, 1).await;
    assert_eq!(ledger.prune_audit(t(1000), 100).await.unwrap().events, 36, "all of it");
    let verified = ledger.verify_audit().await.unwrap().unwrap();
    assert_eq!((verified.entries, verified.first), (0, 52));
    fill(&ledger, 51, 3).await;
    assert_eq!(all(&ledger).await.iter().map(|e| e.seq).collect::<Vec<_>>(), [52, 53, 54], "numbers go on");
    assert_eq!(ledger.verify_audit().await.unwrap().unwrap().entries, 3);
    ledger.close().await;
}

#[tokio::test]
async fn many_who_write_at_once_make_one_chain() {
    let (home, ledger, _) = ledger().await;
    let other = Home::path(&home).to_owned();
    let writes = (0..40).map(|n| fill(&ledger, n * 10, 3));
    futures::future::join_all(writes).await;
    assert_eq!(ledger.verify_audit().await.unwrap().unwrap().entries, 120);
    // And it is read while it grows and while its oldest are forgotten.
    let grow = async {
        for n in 0..20 {
            fill(&ledger, 1000 + n, 20).await;
            ledger.prune_audit(t(n * 20), 100).await.unwrap();
        }
    };
    let check = async {
        for _ in 0..20 {
            ledger.verify_audit().await.unwrap().unwrap();
        }
    };
    Box::pin(futures::future::join(grow, check)).await;
    ledger.close().await;
    let ledger = open(&other).await;
    ledger.verify_audit().await.unwrap().unwrap();
    ledger.close().await;
}
