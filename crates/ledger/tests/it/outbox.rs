use crate::ground::{self, ada, kinds, ledger, outbound, t};
use domain::{FailReason, MessageId, MessageStatus, Timestamp};
use ledger::{LedgerError, MessageRef, Receipt};

fn id_of(n: u128) -> MessageId {
    MessageId::new(t(1), n)
}

#[tokio::test]
async fn the_outbox_of_a_channel_has_one_order_and_survives() {
    let (dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    // Ids do not decide: the order of acceptance does.
    for n in [5, 3, 4] {
        ledger.insert_outbound(outbound(id, n, &format!("W{n}")), None, None).await.unwrap();
    }
    ledger.insert_outbound(outbound(other, 1, "W1"), None, None).await.unwrap();
    ledger.set_status(id_of(5), MessageStatus::Sending, t(2)).await.unwrap();
    ledger.close().await;

    let ledger = ground::open(dir.path()).await;
    let mut order = Vec::new();
    while let Some(message) = ground::first_due(&ledger, id).await {
        order.push(message.whatsapp_id.clone());
        ledger.set_status(message.id, MessageStatus::Sent, t(3)).await.unwrap();
    }
    assert_eq!(order, ["W5", "W3", "W4"], "the one that was being sent comes again, first");
    assert_eq!(ground::first_due(&ledger, other).await.unwrap().whatsapp_id, "W1");
    assert_eq!(ledger.stats().await.unwrap().queued, [(other, 1)]);
    ledger.close().await;
}

#[tokio::test]
async fn a_later_stage_is_never_undone() {
    let (_dir, ledger, id) = ledger().await;
    ledger.insert_outbound(outbound(id, 1, "A"), None, None).await.unwrap();
    let by_whatsapp_id = MessageRef::WhatsApp { channel: id, whatsapp_id: "A".into() };
    let read = ledger.set_status(by_whatsapp_id.clone(), MessageStatus::Read, t(5)).await.unwrap().unwrap();
    assert_eq!((read.status, read.updated_at), (MessageStatus::Read, t(5)));
    for late in
        [MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read, MessageStatus::Failed(FailReason::Refused(463))]
    {
        assert_eq!(ledger.set_status(by_whatsapp_id.clone(), late, t(6)).await.unwrap(), None, "{late:?}");
    }
    assert_eq!(ledger.message(id_of(1)).await.unwrap().unwrap().status, MessageStatus::Read);
    assert_eq!(kinds(&ledger).await, ["channel.created", "message.queued", "message.read"]);
    ledger.close().await;
}

#[tokio::test]
async fn a_message_is_never_changed_before_it_was_queued() {
    let (_dir, ledger, id) = ledger().await;
    let half_past = Timestamp::from_millis(t(5).as_millis() + 500);
    // Accepted at half past; the ack and the receipts say the whole second.
    for n in 1..=2u128 {
        let message = domain::Message { at: half_past, updated_at: half_past, ..outbound(id, n, &format!("W{n}")) };
        if n == 2 {
            // Before the message itself is there.
            ledger.receipt(delivered(id, "W2")).await.unwrap();
        }
        ledger.insert_outbound(message, None, None).await.unwrap();
    }
    let sent = ledger.set_status(id_of(1), MessageStatus::Sent, t(5)).await.unwrap().unwrap();
    assert_eq!(sent.updated_at, half_past);
    let told = ledger.receipt(delivered(id, "W1")).await.unwrap();
    assert_eq!(told.iter().map(|m| m.updated_at).collect::<Vec<_>>(), [half_past]);
    for n in 1..=2u128 {
        let message = ledger.message(id_of(n)).await.unwrap().unwrap();
        assert_eq!((message.status, message.updated_at), (MessageStatus::Delivered, half_past));
    }
    let later = ledger.set_status(id_of(1), MessageStatus::Read, t(6)).await.unwrap().unwrap();
    assert_eq!(later.updated_at, t(6));
    let times: Vec<_> =
        ground::all_events(&ledger).await.iter().filter(|e| e.kind.starts_with("message.")).map(|e| e.at).collect();
    assert_eq!(times, [half_past, half_past, half_past, half_past, half_past, t(6)]);
    ledger.close().await;
}

fn delivered(channel: domain::ChannelId, whatsapp_id: &str) -> Receipt {
    Receipt {
        channel,
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        by: ada(),
        whatsapp_ids: vec![whatsapp_id.into()],
        status: MessageStatus::Delivered,
        at: t(5),
    }
}

#[tokio::test]
async fn a_receipt_brings_all_its_messages_forward() {
    let (_dir, ledger, id) = ledger().await;
    for n in 1..=3u128 {
        ledger.insert_outbound(outbound(id, n, &format!("W{n}")), None, None).await.unwrap();
    }
    let receipt = Receipt {
        channel: id,
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        by: ada(),
        whatsapp_ids: vec!["W1".into(), "W3".into()],
        status: MessageStatus::Delivered,
        at: t(4),
    };
    let changed = ledger.receipt(receipt.clone()).await.unwrap();
    assert_eq!(changed.iter().map(|m| m.whatsapp_id.as_str()).collect::<Vec<_>>(), ["W1", "W3"]);
    assert_eq!(ledger.receipt(receipt).await.unwrap(), []);
    assert_eq!(ledger.message(id_of(2)).await.unwrap().unwrap().status, MessageStatus::Queued);
    ledger.close().await;
}

#[tokio::test]
async fn a_session_that_ended_fails_what_was_waiting() {
    let (_dir, ledger, id) = ledger().await;
    for n in 1..=2u128 {
        ledger.insert_outbound(outbound(id, n, &format!("W{n}")), None, None).await.unwrap();
    }
    ledger.set_status(id_of(1), MessageStatus::Sent, t(2)).await.unwrap();
    let failed = ledger.fail_queued(id, FailReason::SessionEnded, t(3)).await.unwrap();
    assert_eq!(failed.iter().map(|m| m.id).collect::<Vec<_>>(), [id_of(2)]);
    assert_eq!(ledger.message(id_of(2)).await.unwrap().unwrap().status, MessageStatus::Failed(FailReason::SessionEnded));
    assert_eq!(ground::first_due(&ledger, id).await, None);
    ledger.close().await;
}

#[tokio::test]
async fn a_message_of_an_unknown_channel_or_a_used_id_is_refused() {
    let (_dir, ledger, id) = ledger().await;
    ledger.insert_outbound(outbound(id, 1, "A"), None, None).await.unwrap();
    assert_eq!(ledger.insert_outbound(outbound(id, 1, "B"), None, None).await, Err(LedgerError::AlreadyThere));
    assert_eq!(
        ledger.insert_outbound(outbound(ground::channel(9).id, 2, "C"), None, None).await,
        Err(LedgerError::NoSuchChannel)
    );
    assert_eq!(ledger.set_status(id_of(77), MessageStatus::Sent, t(2)).await, Ok(None));
    ledger.close().await;
}
