//! Files of every released schema still open. `cargo test -p ledger -- --ignored writes_the_fixture` makes the one of today, once
//! per schema; it is never made anew afterwards.

use crate::ground::{self, KEY, ada, add_channel, all_events, inbound, open, outbound, t, text};
use crate::{access, schema_3};
use domain::{
    Cause, Content, Desired, Event, FailReason, Identity, MessageStatus, PairingMethod, PairingPrompt, Reason, State,
};
use ledger::{Keep, MessageQuery, Receipt, TransitionRecord};
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/schema-{version}.db"))
}

#[tokio::test]
#[ignore = "makes the fixture of a new schema, once"]
async fn writes_the_fixture_of_schema_1() {
    let path = fixture(1);
    if path.exists() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    ledger.begin_run(t(0)).await.unwrap();
    let id = add_channel(&ledger, 1).await;
    add_channel(&ledger, 2).await;
    let identity = Identity { phone: Some("15550100199".parse().unwrap()), lid: None, push_name: Some("Desk".into()) };
    let mut view = ground::channel(1);
    view.state = State::Reconnecting { since: t(10), attempt: 2, next_attempt_at: Some(t(12)), cause: Cause::NoAnswer };
    let record = TransitionRecord {
        channel: id,
        state: view.state.clone(),
        stuck_since: None,
        desired: Desired::Running,
        paired: true,
        identity: Some(identity),
        events: vec![Event::ChannelReconnecting { channel: view, cause: Cause::NoAnswer }],
        at: t(10),
        fence: None,
    };
    ledger.transition(record).await.unwrap();
    ledger
        .insert_inbound(vec![inbound(id, 1, "A", text("hi")), inbound(id, 2, "B", Content::Undecryptable)], t(11))
        .await
        .unwrap();
    ledger.insert_outbound(outbound(id, 3, "C"), None, None).await.unwrap();
    ledger.insert_outbound(outbound(id, 4, "D"), None, None).await.unwrap();
    ledger.set_status(domain::MessageId::new(t(1), 3), MessageStatus::Sent, t(12)).await.unwrap();
    let receipt = Receipt {
        channel: id,
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        by: ada(),
        whatsapp_ids: vec!["UNKNOWN".into()],
        status: MessageStatus::Read,
        at: t(13),
    };
    ledger.receipt(receipt).await.unwrap();
    ledger.set_setting("muted", &["stuck"]).await.unwrap();
    ledger.close().await;
    fs::copy(dir.path().join("ledger.db"), path).unwrap();
}

/// The same schema once more, with what the first fixture lacks: channels in every kind of state, and messages in every status.
#[tokio::test]
#[ignore = "makes the fuller fixture of schema 1, once"]
async fn writes_the_fuller_fixture_of_schema_1() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledger-v1.db");
    if path.exists() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    ledger.begin_run(t(0)).await.unwrap();
    for (n, state) in states().into_iter().enumerate() {
        let id = add_channel(&ledger, n as u128 + 1).await;
        let mut view = ground::channel(n as u128 + 1);
        view.state = state.clone();
        let stuck_since = matches!(state, State::Reconnecting { .. }).then_some(t(40));
        let record = TransitionRecord {
            channel: id,
            state,
            stuck_since,
            desired: Desired::Running,
            paired: n > 1,
            identity: (n > 1).then(|| Identity {
                phone: Some("15550100199".parse().unwrap()),
                lid: None,
                push_name: Some("Desk".into()),
            }),
            events: vec![Event::ChannelUpdated { channel: view }],
            at: t(40),
            fence: None,
        };
        ledger.transition(record).await.unwrap();
    }
    let proxy = ledger::ChannelPatch {
        name: Some("Behind a proxy".into()),
        proxy: Some(Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap())),
    };
    ledger.update_channel(ground::channel(1).id, proxy, vec![], t(41)).await.unwrap();

    let id = ground::channel(3).id;
    let unsupported = Content::Unsupported { kind: "imageMessage".into() };
    let from_phone = domain::Message { from_me: true, ..inbound(id, 4, "I4", text("from my phone")) };
    let came = vec![
        inbound(id, 1, "I1", text("hi")),
        inbound(id, 2, "I2", Content::Undecryptable),
        inbound(id, 3, "I3", unsupported),
        from_phone,
    ];
    ledger.insert_inbound(came, t(42)).await.unwrap();
    for (n, status) in outbound_statuses().into_iter().enumerate() {
        let n = n as u128 + 101;
        ledger.insert_outbound(outbound(id, n, &format!("O{n}")), None, None).await.unwrap();
        if status != MessageStatus::Queued {
            ledger.set_status(domain::MessageId::new(t(1), n), status, t(43)).await.unwrap();
        }
    }
    for (status, whatsapp_id) in
        [(MessageStatus::Delivered, "LATER1"), (MessageStatus::Read, "LATER1"), (MessageStatus::Played, "LATER2")]
    {
        let chat = "15550100123@s.whatsapp.net".parse().unwrap();
        let receipt = Receipt { channel: id, chat, by: ada(), whatsapp_ids: vec![whatsapp_id.into()], status, at: t(44) };
        ledger.receipt(receipt).await.unwrap();
    }
    ledger.set_setting("muted", &["stuck"]).await.unwrap();
    ledger.close().await;
    fs::copy(dir.path().join("ledger.db"), path).unwrap();
}

