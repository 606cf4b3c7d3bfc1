use crate::ground::{self, all_events, ledger, t};
use crate::webhooks::{add, deliver, plan, receive, seqs, tried};
use domain::Event;
use ledger::{AttemptOutcome, EventQuery, Keep, Ledger, LedgerError, Pruned};
use proptest::prelude::*;

async fn append(ledger: &Ledger, n: usize, secs: i64) {
    ledger.append(vec![Event::ChannelUpdated { channel: ground::channel(1) }; n], t(secs)).await.unwrap();
}

async fn seen(ledger: &Ledger) -> Vec<u64> {
    all_events(ledger).await.iter().map(|e| e.seq).collect()
}

#[tokio::test]
async fn events_go_by_age_and_by_number_in_small_steps() {
    let (dir, ledger, _) = ledger().await;
    append(&ledger, 9, 10).await;
    append(&ledger, 10, 20).await;
    assert_eq!(
        ledger.prune_events(Keep { from: t(10), events: 100, ..Keep::ALL }, 4).await.unwrap(),
        Pruned { events: 1, more: false }
    );
    assert_eq!(
        ledger.prune_events(Keep { from: t(20), events: 100, ..Keep::ALL }, 4).await.unwrap(),
        Pruned { events: 4, more: true }
    );
    assert_eq!((ledger.oldest_seq().await.unwrap(), seen(&ledger).await[0]), (6, 6));
    assert_eq!(
        ledger.prune_events(Keep { from: t(20), events: 100, ..Keep::ALL }, 4).await.unwrap(),
        Pruned { events: 4, more: true }
    );
    assert_eq!(
        ledger.prune_events(Keep { from: t(20), events: 100, ..Keep::ALL }, 4).await.unwrap(),
        Pruned { events: 1, more: false }
    );
    assert_eq!(ledger.prune_events(Keep { events: 3, ..Keep::ALL }, 100).await.unwrap(), Pruned { events: 7, more: false });
    assert_eq!(ledger.prune_events(Keep { events: 3, ..Keep::ALL }, 100).await.unwrap(), Pruned::default());
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    assert_eq!(seen(&ledger).await, [18, 19, 20]);
    assert_eq!(ledger.stats().await.unwrap().oldest_seq, 18);
    assert_eq!(
        ledger.prune_events(Keep { from: t(99), events: 0, ..Keep::ALL }, 100).await.unwrap(),
        Pruned { events: 3, more: false }
    );
    assert_eq!((ledger.oldest_seq().await.unwrap(), seen(&ledger).await), (21, vec![]), "an empty log knows where it goes on");
    append(&ledger, 1, 30).await;
    assert_eq!(seen(&ledger).await, [21]);
    ledger.close().await;
}

#[tokio::test]
async fn events_go_by_what_they_take_and_what_is_left_is_counted_on_over_a_restart() {
    let (dir, ledger, _) = ledger().await;
    append(&ledger, 9, 10).await;
    let sizes: Vec<u64> = all_events(&ledger).await.iter().map(|e| e.data.get().len() as u64).collect();
    let newest = |n: usize| sizes[sizes.len() - n..].iter().sum::<u64>();
    let keep = |bytes| Keep { bytes, ..Keep::ALL };
    assert_eq!(ledger.prune_events(keep(newest(10)), 100).await.unwrap(), Pruned::default(), "all of it fits");
    assert_eq!(ledger.prune_events(keep(newest(7) + 1), 100).await.unwrap(), Pruned { events: 3, more: false });
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    assert_eq!(ledger.prune_events(keep(newest(7)), 100).await.unwrap(), Pruned::default());
    assert_eq!(ledger.prune_events(keep(newest(7) - 1), 100).await.unwrap(), Pruned { events: 1, more: false });
    assert_eq!(ledger.prune_events(keep(0), 4).await.unwrap(), Pruned { events: 4, more: true });
    assert_eq!(ledger.prune_events(keep(0), 4).await.unwrap(), Pruned { events: 2, more: false });
    append(&ledger, 1, 30).await;
    assert_eq!(ledger.prune_events(keep(sizes[9]), 4).await.unwrap(), Pruned::default(), "nothing is counted that is gone");
    assert_eq!(seen(&ledger).await, [11]);
    ledger.close().await;
}

#[tokio::test]
async fn a_clock_that_jumps_never_takes_a_young_event_out() {
    let (_dir, ledger, _) = ledger().await;
    append(&ledger, 1, 1000).await;
    append(&ledger, 1, -9_999_999).await;
    append(&ledger, 1, 1000).await;
    ledger.prune_events(Keep { from: t(500), events: 100, ..Keep::ALL }, 100).await.unwrap();
    assert_eq!(seen(&ledger).await, [2, 3, 4], "what claims to be old and stands behind a young one stays with it");
    ledger.close().await;
}

