//! How the tries went, and what a person does about it.

use crate::ground::{kinds, ledger, t};
use crate::webhooks::{add, deliver, plan, receive, seqs, tried};
use domain::{DeliveryId, PauseReason};
use ledger::{AttemptOutcome, AttemptRecord, DeliveryQuery, DeliveryStatus, EndpointStatus, LedgerError};

const AGAIN: AttemptOutcome = AttemptOutcome::Failed { next_attempt_at: None };

#[tokio::test]
async fn a_try_is_noted_with_what_follows_from_it() {
    let (dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 2).await;
    plan(&ledger).await;
    let (delivery, _) = ledger.pending(hook, 1).await.unwrap().remove(0);
    let later = AttemptOutcome::Failed { next_attempt_at: Some(t(30)) };
    let record = AttemptRecord {
        answer: "é".repeat(2000),
        http_status: None,
        error: Some("refused".into()),
        ..tried(&delivery, 20, later)
    };
    ledger.record_attempt(record, None).await.unwrap();
    ledger.record_attempt(tried(&delivery, 30, AGAIN), None).await.unwrap();
    assert_eq!(ledger.endpoint(hook).await.unwrap().unwrap().failing_since, Some(t(20)), "since the first of them");
    let (again, event) = ledger.pending(hook, 1).await.unwrap().remove(0);
    assert_eq!((again.attempts, again.next_attempt_at, again.status), (2, None, DeliveryStatus::Pending));
    assert_eq!(event.seq, delivery.seq, "the first in order stays first");

    ledger.record_attempt(tried(&delivery, 40, AttemptOutcome::Delivered), None).await.unwrap();
    ledger.close().await;
    let ledger = crate::ground::open(dir.path()).await;
    let (done, event, tries) = ledger.delivery(delivery.id).await.unwrap().unwrap();
    let finished = done.finished_at.unwrap();
    assert_eq!((done.status, done.attempts, finished.as_millis()), (DeliveryStatus::Delivered, 3, t(40).as_millis() + 12));
    assert_eq!(event.unwrap().seq, delivery.seq);
    let told: Vec<_> = tries.iter().map(|a| (a.at, a.delivered, a.http_status, a.error.as_deref())).collect();
    assert_eq!(told, [(t(20), false, None, Some("refused")), (t(30), false, Some(503), None), (t(40), true, Some(200), None)]);
    assert!(tries[0].answer.len() <= 2048 && tries[0].answer.ends_with('é'));
    assert_eq!(ledger.endpoint(hook).await.unwrap().unwrap().failing_since, None);
    assert_eq!(seqs(&ledger, hook).await, [3]);
    assert!(ledger.delivery(DeliveryId::new(t(0), 7)).await.unwrap().is_none());
    ledger.close().await;
}

#[tokio::test]
async fn a_try_that_decides_to_pause_pauses_with_it_and_resuming_tries_at_once() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 1).await;
    plan(&ledger).await;
    let (delivery, _) = ledger.pending(hook, 1).await.unwrap().remove(0);
    let mut tip = ledger.deliveries_tip();
    tip.mark_unchanged();
    let paused = EndpointStatus::Paused { reason: PauseReason::Failing, since: t(20) };
    ledger
        .record_attempt(tried(&delivery, 20, AttemptOutcome::Failed { next_attempt_at: Some(t(9000)) }), Some(paused))
        .await
        .unwrap();
    assert!(!tip.has_changed().unwrap(), "the dispatcher need not be woken by its own tries");
    assert_eq!(ledger.endpoint(hook).await.unwrap().unwrap().status, paused);
    assert_eq!(kinds(&ledger).await.last().unwrap(), "webhook.paused");
    let resumed = ledger.set_endpoint_status(hook, EndpointStatus::Active, t(30)).await.unwrap();
    assert_eq!(resumed.failing_since, None);
    let (again, _) = ledger.pending(hook, 1).await.unwrap().remove(0);
    assert_eq!((again.attempts, again.next_attempt_at), (0, None), "its schedule begins anew");
    ledger.close().await;
}

