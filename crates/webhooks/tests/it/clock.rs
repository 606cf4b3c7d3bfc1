use crate::ground::{Ground, by, now};
use crate::receiver::{Act, Receiver};
use std::time::Duration;
use webhooks::{Clock, ClockHand};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// Lets time pass, a second after the other, until so many requests have come; how much passed.
async fn pass_until(hand: &ClockHand, receiver: &Receiver, requests: usize, at_most: Duration) -> Duration {
    let mut passed = Duration::ZERO;
    while receiver.requests().len() < requests {
        assert!(passed < at_most, "{} requests after {passed:?}", receiver.requests().len());
        hand.pass(SECOND);
        passed += SECOND;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    passed
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_stall_an_endpoint() {
    let receiver = Receiver::start(|n, _| Act::Say(if n < 2 { 500 } else { 200 })).await;
    let (clock, hand) = Clock::by_hand(now());
    let ground = Ground::new(by(clock)).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    receiver.wait_for(1).await;
    ground.until(id, |all| all[0].attempts == 1).await;
    pass_until(&hand, &receiver, 2, SECOND * 15).await;
    ground.until(id, |all| all[0].attempts == 2).await;
    // Five minutes are to pass, not five hours and five minutes.
    hand.set_back(HOUR * 5);
    let waited = pass_until(&hand, &receiver, 3, SECOND * 400).await;
    assert!(waited > SECOND * 200, "and not at once either: {waited:?}");
    ground.settled(id, 1).await;
    ground.end().await;
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_uses_up_one_slot_and_no_more() {
    let receiver = Receiver::start(|_, _| Act::Say(500)).await;
    let (clock, hand) = Clock::by_hand(now());
    let ground = Ground::new(by(clock)).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    ground.until(id, |all| all.first().is_some_and(|d| d.attempts == 1)).await;
    hand.set_ahead(HOUR * 24 * 30);
    pass_until(&hand, &receiver, 2, SECOND * 15).await;
    ground.until(id, |all| all[0].attempts == 2).await;
    hand.set_ahead(HOUR * 24 * 30);
    pass_until(&hand, &receiver, 3, SECOND * 15).await;
    let deliveries = ground.until(id, |all| all[0].attempts == 3).await;
    // The third wait is that of the schedule, by the clock as it is now.
    let wait = deliveries[0].next_attempt_at.unwrap().since(now().plus(HOUR * 24 * 60));
    assert!(wait > SECOND * 1_500 && wait < SECOND * 2_200, "{wait:?}");
    ground.end().await;
}
