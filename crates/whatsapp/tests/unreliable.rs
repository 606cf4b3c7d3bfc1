//! A server that does not say what became of a message: nothing is lost and nothing is doubled under one id.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::Cause;
use house::{House, SOON, Session, channel, text};
use sandbox::{Fault, Target};
use socket::{Close, SocketEvent};
use std::time::{Duration, Instant};

const ID: &str = "3EB0AAAAAAAAAAAAAAAA21";

async fn ack(session: &mut Session, wanted: &str) -> Option<u16> {
    session
        .until(|event| match event {
            SocketEvent::ServerAck { whatsapp_id, error, .. } if whatsapp_id == wanted => Some(*error),
            _ => None,
        })
        .await
}

/// How often Grace's phone had the message, and under how many entries.
async fn at_grace(house: &House, id: &str) -> (u32, usize) {
    let grace = house.grace();
    grace.wait_for_message(SOON, |m| m.id == id && m.arrivals > 0).await.unwrap();
    let all: Vec<_> = grace.messages().await.into_iter().filter(|m| m.id == id).collect();
    (all[0].arrivals, all.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_told_with_its_code_and_goes_nowhere() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    house.network().inject(Target::Everyone, Fault::Nack { code: 479, messages: Some(1) });
    session.socket.send(text(ID, &house.grace(), "no")).await.unwrap();
    assert_eq!(ack(&mut session, ID).await, Some(479));
    assert!(house.network().faults().is_empty(), "used up");
    session.socket.send(text(ID, &house.grace(), "yes")).await.unwrap();
    assert_eq!(ack(&mut session, ID).await, None);
    assert_eq!(at_grace(&house, ID).await, (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_sent_again_because_nobody_answered_is_one_message() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    house.network().inject(Target::Everyone, Fault::SwallowAcks { messages: Some(1) });
    session.socket.send(text(ID, &house.grace(), "once")).await.unwrap();
    assert_eq!(at_grace(&house, ID).await, (1, 1));
    session.socket.send(text(ID, &house.grace(), "once")).await.unwrap();
    assert_eq!(ack(&mut session, ID).await, None);
    house.grace().wait_for_message(SOON, |m| m.id == ID && m.arrivals == 2).await.unwrap();
    assert_eq!(at_grace(&house, ID).await, (2, 1));
    assert_eq!(house.grace().arrivals().await.duplicates, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_ack_is_late_and_others_overtake_it() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    let delay = Duration::from_millis(700);
    house.network().inject(Target::Everyone, Fault::DelayAcks { delay, messages: Some(1) });
    let begun = Instant::now();
    session.socket.send(text(ID, &house.grace(), "slow")).await.unwrap();
    session.socket.send(text("3EB0AAAAAAAAAAAAAAAA22", &house.grace(), "quick")).await.unwrap();
    let first = session
        .until(|event| match event {
            SocketEvent::ServerAck { whatsapp_id, .. } => Some(whatsapp_id.clone()),
            _ => None,
        })
        .await;
    assert_eq!(first, "3EB0AAAAAAAAAAAAAAAA22");
    assert_eq!(ack(&mut session, ID).await, None);
    assert!(begun.elapsed() >= delay);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_cut_before_the_ack_leaves_open_whether_the_message_arrived() {
    for delivered in [true, false] {
        let house = House::new().await;
        let mut session = house.linked(channel(1)).await;
        house.network().inject(Target::Everyone, Fault::DropBeforeAck { messages: Some(1), delivered });
        // It may still be being written when the cut is noticed.
        let _ = session.socket.send(text(ID, &house.grace(), "maybe")).await;
        // Whoever writes while the reset comes takes the error away from whoever reads, who sees a plain end then.
        let close = session.closed().await;
        assert!(matches!(close, Close::Lost(Cause::ConnectionLost | Cause::ClosedByServer)), "{close:?}");
        if delivered {
            assert_eq!(at_grace(&house, ID).await, (1, 1));
        }
        let mut again = house.open(channel(1)).await;
        again.opened().await;
        again.socket.send(text(ID, &house.grace(), "maybe")).await.unwrap();
        assert_eq!(ack(&mut again, ID).await, None);
        let copies = 1 + u32::from(delivered);
        house.grace().wait_for_message(SOON, |m| m.id == ID && m.arrivals == copies).await.unwrap();
        assert_eq!(at_grace(&house, ID).await, (copies, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_lost_on_its_way_to_us_comes_with_the_next_connection() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let swallow = Fault::SwallowStanzas { way: sandbox::Way::ToClient, tag: Some("message".into()), stanzas: Some(1) };
    house.network().inject(Target::Everyone, swallow);
    let lost = house.grace().send_text(house.ada().number(), "lost").await.unwrap();
    let next = house.grace().send_text(house.ada().number(), "next").await.unwrap();
    session.inbox.readable(&next).await;
    assert_eq!(session.inbox.all().len(), 1);
    session.socket.close().await;
    let again = house.open(channel(1)).await;
    assert_eq!(again.inbox.readable(&lost).await.whatsapp_id, lost);
}
