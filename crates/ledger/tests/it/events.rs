use crate::ground::{self, all_events, assert_no_hole, channel, inbound, ledger, outbound, t, text};
use domain::{Event, MessageStatus};
use ledger::{EventQuery, Ledger, LedgerError};
use proptest::prelude::*;

fn query(after: u64, limit: u32) -> EventQuery {
    EventQuery { after, limit, ..EventQuery::default() }
}

#[tokio::test]
async fn the_log_pages_in_order_and_keeps_what_was_frozen() {
    let (_dir, ledger, id) = ledger().await;
    for n in 0..7 {
        ledger.insert_inbound(vec![inbound(id, n, &format!("W{n}"), text("hi"))], t(2)).await.unwrap();
    }
    let first = ledger.events(&query(0, 5)).await.unwrap();
    let rest = ledger.events(&query(first[4].seq, 5)).await.unwrap();
    assert_eq!(first.iter().chain(&rest).map(|e| e.seq).collect::<Vec<_>>(), (1..=8).collect::<Vec<_>>());

    let told: wire::MessageEventData = serde_json::from_str(first[1].data.get()).unwrap();
    assert_eq!(told.message.whatsapp_id, "W0");
    assert_eq!((first[1].kind.as_str(), first[1].at, first[1].channel), ("message.received", t(2), Some(id)));
    assert_eq!(ledger.oldest_seq().await.unwrap(), 1);
    ledger.close().await;
}

#[tokio::test]
async fn events_are_found_by_type_family_and_channel() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    ledger.insert_inbound(vec![inbound(id, 1, "A", text("a")), inbound(other, 2, "B", text("b"))], t(2)).await.unwrap();
    ledger.insert_outbound(outbound(id, 3, "C"), None, None).await.unwrap();
    let check = async |kinds: &[&str], channel, expected: &[u64]| {
        let query = EventQuery { kinds: kinds.iter().map(|k| (*k).to_owned()).collect(), channel, ..query(0, 100) };
        let found: Vec<u64> = ledger.events(&query).await.unwrap().iter().map(|e| e.seq).collect();
        assert_eq!(found, expected, "{kinds:?} {channel:?}");
    };
    check(&["message.*"], None, &[3, 4, 5]).await;
    check(&["channel.created", "message.queued"], None, &[1, 2, 5]).await;
    check(&[], Some(other), &[2, 4]).await;
    check(&["message.*"], Some(id), &[3, 5]).await;
    check(&["mess*", "%", "message."], None, &[]).await;
    ledger.close().await;
}

#[tokio::test]
async fn the_tip_moves_when_the_commit_is_done_and_not_before() {
    let (_dir, ledger, id) = ledger().await;
    let mut tip = ledger.tip();
    assert_eq!(*tip.borrow_and_update(), 1);
    let watcher = {
        let ledger = ledger.clone();
        tokio::spawn(async move {
            tip.changed().await.unwrap();
            let seq = *tip.borrow();
            (seq, ledger.events(&query(1, 10)).await.unwrap().len())
        })
    };
    ledger.insert_inbound(vec![inbound(id, 1, "A", text("a"))], t(2)).await.unwrap();
    assert_eq!(watcher.await.unwrap(), (2, 1), "whoever sees the tip can read up to it");
    ledger.close().await;
}

#[tokio::test]
async fn a_closed_ledger_says_so() {
    let (_dir, ledger, id) = ledger().await;
    let writes: Vec<_> = (0..50u128).map(|n| ledger.insert_outbound(outbound(id, n, &format!("W{n}")), None, None)).collect();
    let (written, ()) = tokio::join!(futures::future::join_all(writes), ledger.close());
    assert!(written.iter().all(|w| matches!(w, Ok(_) | Err(LedgerError::Closed))), "{written:?}");
    assert_eq!(ledger.append(vec![], t(9)).await, Err(LedgerError::Closed));
    assert_eq!(ledger.channels().await, Err(LedgerError::Closed));
}

#[derive(Clone, Debug)]
enum Op {
    Append(usize),
    Inbound(u8),
    /// Logs an event and fails after it.
    FailsHalfway(u8),
    /// Fails before it logs anything.
    FailsAtOnce,
    Outbound(u8),
    Status(u8),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0usize..4).prop_map(Op::Append),
        any::<u8>().prop_map(Op::Inbound),
        any::<u8>().prop_map(Op::FailsHalfway),
        Just(Op::FailsAtOnce),
        any::<u8>().prop_map(Op::Outbound),
        any::<u8>().prop_map(Op::Status),
    ]
}

async fn perform(ledger: &Ledger, id: domain::ChannelId, op: Op) {
    let stranger = channel(99);
    match op {
        Op::Append(n) => {
            ledger.append(vec![Event::ChannelUpdated { channel: channel(1) }; n], t(3)).await.unwrap();
        }
        Op::Inbound(n) => {
            ledger.insert_inbound(vec![inbound(id, n.into(), &format!("I{n}"), text("x"))], t(3)).await.unwrap();
        }
        Op::FailsHalfway(n) => {
            let good = inbound(id, 1000 + u128::from(n), &format!("F{n}"), text("x"));
            let bad = inbound(stranger.id, 2000 + u128::from(n), "G", text("x"));
            assert_eq!(ledger.insert_inbound(vec![good, bad], t(3)).await, Err(LedgerError::NoSuchChannel));
        }
        Op::FailsAtOnce => assert_eq!(ledger.insert_channel(channel(1), vec![], t(3)).await, Err(LedgerError::AlreadyThere)),
        Op::Outbound(n) => {
            // The second of one id is refused.
            let _ = ledger.insert_outbound(outbound(id, 3000 + u128::from(n), &format!("O{n}")), None, None).await;
        }
        Op::Status(n) => {
            let which = domain::MessageId::new(t(1), 3000 + u128::from(n));
            ledger.set_status(which, MessageStatus::Sent, t(4)).await.unwrap();
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::home::CASES, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn seq_has_no_hole_whatever_is_written_at_once_and_fails(ops in proptest::collection::vec(op(), 1..60)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
            let (dir, ledger, id) = ledger().await;
            futures::future::join_all(ops.into_iter().map(|op| {
                let ledger = ledger.clone();
                tokio::spawn(async move { perform(&ledger, id, op).await })
            }))
            .await
            .into_iter()
            .for_each(|done| done.unwrap());
            assert_no_hole(&ledger).await;
            let before = all_events(&ledger).await.len();
            ledger.close().await;
            let ledger = ground::open(dir.path()).await;
            assert_no_hole(&ledger).await;
            assert_eq!(all_events(&ledger).await.len(), before);
            ledger.append(vec![Event::ChannelUpdated { channel: channel(1) }], t(9)).await.unwrap();
            assert_no_hole(&ledger).await;
            ledger.close().await;
        });
    }
}
