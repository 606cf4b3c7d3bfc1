//! WhatsApp gets its ack of a receipt when the engine has said that it is kept, and not before.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use house::{House, SOON, Session, channel, text};
use sandbox::{Fault, NetworkEvent, Target, Way};
use socket::{Kept, ReceiptKind, SocketEvent};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;

/// Longer than an ack takes that nothing holds back, and shorter than the patience of those that are held.
const A_WHILE: Duration = Duration::from_millis(700);

const EARLIER: &str = "3EB0AAAAAAAAAAAAAAAA30";
const ID: &str = "3EB0AAAAAAAAAAAAAAAA31";

async fn receipt(session: &mut Session, of: &str) -> Kept {
    session
        .until(|event| match event {
            SocketEvent::Receipt { whatsapp_ids, kind: ReceiptKind::Delivered, kept, .. } if whatsapp_ids[0] == of => {
                Some(kept.clone())
            }
            _ => None,
        })
        .await
}

/// The next ack of a client reaches the network, and goes no further.
async fn an_ack_comes(events: &mut Receiver<NetworkEvent>) {
    loop {
        if let NetworkEvent::FaultHit { .. } = events.recv().await.unwrap() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_acknowledged_when_it_is_kept() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    // What else there is to acknowledge after a login is done with.
    session.socket.send(text(EARLIER, &house.grace(), "before")).await.unwrap();
    receipt(&mut session, EARLIER).await;
    let letter = house.grace().send_text(house.ada().number(), "in between").await.unwrap();
    session.inbox.readable(&letter).await;

    let mut events = house.network().events();
    let acks = Fault::SwallowStanzas { way: Way::FromClient, tag: Some("ack".into()), stanzas: Some(1) };
    session.holds_receipts = true;
    house.network().inject(Target::Everyone, acks);
    session.socket.send(text(ID, &house.grace(), "to be kept")).await.unwrap();
    let kept = receipt(&mut session, ID).await;
    assert!(tokio::time::timeout(A_WHILE, an_ack_comes(&mut events)).await.is_err(), "acknowledged too soon");
    kept.settle();
    tokio::time::timeout(SOON, an_ack_comes(&mut events)).await.expect("not acknowledged at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_was_let_go_comes_again() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    session.holds_receipts = true;
    session.socket.send(text(ID, &house.grace(), "to be told twice")).await.unwrap();
    drop(receipt(&mut session, ID).await);
    // An engine that is gone.
    session.log.clear();
    drop(session);
    let mut again = house.open(channel(1)).await;
    receipt(&mut again, ID).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_that_nobody_keeps_does_not_stop_the_session() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    session.holds_receipts = true;
    session.socket.send(text(ID, &house.grace(), "held")).await.unwrap();
    let held = receipt(&mut session, ID).await;
    for n in 40..50 {
        session.socket.send(text(&format!("3EB0AAAAAAAAAAAAAAAA{n}"), &house.grace(), "on it goes")).await.unwrap();
    }
    house.grace().wait_for_message(SOON, |m| m.id.ends_with("49")).await.unwrap();
    drop(held);
}
