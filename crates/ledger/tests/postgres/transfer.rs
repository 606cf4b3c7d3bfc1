//! From a file to a server and back.

use crate::ground::{
    self, Home, KEY, accept, add_channel, all_events, assert_no_hole, inbound, ledger, message_id, open, outbound, t, text,
};
use crate::{access, audit, webhooks};
use domain::{ChannelId, Fence, MessageStatus, PairingPrompt, State};
use ledger::{
    AccessWrite, AttemptOutcome, ChannelPatch, Endpoint, Idempotency, Keep, Ledger, MessageQuery, Receipt, TransferError,
    TransferProgress, Transferred, TransitionRecord, transfer,
};
use std::collections::BTreeMap;
use std::path::Path;

async fn file(dir: &Path) -> Ledger {
    Ledger::open(dir, &[9; 32], ledger::OpenOptions::default()).await.unwrap()
}

/// Something of everything.
async fn fill(ledger: &Ledger) -> ChannelId {
    let id = add_channel(ledger, 1).await;
    add_channel(ledger, 2).await;
    ledger.begin_run(t(0)).await.unwrap();
    let proxy = Some(Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap()));
    ledger.update_channel(id, ChannelPatch { name: Some("odd \0 \u{1} name".into()), proxy }, vec![], t(1)).await.unwrap();
    ledger.hold(id, Fence(7), crate::shared::worker(1), t(1)).await.unwrap();
    let prompt = PairingPrompt::Qr { code: "2@linkme".into(), expires_at: t(20) };
    let pairing = TransitionRecord {
        channel: id,
        state: State::Pairing { since: t(1), prompt, round: 1 },
        stuck_since: None,
        desired: domain::Desired::Running,
        paired: false,
        identity: None,
        events: vec![],
        at: t(1),
        fence: None,
    };
    ledger.transition(pairing).await.unwrap();
    let many = (0..1200).map(|n| inbound(id, 10_000 + n, &format!("M{n}"), text("hello \0"))).collect();
    ledger.insert_inbound(many, t(2)).await.unwrap();
    let key = Idempotency { key: "K".into(), fingerprint: [1; 32] };
    ledger.insert_outbound(outbound(id, 1, "W1"), Some(key), None).await.unwrap();
    accept(ledger, outbound(id, 2, "W2")).await;
    ledger.set_status(message_id(1), MessageStatus::Sent, t(3)).await.unwrap();
    let reaction = domain::Content::Reaction { target: "M1".into(), emoji: "👍".into() };
    let early = domain::Content::Reaction { target: "LATER".into(), emoji: "👍".into() };
    ledger.insert_inbound(vec![inbound(id, 3, "R1", reaction), inbound(id, 4, "R2", early)], t(3)).await.unwrap();
    let chat = "15550100123@s.whatsapp.net".parse().unwrap();
    let ids = vec!["UNKNOWN".into()];
    let receipt = Receipt { channel: id, chat, by: ground::ada(), whatsapp_ids: ids, status: MessageStatus::Read, at: t(3) };
    ledger.receipt(receipt).await.unwrap();
    ledger.set_setting("muted", &["stuck"]).await.unwrap();
    let hook = webhooks::add(ledger, 1, &[]).await;
    webhooks::receive(ledger, id, 50, 3).await;
    webhooks::plan(ledger).await;
    let pending = ledger.pending(hook, 9).await.unwrap();
    ledger.record_attempt(webhooks::tried(&pending[0].0, 5, AttemptOutcome::Delivered), None).await.unwrap();
    let failed = AttemptOutcome::Failed { next_attempt_at: Some(t(60)) };
    ledger.record_attempt(webhooks::tried(&pending[1].0, 6, failed), None).await.unwrap();
    ledger.prune_events(Keep { events: 1190, ..Keep::ALL }, 5).await.unwrap();
    let owner = access::let_in(ledger, 1).await;
    ledger.change_access(vec![AccessWrite::NewRequest(access::request(1))], vec![], vec![], t(4)).await.unwrap();
    let endpoint = Endpoint { app: Some(owner.id), trusted_addresses: false, ..webhooks::endpoint(7, &[], vec![]) };
    ledger.create_endpoint(endpoint).await.unwrap();
    let mut proposed = outbound(id, 5, "W5");
    proposed.outbox.app = Some(owner.id);
    ledger.accept_asking(proposed, t(5000), None, None).await.unwrap();
    audit::fill(ledger, 10, 20).await;
    ledger.prune_audit(t(15), 100).await.unwrap();
    id
}

