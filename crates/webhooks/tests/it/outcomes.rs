use crate::ground::{Ground, hurried, millis, now};
use crate::receiver::{Act, Receiver};
use domain::PauseReason;
use ledger::{DeliveryStatus, EndpointStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use webhooks::{DispatcherConfig, Schedule};

/// Three slots that are soon over.
fn short() -> DispatcherConfig {
    DispatcherConfig { schedule: Schedule::new(vec![Duration::ZERO, millis(60), millis(120)]).unwrap(), ..hurried() }
}

/// A receiver that is ill until it is told to be well.
async fn ill(act: Act) -> (Receiver, Arc<AtomicBool>) {
    let well = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&well);
    let receiver = Receiver::start(move |_, _| if told.load(Ordering::SeqCst) { Act::Say(200) } else { act.clone() }).await;
    (receiver, well)
}

#[tokio::test]
async fn an_endpoint_that_fails_for_long_is_paused_and_drains_in_order_when_it_is_resumed() {
    let (receiver, well) = ill(Act::Say(503)).await;
    let ground = Ground::new(short()).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(5).await;
    let endpoint = ground.until_status(id, |s| matches!(s, EndpointStatus::Paused { reason: PauseReason::Failing, .. })).await;
    assert!(endpoint.failing_since.is_some());
    assert_eq!(receiver.requests().len(), 3, "the schedule has three slots, and only the first event is tried");
    assert_eq!(ground.told("webhook").await, ["webhook.paused"]);

    // Nothing is dropped, and what happens meanwhile is owed too.
    ground.emit(3).await;
    let owed = ground.until(id, |all| all.len() == 8).await;
    assert!(owed.iter().all(|d| d.status == DeliveryStatus::Pending));
    let attempts = ground.attempts(owed[0].id).await;
    assert_eq!((attempts.len(), attempts[2].http_status, attempts[2].answer.as_str()), (3, Some(503), "ok"));

    well.store(true, Ordering::SeqCst);
    ground.ledger.set_endpoint_status(id, EndpointStatus::Active, now()).await.unwrap();
    ground.settled(id, 8).await;
    assert_eq!(receiver.seqs()[3..], owed.iter().map(|d| d.seq).collect::<Vec<_>>());
    assert_eq!(ground.endpoint(id).await.failing_since, None);
    assert_eq!(ground.told("webhook").await, ["webhook.paused", "webhook.resumed"]);
    ground.end().await;
}

#[tokio::test]
async fn an_endpoint_that_is_resumed_too_early_has_its_schedule_anew() {
    let (receiver, _) = ill(Act::Say(503)).await;
    let ground = Ground::new(short()).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    for round in 1..=2 {
        ground.until_status(id, |s| matches!(s, EndpointStatus::Paused { .. })).await;
        assert_eq!(receiver.requests().len(), 3 * round);
        ground.ledger.set_endpoint_status(id, EndpointStatus::Active, now()).await.unwrap();
    }
    ground.end().await;
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_disabled_and_asked_no_more() {
    let (receiver, well) = ill(Act::SayWhenLet(410)).await;
    let ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(3).await;
    ground.until(id, |all| all.len() == 3).await;
    receiver.let_go(1);
    ground.until_status(id, |s| matches!(s, EndpointStatus::Disabled { .. })).await;
    assert_eq!(ground.told("webhook").await, ["webhook.disabled"]);
    ground.emit(3).await;
    let other = Receiver::start(|_, _| Act::Say(200)).await;
    let witness = ground.add(other.url()).await;
    ground.emit(1).await;
    ground.settled(witness, 1).await;
    assert_eq!(receiver.requests().len(), 1);

    // Switched on again it gets what it was owed, and what happens from now on; not what happened while it was off.
    well.store(true, Ordering::SeqCst);
    ground.ledger.set_endpoint_status(id, EndpointStatus::Active, now()).await.unwrap();
    ground.emit(1).await;
    let owed = ground.settled(id, 4).await;
    assert_eq!(receiver.seqs()[1..], owed.iter().map(|d| d.seq).collect::<Vec<_>>());
    ground.end().await;
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it() {
    let slow = Schedule::new(vec![Duration::ZERO, millis(1), millis(1), millis(1)]).unwrap();
    let receiver = Receiver::start(|n, _| match n {
        0 => Act::SayAll(429, "Retry-After: 1\r\n", "too much"),
        1 => Act::SayAll(503, "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT\r\n", ""),
        _ => Act::Say(200),
    })
    .await;
    let ground = Ground::new(DispatcherConfig { schedule: slow, ..hurried() }).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    let deliveries = ground.settled(id, 1).await;
    let attempts = ground.attempts(deliveries[0].id).await;
    assert_eq!(attempts.len(), 3);
    for pair in attempts.windows(2) {
        let waited = pair[1].at.since(pair[0].at);
        assert!(waited >= millis(1_000), "a second at the least, not the {waited:?} of the schedule");
    }
    ground.end().await;
}

#[tokio::test]
async fn a_receiver_that_cannot_be_reached_is_tried_by_the_schedule() {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let ground = Ground::hurried().await;
    let id = ground.add(format!("http://{gone}/")).await;
    ground.emit(2).await;
    ground.until(id, |all| all.first().is_some_and(|d| d.attempts >= 3)).await;
    let receiver = Receiver::start_at(gone, |_, _| Act::Say(200)).await;
    let deliveries = ground.settled(id, 2).await;
    assert_eq!(receiver.seqs(), deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    let attempts = ground.attempts(deliveries[0].id).await;
    assert_eq!((attempts[0].http_status, attempts[0].delivered), (None, false));
    assert!(attempts[0].error.as_deref().unwrap().contains("refused"));
    ground.end().await;
}