#[tokio::test]
async fn deliveries_are_listed_newest_first_and_by_what_became_of_them() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &[]).await;
    let other = add(&ledger, 2, &["nothing.*"]).await;
    receive(&ledger, id, 1, 5).await;
    plan(&ledger).await;
    deliver(&ledger, hook, 2).await;
    let (skipped, _) = ledger.pending(hook, 1).await.unwrap().remove(0);
    assert_eq!(ledger.skip(skipped.id, t(9)).await.unwrap().status, DeliveryStatus::Skipped);
    let list = async |endpoint, status, kind: Option<&str>, before| {
        let query = DeliveryQuery { endpoint, status, kind: kind.map(str::to_owned), before, limit: 2 };
        let page = ledger.deliveries(&query).await.unwrap();
        (page.deliveries.iter().map(|d| d.seq).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = list(Some(hook), None, None, None).await;
    assert_eq!(first, [6, 5]);
    let (second, next) = list(Some(hook), None, None, next).await;
    assert_eq!(second, [4, 3]);
    assert_eq!(list(Some(hook), None, None, next).await, (vec![2], None));
    assert_eq!(list(None, Some(DeliveryStatus::Delivered), None, None).await, (vec![3, 2], None));
    assert_eq!(list(Some(hook), Some(DeliveryStatus::Skipped), Some("message.received"), None).await, (vec![4], None));
    assert_eq!(list(Some(hook), Some(DeliveryStatus::Pending), Some("message.sent"), None).await, (vec![], None));
    assert_eq!(list(Some(hook), Some(DeliveryStatus::Pending), None, None).await, (vec![6, 5], None));
    assert_eq!(list(Some(other), None, None, None).await, (vec![], None));
    ledger.close().await;
}

#[tokio::test]
async fn what_was_delivered_or_skipped_can_be_asked_for_again() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 4).await;
    plan(&ledger).await;
    let all: Vec<_> = ledger.pending(hook, 9).await.unwrap().into_iter().map(|(delivery, _)| delivery).collect();
    deliver(&ledger, hook, 2).await;
    ledger.skip(all[2].id, t(9)).await.unwrap();
    let mut tip = ledger.deliveries_tip();
    tip.mark_unchanged();
    let again = ledger.redeliver(all[1].id, t(9)).await.unwrap();
    assert!(tip.has_changed().unwrap());
    assert_eq!((again.status, again.attempts, again.finished_at), (DeliveryStatus::Pending, 0, None));
    assert_eq!(seqs(&ledger, hook).await, [3, 5], "in its place");
    deliver(&ledger, hook, 1).await;

    assert_eq!(ledger.redeliver_range(hook, t(3), t(9), false, t(10)).await.unwrap(), 0, "nothing happened then");
    assert_eq!(ledger.redeliver_range(hook, t(2), t(2), true, t(10)).await.unwrap(), 2);
    assert_eq!(seqs(&ledger, hook).await, [4, 5]);
    assert_eq!(ledger.redeliver_range(hook, t(0), t(9), false, t(10)).await.unwrap(), 4);
    assert_eq!(seqs(&ledger, hook).await, [2, 3, 4, 5]);
    assert_eq!(ledger.delivery(all[1].id).await.unwrap().unwrap().2.len(), 2, "what was tried before is still told");
    assert_eq!(ledger.redeliver(DeliveryId::new(t(0), 7), t(9)).await, Err(LedgerError::NoSuchDelivery));
    assert_eq!(ledger.skip(DeliveryId::new(t(0), 7), t(9)).await, Err(LedgerError::NoSuchDelivery));
    ledger.close().await;
}

#[tokio::test]
async fn a_long_range_is_replayed_whole() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 2500).await;
    plan(&ledger).await;
    for (delivery, _) in ledger.pending(hook, 3).await.unwrap() {
        ledger.record_attempt(tried(&delivery, 5, AttemptOutcome::Delivered), None).await.unwrap();
    }
    assert_eq!(ledger.redeliver_range(hook, t(0), t(9), true, t(10)).await.unwrap(), 2497);
    assert_eq!(ledger.redeliver_range(hook, t(0), t(9), false, t(10)).await.unwrap(), 2500);
    assert_eq!(ledger.pending_counts().await.unwrap()[0].pending, 2500);
    ledger.close().await;
}

#[tokio::test]
async fn a_delivery_skipped_during_its_try_stays_skipped_unless_it_arrived() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 2).await;
    plan(&ledger).await;
    for ((delivery, _), outcome) in ledger.pending(hook, 2).await.unwrap().iter().zip([AGAIN, AttemptOutcome::Delivered]) {
        ledger.skip(delivery.id, t(9)).await.unwrap();
        ledger.record_attempt(tried(delivery, 9, outcome), None).await.unwrap();
        let status = ledger.delivery(delivery.id).await.unwrap().unwrap().0.status;
        assert_eq!(status == DeliveryStatus::Skipped, outcome == AGAIN);
    }
    assert_eq!(seqs(&ledger, hook).await, [0; 0]);
    ledger.delete_endpoint(hook).await.unwrap();
    ledger.record_attempt(AttemptRecord { delivery: DeliveryId::new(t(0), 7), ..late() }, None).await.unwrap();
    ledger.close().await;
}

fn late() -> AttemptRecord {
    AttemptRecord {
        delivery: DeliveryId::new(t(0), 1),
        at: t(9),
        latency_ms: 1,
        outcome: AGAIN,
        http_status: None,
        answer: String::new(),
        error: None,
    }
}
