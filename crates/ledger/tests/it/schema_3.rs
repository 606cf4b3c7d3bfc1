//! A ledger as version 3 of the schema left it (version 1 on a server), with something of everything; what is in it, and that all of
//! that is there under the newest schema. `fill` ran under that schema once, and is not run again.

use crate::ground::{self, accept, add_channel, all_events, inbound, message_id, outbound, t, text};
use crate::webhooks;
use domain::{ChannelId, FailReason, Fence, MessageStatus, OutboxNote, State, WorkerId};
use ledger::{AttemptOutcome, Cancelled, ChannelPatch, Idempotency, Keep, Ledger, MessageQuery, Receipt};

pub async fn fill(ledger: &Ledger) -> ChannelId {
    let id = add_channel(ledger, 1).await;
    add_channel(ledger, 2).await;
    ledger.begin_run(t(0)).await.unwrap();
    let proxy = Some(Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap()));
    ledger.update_channel(id, ChannelPatch { name: Some("Odd \u{1} name".into()), proxy }, vec![], t(1)).await.unwrap();
    ledger.hold(id, Fence(7), WorkerId::new(t(0), 1), t(1)).await.unwrap();
    let many = (0..20).map(|n| inbound(id, 10_000 + n, &format!("M{n}"), text("hello"))).collect();
    ledger.insert_inbound(many, t(2)).await.unwrap();
    let key = Idempotency { key: "K".into(), fingerprint: [1; 32] };
    ledger.insert_outbound(outbound(id, 1, "W1"), Some(key), None).await.unwrap();
    for n in 2..=6 {
        accept(ledger, outbound(id, n, &format!("W{n}"))).await;
    }
    let mut later = outbound(id, 7, "W7");
    later.outbox = OutboxNote { send_at: Some(t(1000)), expires_at: Some(t(2000)), ..OutboxNote::default() };
    accept(ledger, later).await;
    ledger.set_status(message_id(1), MessageStatus::Sent, t(3)).await.unwrap();
    ledger.mark_sending(id, None, vec![message_id(2)], t(3)).await.unwrap();
    ledger.requeue(message_id(3), t(60), FailReason::NoAnswer, t(3)).await.unwrap();
    ledger.set_status(message_id(4), MessageStatus::Failed(FailReason::Refused(463)), t(3)).await.unwrap();
    assert!(matches!(ledger.cancel(message_id(5), t(3)).await.unwrap(), Cancelled::Done(_)));
    let reaction = domain::Content::Reaction { target: "M1".into(), emoji: "👍".into() };
    let early = domain::Content::Reaction { target: "LATER".into(), emoji: "👍".into() };
    ledger.insert_inbound(vec![inbound(id, 30, "R1", reaction), inbound(id, 31, "R2", early)], t(3)).await.unwrap();
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
    ledger.prune_events(Keep { events: 30, ..Keep::ALL }, 5).await.unwrap();
    id
}

/// That everything is there, and can be gone on with.
pub async fn assert_all_there(ledger: &Ledger) {
    let channels = ledger.channels().await.unwrap();
    let id = channels[0].id;
    assert_eq!(channels.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(), ["Odd \u{1} name", "Front desk 2"]);
    assert_eq!(channels[0].proxy, Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap()));
    assert!(matches!(channels[0].state, State::Disconnected { .. }));
    let query = MessageQuery { limit: 100, ..MessageQuery::default() };
    let messages = ledger.messages(id, &query).await.unwrap().messages;
    assert_eq!(messages.len(), 20 + 7 + 2 + 3);
    assert!(messages.iter().all(|m| m.outbox.app.is_none() && m.outbox.ask_until.is_none()));
    let status = |n| messages.iter().find(|m| m.id == message_id(n)).map(|m| m.status).unwrap();
    assert_eq!(
        (1..=7).map(|n| status(n).as_str()).collect::<Vec<_>>(),
        ["sent", "sending", "queued", "failed", "cancelled", "queued", "queued"]
    );
    assert_eq!(ground::names(&ledger.due(id, t(70), 9).await.unwrap()), ["W2", "W3", "W6"]);
    assert_eq!(ledger.next_due(id, t(70)).await.unwrap(), Some(t(1000)));
    assert_eq!(ledger.next_expiry().await.unwrap(), Some(t(2000)));
    assert_eq!(ledger.setting::<Vec<String>>("muted").await.unwrap(), Some(vec!["stuck".into()]));
    let key = Idempotency { key: "K".into(), fingerprint: [1; 32] };
    assert!(
        matches!(ledger.accepted(id, &key, t(9)).await.unwrap(), Some(ledger::Accepted::Again(m)) if m.id == message_id(1))
    );

    let endpoints = ledger.endpoints().await.unwrap();
    assert_eq!(endpoints.len(), 1);
    assert_eq!((endpoints[0].app, endpoints[0].trusted_addresses), (None, true), "a person's receivers stay where they are");
    assert_eq!(endpoints[0].headers, [("x-api-key".into(), "k3y".into())]);
    let owed = ledger.pending(endpoints[0].id, 9).await.unwrap();
    assert_eq!(owed.len(), 2);
    assert_eq!((owed[0].0.attempts, owed[0].0.next_attempt_at), (1, Some(t(60))));

    let events = all_events(ledger).await;
    let first = ledger.oldest_seq().await.unwrap();
    assert!(first > 1);
    let seqs = (first..first + events.len() as u64).collect::<Vec<_>>();
    assert_eq!(events.iter().map(|e| e.seq).collect::<Vec<_>>(), seqs, "without a hole");

    // Nobody was let in, and nothing was noted.
    assert!(ledger.apps().await.unwrap().is_empty() && ledger.keys().await.unwrap().is_empty());
    assert!(ledger.asks(9).await.unwrap().is_empty() && ledger.requests().await.unwrap().is_empty());
    assert_eq!(ledger.verify_audit().await.unwrap().unwrap().entries, 0);

    // And it goes on.
    let late = inbound(id, 90_001, "LATER", text("now it is here"));
    let taken = ledger.insert_inbound(vec![late], t(80)).await.unwrap();
    assert_eq!(taken[0].message().amended.reactions.len(), 1);
    accept(ledger, outbound(id, 90_002, "W8")).await;
    assert_eq!(ground::names(&ledger.due(id, t(81), 9).await.unwrap()), ["W2", "W3", "W6", "W8"]);
    assert!(webhooks::plan(ledger).await > 0);
    assert_eq!(
        ledger
            .events(&ledger::EventQuery { after: *ledger.tip().borrow() - 1, limit: 9, ..Default::default() })
            .await
            .unwrap()
            .len(),
        1
    );
}
