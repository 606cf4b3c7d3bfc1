//! Two processes' ledgers over one database.

use crate::ground::{
    self, Home, accept, add_channel, all_events, assert_no_hole, inbound, message_id, open, outbound, t, text,
};
use domain::{ChannelId, Fence, Identity, MessageStatus, State, StateKind, WorkerId};
use ledger::{Idempotency, Ledger, LedgerError, MessageQuery, SegmentKind, TransitionRecord};
use std::time::Duration;

/// With a channel that both know.
pub async fn two() -> (Home, Ledger, Ledger, ChannelId) {
    let home = Home::new();
    let (a, b) = (open(home.path()).await, open(home.path()).await);
    let id = add_channel(&a, 1).await;
    reaches(&b, 1).await;
    (home, a, b, id)
}

/// Waits until the ledger has heard of this event.
pub async fn reaches(ledger: &Ledger, seq: u64) {
    let mut tip = ledger.tip();
    let heard = tip.wait_for(|tip| *tip >= seq);
    tokio::time::timeout(Duration::from_secs(20), heard).await.expect("it hears of it").unwrap();
}

pub fn worker(n: u128) -> WorkerId {
    WorkerId::new(t(0), n)
}

fn connected(channel: ChannelId, fence: Option<Fence>) -> TransitionRecord {
    TransitionRecord {
        channel,
        state: State::Connected { since: t(10), identity: Identity::default() },
        stuck_since: None,
        desired: domain::Desired::Running,
        paired: true,
        identity: None,
        events: vec![],
        at: t(10),
        fence,
    }
}

