use crate::ground::{ada, inbound, kinds, ledger, outbound, t, text};
use domain::{Content, Lid, Message, MessageId, MessageStatus, Person};
use ledger::{Inbound, MessageQuery, Receipt};

#[tokio::test]
async fn a_message_that_comes_again_is_the_same_message() {
    let (_dir, ledger, id) = ledger().await;
    let first = inbound(id, 1, "A", text("hi"));
    assert_eq!(ledger.insert_inbound(vec![first.clone()], t(2)).await.unwrap(), [Inbound::Inserted(first.clone())]);
    let again = inbound(id, 2, "A", text("hi"));
    assert_eq!(
        ledger.insert_inbound(vec![again.clone(), again], t(3)).await.unwrap(),
        [Inbound::Duplicate(first.clone()), Inbound::Duplicate(first)]
    );
    assert_eq!(kinds(&ledger).await, ["channel.created", "message.received"]);
    ledger.close().await;
}

#[tokio::test]
async fn one_id_from_another_sender_or_in_another_chat_is_another_message() {
    let (_dir, ledger, id) = ledger().await;
    let group = "120363000000000001@g.us".parse().unwrap();
    let by_ada = Message { chat: group, ..inbound(id, 1, "A", text("mine")) };
    let by_bob = Message {
        id: MessageId::new(t(1), 2),
        sender: Person { phone: Some("15550100124".parse().unwrap()), ..Person::default() },
        ..by_ada.clone()
    };
    let elsewhere = inbound(id, 3, "A", text("private"));
    let taken = ledger.insert_inbound(vec![by_ada, by_bob, elsewhere], t(2)).await.unwrap();
    assert!(taken.iter().all(|i| matches!(i, Inbound::Inserted(_))), "{taken:?}");
    ledger.close().await;
}

#[tokio::test]
async fn a_sender_is_the_same_by_either_address() {
    let (_dir, ledger, id) = ledger().await;
    let lid = Some(Lid::from_user("99001122334455"));
    let known = inbound(id, 1, "A", Content::Undecryptable);
    let full = Message { sender: Person { lid: lid.clone(), ..ada() }, ..inbound(id, 2, "A", text("now it opens")) };
    ledger.insert_inbound(vec![known], t(2)).await.unwrap();
    ledger.insert_inbound(vec![full], t(3)).await.unwrap();
    let by_lid_only = Message { sender: Person { lid, ..Person::default() }, ..inbound(id, 3, "A", text("now it opens")) };
    let again = ledger.insert_inbound(vec![by_lid_only], t(4)).await.unwrap();
    assert!(matches!(again[0], Inbound::Duplicate(_)), "{again:?}");
    ledger.close().await;
}

#[tokio::test]
async fn an_undecryptable_message_is_completed_under_its_own_id() {
    let (_dir, ledger, id) = ledger().await;
    ledger.insert_inbound(vec![inbound(id, 1, "A", Content::Undecryptable)], t(2)).await.unwrap();
    let resolved = ledger.insert_inbound(vec![inbound(id, 2, "A", text("at last"))], t(5)).await.unwrap();
    let expected = Message { updated_at: t(5), ..inbound(id, 1, "A", text("at last")) };
    assert_eq!(resolved, [Inbound::Resolved(expected.clone())]);
    assert_eq!(ledger.message(expected.id).await.unwrap(), Some(expected));

    // An undecryptable copy that comes late takes nothing back.
    let late = ledger.insert_inbound(vec![inbound(id, 3, "A", Content::Undecryptable)], t(6)).await.unwrap();
    assert!(matches!(late[0], Inbound::Duplicate(_)));
    assert_eq!(kinds(&ledger).await, ["channel.created", "message.received", "message.resolved"]);
    ledger.close().await;
}

#[tokio::test]
async fn an_echo_of_what_we_sent_is_no_new_message() {
    let (_dir, ledger, id) = ledger().await;
    ledger.insert_outbound(outbound(id, 1, "OUT"), None, None).await.unwrap();
    let echo = Message { from_me: true, ..inbound(id, 2, "OUT", text("hello out there")) };
    let taken = ledger.insert_inbound(vec![echo], t(2)).await.unwrap();
    assert!(matches!(&taken[0], Inbound::Duplicate(known) if known.id == MessageId::new(t(1), 1)));
    ledger.close().await;
}

#[tokio::test]
async fn a_receipt_that_came_first_is_joined_when_its_message_comes() {
    let (_dir, ledger, id) = ledger().await;
    let receipt = |status, at| Receipt {
        channel: id,
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        by: ada(),
        whatsapp_ids: vec!["PHONE".into()],
        status,
        at,
    };
    for _ in 0..2 {
        // Redelivered: told once.
        assert_eq!(ledger.receipt(receipt(MessageStatus::Read, t(4))).await.unwrap(), []);
    }
    ledger.receipt(receipt(MessageStatus::Delivered, t(3))).await.unwrap();
    assert_eq!(kinds(&ledger).await, ["channel.created", "receipt.unmatched", "receipt.unmatched"]);

    let sent_on_the_phone = Message { from_me: true, ..inbound(id, 1, "PHONE", text("from my phone")) };
    let taken = ledger.insert_inbound(vec![sent_on_the_phone], t(5)).await.unwrap();
    assert_eq!(taken[0].message().status, MessageStatus::Read);
    assert_eq!(kinds(&ledger).await[3..], ["message.received", "message.read"]);
    assert_eq!(ledger.message(MessageId::new(t(1), 1)).await.unwrap().unwrap().status, MessageStatus::Read);
    ledger.close().await;
}

#[tokio::test]
async fn messages_page_newest_first_by_arrival() {
    let (_dir, ledger, id) = ledger().await;
    for n in 0..5u128 {
        // WhatsApp's clock is not the order of arrival.
        let message = Message { at: t(100 - i64::try_from(n).unwrap()), ..inbound(id, n, &format!("W{n}"), text("x")) };
        ledger.insert_inbound(vec![message], t(2)).await.unwrap();
    }
    let other = Message { chat: "15550100124@s.whatsapp.net".parse().unwrap(), ..inbound(id, 9, "Z", text("x")) };
    ledger.insert_inbound(vec![other], t(2)).await.unwrap();

    let chat = Some("15550100123@s.whatsapp.net".parse().unwrap());
    let page = ledger.messages(id, &MessageQuery { chat: chat.clone(), limit: 3, ..MessageQuery::default() }).await.unwrap();
    let names = |p: &ledger::MessagePage| p.messages.iter().map(|m| m.whatsapp_id.clone()).collect::<Vec<_>>();
    assert_eq!(names(&page), ["W4", "W3", "W2"]);
    let page =
        ledger.messages(id, &MessageQuery { chat, before: page.next, limit: 3, ..MessageQuery::default() }).await.unwrap();
    assert_eq!((names(&page), page.next), (vec!["W1".to_owned(), "W0".into()], None));
    let all = ledger.messages(id, &MessageQuery { limit: 100, ..MessageQuery::default() }).await.unwrap();
    assert_eq!(all.messages.len(), 6);
    ledger.close().await;
}
