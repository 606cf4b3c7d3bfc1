use crate::ground::{self, kinds, ledger, message_id, outbound, t};
use domain::{Message, MessageStatus};
use ledger::{Accepted, Idempotency, Ledger, LedgerError};

fn key(key: &str, fingerprint: u8) -> Option<Idempotency> {
    Some(Idempotency { key: key.into(), fingerprint: [fingerprint; 32] })
}

async fn ask(ledger: &Ledger, message: Message, idempotency: Option<Idempotency>) -> Accepted {
    ledger.insert_outbound(message, idempotency, None).await.unwrap()
}

#[tokio::test]
async fn the_same_key_and_request_is_the_same_message_as_first_answered() {
    let (dir, ledger, id) = ledger().await;
    let first = outbound(id, 1, "A");
    assert_eq!(ask(&ledger, first.clone(), key("k", 1)).await, Accepted::New(first.clone()));
    ledger.set_status(first.id, MessageStatus::Read, t(5)).await.unwrap();
    ledger.close().await;

    let ledger = ground::open(dir.path()).await;
    assert_eq!(ask(&ledger, outbound(id, 2, "B"), key("k", 1)).await, Accepted::Again(first));
    assert_eq!(ask(&ledger, outbound(id, 3, "C"), key("k", 2)).await, Accepted::OtherBody);
    assert!(matches!(ask(&ledger, outbound(id, 4, "D"), key("other", 2)).await, Accepted::New(_)));
    assert_eq!(kinds(&ledger).await, ["channel.created", "message.queued", "message.read", "message.queued"]);
    ledger.close().await;
}

#[tokio::test]
async fn a_key_counts_within_its_channel_and_for_a_day() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    ask(&ledger, outbound(id, 1, "A"), key("k", 1)).await;
    assert!(matches!(ask(&ledger, outbound(other, 2, "B"), key("k", 2)).await, Accepted::New(_)));

    let day = 24 * 3600;
    let later = |n, secs| Message { at: t(secs), updated_at: t(secs), ..outbound(id, n, &format!("W{n}")) };
    assert_eq!(ask(&ledger, later(3, day), key("k", 9)).await, Accepted::OtherBody);
    assert_eq!(ledger.prune_idempotency(t(day)).await.unwrap(), 0);
    assert!(matches!(ask(&ledger, later(4, day + 1), key("k", 9)).await, Accepted::New(_)), "a day is over");
    assert_eq!(ask(&ledger, later(5, day + 2), key("k", 1)).await, Accepted::OtherBody, "the newer request counts");
    assert_eq!(ledger.prune_idempotency(t(day + 1)).await.unwrap(), 1, "that of the other channel");
    assert!(matches!(ask(&ledger, later(6, 3 * day), key("k", 1)).await, Accepted::New(_)));
    ledger.close().await;
}

#[tokio::test]
async fn one_request_made_many_times_at_once_is_one_message() {
    let (_dir, ledger, id) = ledger().await;
    let asked = (1..=50u128).map(|n| ask(&ledger, outbound(id, n, &format!("W{n}")), key("k", 1)));
    let answers = futures::future::join_all(asked).await;
    let new: Vec<_> = answers.iter().filter_map(|a| if let Accepted::New(m) = a { Some(m.id) } else { None }).collect();
    assert_eq!(new.len(), 1);
    assert!(answers.iter().all(|a| matches!(a, Accepted::New(m) | Accepted::Again(m) if m.id == new[0])));
    assert_eq!(ledger.stats().await.unwrap().queued, [(id, 1)]);
    ledger.close().await;
}

#[tokio::test]
async fn a_full_outbox_takes_no_more_until_something_left() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    let asked = (1..=9u128).map(|n| ledger.insert_outbound(outbound(id, n, &format!("W{n}")), None, Some(5)));
    let answers = futures::future::join_all(asked).await;
    assert_eq!(answers.iter().filter(|a| **a == Err(LedgerError::QueueFull)).count(), 4);
    assert!(ledger.insert_outbound(outbound(other, 20, "X"), None, Some(5)).await.is_ok(), "each channel has its own room");
    assert_eq!(ledger.insert_outbound(outbound(id, 21, "Y"), key("k", 1), Some(5)).await, Err(LedgerError::QueueFull));

    let sent = ground::first_due(&ledger, id).await.unwrap();
    ledger.set_status(sent.id, MessageStatus::Sent, t(3)).await.unwrap();
    let taken = ledger.insert_outbound(outbound(id, 22, "Z"), key("k", 1), Some(5)).await;
    assert!(matches!(taken, Ok(Accepted::New(_))), "what was refused has used up no key: {taken:?}");
    ledger.close().await;
}

#[tokio::test]
async fn who_asks_wrongly_harms_nobody_who_asks_at_the_same_time() {
    let (_dir, ledger, id) = ledger().await;
    ask(&ledger, outbound(id, 1, "A"), None).await;
    let (again, stranger, twice, good) = tokio::join!(
        ledger.insert_outbound(outbound(id, 1, "B"), None, None),
        ledger.insert_outbound(outbound(ground::channel(9).id, 2, "C"), None, None),
        ledger.insert_outbound(outbound(id, 1, "D"), None, None),
        ledger.insert_outbound(outbound(id, 3, "E"), None, None),
    );
    assert_eq!((again, twice), (Err(LedgerError::AlreadyThere), Err(LedgerError::AlreadyThere)));
    assert_eq!(stranger, Err(LedgerError::NoSuchChannel));
    assert!(matches!(good, Ok(Accepted::New(_))));
    assert_eq!(ledger.message(message_id(1)).await.unwrap().unwrap().whatsapp_id, "A");
    assert_eq!(kinds(&ledger).await, ["channel.created", "message.queued", "message.queued"]);
    ground::assert_no_hole(&ledger).await;
    ledger.close().await;
}