#[tokio::test]
async fn the_log_has_no_hole_and_one_order_whoever_writes() {
    let (_home, a, b, id) = two().await;
    let other = add_channel(&b, 2).await;
    let mut writers = Vec::new();
    for writer in 0..8u128 {
        let ledger = if writer % 2 == 0 { a.clone() } else { b.clone() };
        writers.push(tokio::spawn(async move {
            for n in 0..15u128 {
                let n = 1000 * (writer + 1) + n;
                let channel = if n % 3 == 0 { other } else { id };
                if writer < 4 {
                    accept(&ledger, outbound(channel, n, &format!("O{n}"))).await;
                } else {
                    ledger.insert_inbound(vec![inbound(channel, n, &format!("I{n}"), text("x"))], t(2)).await.unwrap();
                    // Fails alone, and takes no number with it.
                    let taken = ledger.insert_channel(ground::channel(1), vec![], t(3)).await;
                    assert_eq!(taken, Err(LedgerError::AlreadyThere));
                }
            }
        }));
    }
    futures::future::join_all(writers).await.into_iter().for_each(|done| done.unwrap());
    let last = 2 + 8 * 15;
    reaches(&a, last).await;
    reaches(&b, last).await;
    assert_no_hole(&a).await;
    assert_no_hole(&b).await;
    let mut positions = Vec::new();
    for channel in [id, other] {
        let due = a.due(channel, t(100), 1000).await.unwrap();
        positions.push(due.len());
        assert_eq!(due, b.due(channel, t(100), 1000).await.unwrap(), "one order for both");
    }
    assert_eq!(positions.iter().sum::<usize>(), 60);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn a_send_that_is_asked_of_both_is_one_message() {
    let (_home, a, b, id) = two().await;
    let asked = || Some(Idempotency { key: "K".into(), fingerprint: [1; 32] });
    let (first, second) = tokio::join!(
        a.insert_outbound(outbound(id, 1, "W1"), asked(), None),
        b.insert_outbound(outbound(id, 2, "W2"), asked(), None)
    );
    let accepted = [first.unwrap(), second.unwrap()];
    let new = accepted.iter().filter(|accepted| matches!(accepted, ledger::Accepted::New(_))).count();
    let again = accepted.iter().filter(|accepted| matches!(accepted, ledger::Accepted::Again(_))).count();
    assert_eq!((new, again), (1, 1));
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn what_is_written_for_a_channel_that_the_other_deleted_is_refused_and_harms_nobody() {
    let (_home, a, b, id) = two().await;
    let other = add_channel(&b, 2).await;
    // Both know it by now.
    a.insert_inbound(vec![inbound(id, 1, "I1", text("x"))], t(2)).await.unwrap();
    b.delete_channel(id, vec![], t(3)).await.unwrap();
    let (gone, fine) = tokio::join!(
        a.insert_inbound(vec![inbound(id, 2, "I2", text("x"))], t(4)),
        a.insert_inbound(vec![inbound(other, 3, "I3", text("x"))], t(4))
    );
    assert_eq!(gone, Err(LedgerError::NoSuchChannel));
    fine.unwrap();
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn who_no_longer_holds_a_channel_is_refused() {
    let (_home, a, b, id) = two().await;
    accept(&a, outbound(id, 1, "W1")).await;
    assert_eq!(a.hold(id, Fence(1), worker(1), t(1)).await.unwrap().id, id);
    a.hold(id, Fence(1), worker(1), t(1)).await.unwrap();
    a.transition(connected(id, Some(Fence(1)))).await.unwrap();
    assert_eq!(b.holders().await.unwrap(), [(id, Some(worker(1)))]);

    b.hold(id, Fence(2), worker(2), t(2)).await.unwrap();
    let before = *b.tip().borrow();
    assert_eq!(a.transition(connected(id, Some(Fence(1)))).await, Err(LedgerError::Fenced));
    assert_eq!(a.mark_sending(id, Some(Fence(1)), vec![message_id(1)], t(3)).await, Err(LedgerError::Fenced));
    assert_eq!(a.hold(id, Fence(1), worker(1), t(3)).await, Err(LedgerError::Fenced));
    // Who comes too late to let go lets go of nothing.
    a.let_go(id, Fence(1)).await.unwrap();
    assert_eq!(a.holders().await.unwrap(), [(id, Some(worker(2)))]);
    assert_eq!(a.message(message_id(1)).await.unwrap().unwrap().status, MessageStatus::Queued);
    assert_eq!(*a.tip().borrow(), before, "nothing was told");

    assert_eq!(b.mark_sending(id, Some(Fence(2)), vec![message_id(1)], t(4)).await.unwrap().len(), 1);
    assert_eq!(b.mark_sending(id, None, vec![message_id(1)], t(4)).await.unwrap().len(), 1);
    b.transition(connected(id, Some(Fence(2)))).await.unwrap();
    b.let_go(id, Fence(2)).await.unwrap();
    assert_eq!(a.holders().await.unwrap(), [(id, None)]);
    assert_eq!(a.channel_ids().await.unwrap(), [id]);
    let stranger = ground::channel(9).id;
    assert_eq!(a.hold(stranger, Fence(1), worker(1), t(1)).await, Err(LedgerError::NoSuchChannel));
    assert_eq!(a.channel(stranger).await.unwrap(), None);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn a_fenced_write_harms_nobody_who_writes_at_the_same_time() {
    let (_home, a, b, id) = two().await;
    b.hold(id, Fence(5), worker(2), t(2)).await.unwrap();
    accept(&a, outbound(id, 1, "W1")).await;
    let (fenced, marked, taken) = tokio::join!(
        a.transition(connected(id, Some(Fence(1)))),
        a.mark_sending(id, Some(Fence(4)), vec![message_id(1)], t(3)),
        a.insert_inbound(vec![inbound(id, 2, "I2", text("x"))], t(3))
    );
    assert_eq!((fenced, marked), (Err(LedgerError::Fenced), Err(LedgerError::Fenced)));
    taken.unwrap();
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn it_was_not_running_only_when_no_process_ran() {
    let (_home, a, b, id) = two().await;
    a.transition(connected(id, None)).await.unwrap();
    a.begin_run(t(0)).await.unwrap();
    a.still_running(t(60)).await.unwrap();
    b.begin_run(t(50)).await.unwrap();
    b.still_running(t(100)).await.unwrap();
    a.close().await;
    let c = open(_home.path()).await;
    c.begin_run(t(150)).await.unwrap();
    let segments = c.uptime(id, t(20), t(200)).await.unwrap();
    let told: Vec<_> = segments.iter().map(|s| (s.from, s.to, s.kind)).collect();
    let up = SegmentKind::State(StateKind::Connected);
    assert_eq!(told, [(t(20), t(100), up), (t(100), t(150), SegmentKind::NotRunning), (t(150), t(200), up)]);
    b.close().await;
    c.close().await;
}

#[tokio::test]
async fn characters_that_postgres_refuses_are_kept_all_the_same() {
    let (_home, a, b, id) = two().await;
    let odd = "a\0b\u{1}0\u{1}";
    let mut came = inbound(id, 1, odd, text("nul \0 in a text"));
    came.sender.name = Some(odd.into());
    for _ in 0..2 {
        a.insert_inbound(vec![came.clone()], t(2)).await.unwrap();
    }
    let kept = b.messages(id, &MessageQuery { limit: 9, ..MessageQuery::default() }).await.unwrap().messages;
    assert_eq!(kept, [came], "once, and as it came");
    let patch = ledger::ChannelPatch { name: Some(odd.into()), proxy: None };
    a.update_channel(id, patch, vec![], t(3)).await.unwrap();
    assert_eq!(b.channel(id).await.unwrap().unwrap().name, odd);
    accept(&a, outbound(id, 2, "W\0")).await;
    let which = ledger::MessageRef::WhatsApp { channel: id, whatsapp_id: "W\0".into() };
    assert!(b.set_status(which, MessageStatus::Sent, t(4)).await.unwrap().is_some());
    let key = Idempotency { key: odd.into(), fingerprint: [1; 32] };
    a.insert_outbound(outbound(id, 3, "W3"), Some(key.clone()), None).await.unwrap();
    assert!(matches!(b.accepted(id, &key, t(5)).await.unwrap(), Some(ledger::Accepted::Again(_))));
    let events = all_events(&b).await;
    assert!(events.iter().any(|e| e.data.get().contains("nul \\u0000 in a text")));
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn a_setting_that_both_change_at_once_holds_what_each_of_them_did() {
    let (_home, a, b, _) = two().await;
    let add = |ledger: &Ledger, n: u32| {
        let ledger = ledger.clone();
        async move {
            let change = move |known: Option<Vec<u32>>| known.into_iter().flatten().chain([n]).collect::<Vec<_>>();
            ledger.change_setting("numbers", change).await.unwrap();
        }
    };
    tokio::join!(
        futures::future::join_all((0..20).map(|n| add(&a, n))),
        futures::future::join_all((20..40).map(|n| add(&b, n)))
    );
    let mut numbers: Vec<u32> = a.setting("numbers").await.unwrap().unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
    a.close().await;
    b.close().await;
}