#[tokio::test]
#[ignore = "makes the fixture of schema 3, once"]
async fn writes_the_fixture_of_schema_3() {
    let path = fixture(3);
    if path.exists() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ledger = open(dir.path()).await;
    schema_3::fill(&ledger).await;
    ledger.close().await;
    fs::copy(dir.path().join("ledger.db"), path).unwrap();
}

#[tokio::test]
async fn a_full_file_of_schema_3_goes_on_under_the_newest_schema() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixture(3), dir.path().join("ledger.db")).unwrap();
    let ledger = open(dir.path()).await;
    schema_3::assert_all_there(&ledger).await;
    let let_in = access::let_in(&ledger, 1).await;
    ledger.close().await;
    let ledger = open(dir.path()).await;
    assert_eq!(ledger.apps().await.unwrap(), [let_in], "and again at the second start");
    ledger.close().await;
}

/// One of each kind.
fn states() -> Vec<State> {
    let waiting = PairingPrompt::Waiting { method: PairingMethod::Qr, setback: None };
    vec![
        State::Disconnected { since: t(30), reason: Reason::Banned { until: t(9000) } },
        State::Pairing { since: t(30), prompt: waiting, round: 2 },
        State::Connected { since: t(30), identity: Identity::default() },
        State::Reconnecting { since: t(30), attempt: 7, next_attempt_at: Some(t(90)), cause: Cause::ServiceUnavailable },
        State::Disconnected { since: t(30), reason: Reason::Unlinked },
    ]
}

fn outbound_statuses() -> Vec<MessageStatus> {
    vec![
        MessageStatus::Queued,
        MessageStatus::Sending,
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
        MessageStatus::Played,
        MessageStatus::Failed(FailReason::Refused(463)),
        MessageStatus::Failed(FailReason::NoSuchRecipient),
        MessageStatus::Failed(FailReason::SessionEnded),
        MessageStatus::Failed(FailReason::Internal),
        MessageStatus::Queued,
    ]
}