async fn moved(from: &Ledger, to: &Ledger) -> Transferred {
    let mut seen = BTreeMap::new();
    let done = transfer(from, to, |TransferProgress { table, copied, total }| {
        assert!(copied <= total, "{table}");
        seen.insert(table, (copied, total));
    });
    let transferred = done.await.unwrap();
    assert!(seen.values().all(|(copied, total)| copied == total));
    for table in &transferred.tables {
        assert_eq!(seen[table.table].1, table.rows);
        assert!(table.rows > 0, "{} was tried", table.table);
    }
    transferred
}

/// What both tell of what they hold.
async fn assert_same(from: &Ledger, to: &Ledger, id: ChannelId) {
    assert_eq!(from.channels().await.unwrap(), to.channels().await.unwrap());
    let query = MessageQuery { limit: 1000, ..MessageQuery::default() };
    assert_eq!(from.messages(id, &query).await.unwrap(), to.messages(id, &query).await.unwrap());
    let told = |events: Vec<ledger::LoggedEvent>| {
        events.into_iter().map(|e| (e.seq, e.id, e.data.get().to_owned())).collect::<Vec<_>>()
    };
    assert_eq!(told(all_events(from).await), told(all_events(to).await));
    assert_eq!(from.timeline(id, None, 99).await.unwrap(), to.timeline(id, None, 99).await.unwrap());
    assert_eq!(from.due(id, t(100), 99).await.unwrap(), to.due(id, t(100), 99).await.unwrap());
    assert_eq!(from.oldest_seq().await.unwrap(), to.oldest_seq().await.unwrap());
    assert_eq!(from.asks(9).await.unwrap(), to.asks(9).await.unwrap());
    let (one, other) = (from.access().await.unwrap(), to.access().await.unwrap());
    assert_eq!((one.apps, one.keys, one.requests), (other.apps, other.keys, other.requests));
    assert_eq!(from.verify_audit().await.unwrap(), to.verify_audit().await.unwrap());
    to.verify_audit().await.unwrap().unwrap();
    let shown = |endpoints: Vec<ledger::Endpoint>| {
        use secrecy::ExposeSecret as _;
        let all = endpoints.into_iter();
        all.map(|e| {
            let secret = e.secrets[0].secret.expose_secret().to_owned();
            (e.id, e.url, e.headers, secret, e.failing_since, e.app, e.trusted_addresses)
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(shown(from.endpoints().await.unwrap()), shown(to.endpoints().await.unwrap()));
    assert_eq!(from.pending_counts().await.unwrap(), to.pending_counts().await.unwrap());
}

#[tokio::test]
async fn a_ledger_moves_to_a_server_and_back_and_is_the_same() {
    let (one, home, two) = (tempfile::tempdir().unwrap(), Home::new(), tempfile::tempdir().unwrap());
    let old = file(one.path()).await;
    let id = fill(&old).await;
    let server = open(home.path()).await;
    let there = moved(&old, &server).await;
    assert_same(&old, &server, id).await;
    assert_eq!(server.holders().await.unwrap()[0].1, None, "who held it does not hold it there");
    assert_eq!(server.channel(id).await.unwrap(), old.channel(id).await.unwrap());
    assert!(!home.psql("SELECT url, headers, secrets FROM endpoints").contains("k3y"));

    let back = file(two.path()).await;
    assert_eq!(moved(&server, &back).await, there, "both sides have the same hashes");
    assert_same(&server, &back, id).await;
    assert_eq!(transfer(&server, &back, |_| ()).await, Ok(there), "who did not note that it was done asks again");

    // And both go on: numbers, outbox, amendments, receipts that waited.
    for ledger in [&server, &back] {
        let next = *ledger.tip().borrow();
        let late = inbound(id, 90_001, "LATER", text("now it is here"));
        let taken = ledger.insert_inbound(vec![late], t(9)).await.unwrap();
        assert_eq!(taken[0].message().amended.reactions.len(), 1);
        assert_eq!(*ledger.tip().borrow(), next + 2);
        accept(ledger, outbound(id, 90_002, "W3")).await;
        assert_eq!(ground::names(&ledger.due(id, t(100), 9).await.unwrap()), ["W2", "W3"]);
        assert!(webhooks::plan(ledger).await > 0);
        add_channel(ledger, 77).await;
        webhooks::add(ledger, 2, &[]).await;
        ledger.begin_run(t(99)).await.unwrap();
        let noted = ledger.verify_audit().await.unwrap().unwrap().entries;
        audit::fill(ledger, 90, 3).await;
        assert_eq!(ledger.verify_audit().await.unwrap().unwrap().entries, noted + 3, "one chain over the move");
    }
    assert_eq!(transfer(&old, &back, |_| ()).await, Err(TransferError::NotEmpty), "what has lived on is not overwritten");
    for ledger in [old, server, back] {
        ledger.close().await;
    }
}

#[tokio::test]
async fn a_ledger_that_holds_something_is_not_moved_into() {
    let (home, server, _) = ledger().await;
    let dir = tempfile::tempdir().unwrap();
    let old = file(dir.path()).await;
    add_channel(&old, 5).await;
    assert_eq!(transfer(&old, &server, |_| ()).await, Err(TransferError::NotEmpty));
    assert_eq!(server.channels().await.unwrap().len(), 1);
    drop(home);
    old.close().await;
    server.close().await;
}

#[tokio::test]
async fn a_transfer_that_was_broken_off_goes_on_and_sees_what_changed_meanwhile() {
    let (dir, home) = (tempfile::tempdir().unwrap(), Home::new());
    let old = file(dir.path()).await;
    let id = fill(&old).await;
    let server = open(home.path()).await;
    for stop_at in ["timeline", "messages", "attempts"] {
        // The one who asked goes away in the middle.
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let mut stop = Some(stop);
        let moving = transfer(&old, &server, |progress| {
            if progress.table == stop_at
                && let Some(stop) = stop.take()
            {
                let _ = stop.send(());
            }
        });
        tokio::select! {
            biased;
            _ = stopped => {}
            done = moving => panic!("{done:?}"),
        }
    }
    // What was copied already changes.
    old.set_status(message_id(1), MessageStatus::Delivered, t(30)).await.unwrap();
    old.delete_channel(ground::channel(2).id, vec![], t(31)).await.unwrap();
    moved(&old, &server).await;
    assert_same(&old, &server, id).await;
    assert_eq!(server.setting::<bool>("ledger.transfer").await.unwrap(), None);
    assert_no_hole_from(&server).await;
    old.close().await;
    server.close().await;
}

async fn assert_no_hole_from(ledger: &Ledger) {
    let seqs: Vec<u64> = all_events(ledger).await.iter().map(|e| e.seq).collect();
    let first = ledger.oldest_seq().await.unwrap();
    assert_eq!(seqs, (first..first + seqs.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_empty_ledger_moves_too() {
    let (dir, home) = (tempfile::tempdir().unwrap(), Home::new());
    let (old, server) =
        (Ledger::open(dir.path(), &KEY, ledger::OpenOptions::default()).await.unwrap(), open(home.path()).await);
    assert!(transfer(&old, &server, |_| ()).await.unwrap().tables.iter().all(|table| table.rows == 0));
    add_channel(&server, 1).await;
    assert_no_hole(&server).await;
    old.close().await;
    server.close().await;
}
