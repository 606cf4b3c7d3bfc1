use crate::ground::{accept, inbound, ledger, message_id, outbound, t, text};
use crate::webhooks::{add, plan, tried};
use domain::{FailReason, MessageStatus, Timestamp};
use ledger::{AttemptOutcome, DeliveryCount, MessageCount};

const HOUR: u64 = 3_600_000;

#[tokio::test]
async fn what_happened_is_counted_by_the_hour() {
    let (dir, ledger, id) = ledger().await;
    // t(0) is 13 minutes and 20 seconds past an hour.
    let hour = |n: i64| Timestamp::from_millis(t(0).as_millis() / 3_600_000 * 3_600_000 + n * 3_600_000);
    let hook = add(&ledger, 1, &["message.received"]).await;
    for (n, secs) in [(1, 0), (2, 60), (3, 7200)] {
        ledger.insert_inbound(vec![inbound(id, n, &format!("I{n}"), text("x"))], t(secs)).await.unwrap();
        // Known already: not counted again.
        ledger.insert_inbound(vec![inbound(id, n + 50, &format!("I{n}"), text("x"))], t(secs)).await.unwrap();
        accept(&ledger, outbound(id, n + 100, &format!("O{n}"))).await;
        ledger.set_status(message_id(n + 100), MessageStatus::Sent, t(secs)).await.unwrap();
    }
    ledger.set_status(message_id(103), MessageStatus::Failed(FailReason::Refused(463)), t(7300)).await.unwrap();
    plan(&ledger).await;
    for ((delivery, _), (secs, outcome)) in ledger.pending(hook, 9).await.unwrap().iter().zip([
        (10, AttemptOutcome::Failed { next_attempt_at: None }),
        (20, AttemptOutcome::Delivered),
        (8000, AttemptOutcome::Delivered),
    ]) {
        ledger.record_attempt(tried(delivery, secs, outcome), None).await.unwrap();
    }
    ledger.close().await;
    let ledger = crate::ground::open(dir.path()).await;
    let count = |at, sent, received, failed| MessageCount { at, sent, received, failed };
    let all = [count(hour(0), 2, 2, 0), count(hour(2), 1, 1, 1)];
    assert_eq!(ledger.message_counts(t(-9000), HOUR).await.unwrap(), all);
    assert_eq!(ledger.message_counts(t(7200), HOUR).await.unwrap(), all[1..], "an hour is told whole");
    assert_eq!(
        ledger.delivery_counts(t(0), HOUR).await.unwrap(),
        [DeliveryCount { at: hour(0), delivered: 1, failed: 1 }, DeliveryCount { at: hour(2), delivered: 1, failed: 0 }]
    );
    assert_eq!(ledger.message_counts(t(0), 1).await.unwrap().len(), 4, "never finer than a minute");
    ledger.close().await;
}