#[tokio::test]
async fn a_file_of_schema_1_opens_with_all_that_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    fs::copy(fixture(1), dir.path().join("ledger.db")).unwrap();
    let ledger = ledger::Ledger::open(dir.path(), &KEY, ledger::OpenOptions::default()).await.unwrap();

    let channels = ledger.channels().await.unwrap();
    assert_eq!(channels.len(), 2);
    let channel = &channels[0];
    let state = State::Reconnecting { since: t(10), attempt: 2, next_attempt_at: Some(t(12)), cause: Cause::NoAnswer };
    assert_eq!(
        (channel.name.as_str(), &channel.state, channel.desired, channel.paired),
        ("Front desk 1", &state, Desired::Running, true)
    );
    assert_eq!(ledger.timeline(channel.id, None, 10).await.unwrap().len(), 2);
    let messages = ledger.messages(channel.id, &MessageQuery { limit: 10, ..MessageQuery::default() }).await.unwrap().messages;
    let told: Vec<_> = messages.iter().map(|m| (m.whatsapp_id.as_str(), m.status, m.content.kind())).collect();
    assert_eq!(
        told,
        [
            ("D", MessageStatus::Queued, "text"),
            ("C", MessageStatus::Sent, "text"),
            ("B", MessageStatus::Received, "undecryptable"),
            ("A", MessageStatus::Received, "text")
        ]
    );
    assert_eq!(ground::first_due(&ledger, channel.id).await.unwrap().whatsapp_id, "D");
    assert_eq!(ledger.setting::<Vec<String>>("muted").await.unwrap(), Some(vec!["stuck".into()]));
    let events = all_events(&ledger).await;
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=9).collect::<Vec<_>>());
    assert_eq!(events[8].kind, "receipt.unmatched");

    // And it can be written on.
    let sent = inbound(channel.id, 9, "UNKNOWN", text("from my phone"));
    let taken = ledger.insert_inbound(vec![domain::Message { from_me: true, ..sent }], t(20)).await.unwrap();
    assert_eq!(taken[0].message().status, MessageStatus::Read, "the receipt that waited in the old file is joined");
    ground::assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[tokio::test]
async fn a_full_file_of_schema_1_goes_on_under_the_newest_schema() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ledger-v1.db");
    fs::copy(fixture, dir.path().join("ledger.db")).unwrap();
    let ledger = open(dir.path()).await;

    let channels = ledger.channels().await.unwrap();
    assert_eq!(channels.iter().map(|c| c.state.clone()).collect::<Vec<_>>(), states());
    assert_eq!(channels[0].proxy, Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap()));
    let id = channels[2].id;
    let all = ledger.messages(id, &MessageQuery { limit: 100, ..MessageQuery::default() }).await.unwrap().messages;
    let statuses: Vec<_> = all.iter().rev().skip(4).map(|m| m.status).collect();
    assert_eq!(statuses, outbound_statuses());
    assert!(all.iter().all(|m| m.outbox == domain::OutboxNote::default() && m.amended == domain::Amended::default()));

    // What had not left is due in its old order, and what had failed can be tried anew.
    let due = ledger.due(id, t(50), 100).await.unwrap();
    assert_eq!(ground::names(&due), ["O101", "O102", "O111"]);
    let wedged = ground::message_id(109);
    assert!(ledger.retry(wedged, t(50)).await.unwrap().is_some());
    ground::accept(&ledger, outbound(id, 900, "NEW")).await;
    assert_eq!(ground::names(&ledger.due(id, t(51), 100).await.unwrap()), ["O101", "O102", "O111", "O109", "NEW"]);
    let counts = ledger.outbox_counts(None, t(51)).await.unwrap();
    assert_eq!((counts.queued, counts.sending, counts.failed), (4, 1, 3));

    // Receipts that waited, events, charts.
    let taken = ledger
        .insert_inbound(vec![domain::Message { from_me: true, ..inbound(id, 901, "LATER2", text("x")) }], t(52))
        .await
        .unwrap();
    assert_eq!(taken[0].message().status, MessageStatus::Played);
    ground::assert_no_hole(&ledger).await;
    let counts = ledger.message_counts(t(0), 3_600_000).await.unwrap();
    assert_eq!(counts.iter().map(|c| (c.sent, c.received, c.failed)).collect::<Vec<_>>(), [(1, 5, 4)]);
    let bytes: u64 = all_events(&ledger).await.iter().map(|e| e.data.get().len() as u64).sum();
    let keep = |bytes| Keep { bytes, ..Keep::ALL };
    assert_eq!(ledger.prune_events(keep(bytes), 1000).await.unwrap().events, 0, "the events of before are counted, once");
    assert_eq!(ledger.prune_events(keep(bytes - 1), 1000).await.unwrap().events, 1);
    assert!(!ledger.prune_events(Keep { from: t(0), events: 5, ..Keep::ALL }, 1000).await.unwrap().more);
    assert_eq!(all_events(&ledger).await.len(), 5);
    ledger.close().await;
}