#[tokio::test]
async fn what_is_still_owed_stays_until_it_is_delivered_and_no_reader_sees_it() {
    let (dir, ledger, id) = ledger().await;
    let slow = add(&ledger, 1, &["message.received"]).await;
    let other = add(&ledger, 2, &["message.received"]).await;
    receive(&ledger, id, 1, 3).await;
    assert_eq!(
        ledger.prune_events(Keep { from: t(99), events: 0, ..Keep::ALL }, 100).await.unwrap().events,
        1,
        "what was not planned yet does not go"
    );
    plan(&ledger).await;
    assert_eq!(ledger.prune_events(Keep { from: t(99), events: 0, ..Keep::ALL }, 100).await.unwrap().events, 3);
    assert_eq!((ledger.oldest_seq().await.unwrap(), seen(&ledger).await), (5, vec![]));
    assert!(ledger.events(&EventQuery { after: 0, limit: 10, ..EventQuery::default() }).await.unwrap().is_empty());
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;

    assert_eq!(seqs(&ledger, slow).await, [2, 3, 4]);
    let first = ledger.pending(slow, 1).await.unwrap().remove(0).0;
    deliver(&ledger, slow, 1).await;
    assert!(ledger.delivery(first.id).await.unwrap().unwrap().1.is_some(), "the other is still owed it");
    deliver(&ledger, other, 1).await;
    assert!(ledger.delivery(first.id).await.unwrap().unwrap().1.is_none(), "nobody is owed it any more");
    assert_eq!(ledger.redeliver(first.id, t(9)).await, Err(LedgerError::EventPruned));
    assert_eq!(ledger.redeliver_range(other, t(0), t(99), false, t(9)).await.unwrap(), 0);
    for (delivery, _) in ledger.pending(slow, 9).await.unwrap() {
        ledger.record_attempt(tried(&delivery, 9, AttemptOutcome::Failed { next_attempt_at: None }), None).await.unwrap();
    }
    assert_eq!(seqs(&ledger, slow).await, [3, 4], "a try that failed takes nothing away");
    ledger.skip(ledger.pending(other, 1).await.unwrap()[0].0.id, t(9)).await.unwrap();
    deliver(&ledger, slow, 2).await;
    assert_eq!(seqs(&ledger, other).await, [4]);
    ledger.close().await;
}

#[tokio::test]
async fn done_deliveries_are_forgotten_with_their_tries_and_pending_ones_never() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 5).await;
    plan(&ledger).await;
    deliver(&ledger, hook, 3).await;
    assert_eq!(ledger.prune_deliveries(t(5), 2).await.unwrap(), Pruned { events: 0, more: false });
    assert_eq!(ledger.prune_deliveries(t(99), 2).await.unwrap(), Pruned { events: 2, more: true });
    assert_eq!(ledger.prune_deliveries(t(99), 2).await.unwrap(), Pruned { events: 1, more: false });
    assert_eq!(seqs(&ledger, hook).await, [5, 6]);
    assert_eq!(plan(&ledger).await, 0, "what was delivered is not planned again");
    ledger.close().await;
}

#[derive(Clone, Debug)]
enum Op {
    Append(usize),
    Receive(u8),
    Prune { max: u64, step: u32 },
    Plan,
    Deliver(u32),
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0usize..8).prop_map(Op::Append),
        (1u8..5).prop_map(Op::Receive),
        (0u64..20, 1u32..9).prop_map(|(max, step)| Op::Prune { max, step }),
        Just(Op::Plan),
        (1u32..4).prop_map(Op::Deliver),
        Just(Op::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::home::CASES, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_log_has_no_hole_from_its_oldest_event_on_however_it_is_pruned(ops in proptest::collection::vec(op(), 1..40)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
            let (dir, mut ledger, id) = ledger().await;
            let hook = add(&ledger, 1, &["message.received"]).await;
            let (mut received, mut delivered) = (0u128, Vec::new());
            for op in ops {
                match op {
                    Op::Append(n) => append(&ledger, n, 3).await,
                    Op::Receive(n) => {
                        receive(&ledger, id, received, n.into()).await;
                        received += u128::from(n);
                    }
                    Op::Prune { max, step } => drop(ledger.prune_events(Keep { events: max, ..Keep::ALL }, step).await.unwrap()),
                    Op::Plan => drop(plan(&ledger).await),
                    Op::Deliver(n) => {
                        delivered.extend(seqs(&ledger, hook).await.into_iter().take(n as usize));
                        deliver(&ledger, hook, n).await;
                    }
                    Op::Reopen => {
                        ledger.close().await;
                        ledger = ground::open(dir.path()).await;
                    }
                }
                let (oldest, tip) = (ledger.oldest_seq().await.unwrap(), *ledger.tip().borrow());
                assert_eq!(seen(&ledger).await, (oldest..=tip).collect::<Vec<_>>());
            }
            plan(&ledger).await;
            delivered.extend(seqs(&ledger, hook).await);
            assert_eq!(delivered.len() as u128, received, "nothing that was owed went with the pruning");
            assert!(delivered.is_sorted());
            ledger.close().await;
        });
    }
}
