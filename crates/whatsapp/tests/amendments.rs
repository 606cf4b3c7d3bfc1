//! Edits, deletions and reactions that come in, in order and before the message that they are about.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::Content;
use house::{House, SOON, channel, chat_with, text};
use sandbox::phone::ReceiptKind as Told;
use socket::{ReceiptKind, SocketEvent};

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_a_reaction_and_a_deletion_come_in_as_messages_about_another() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let (ada, grace) = (house.ada(), house.grace());
    let target = grace.send_text(ada.number(), "helo").await.unwrap();
    let edit = grace.edit(&target, "hello").await.unwrap();
    let heart = grace.react(&target, "❤️").await.unwrap();
    let back = grace.react(&target, "").await.unwrap();
    let gone = grace.revoke(&target).await.unwrap();

    session.inbox.letter(4).await;
    let came: Vec<_> = session.inbox.all().into_iter().map(|m| (m.whatsapp_id, m.content)).collect();
    let about = || target.clone();
    assert_eq!(
        came,
        [
            (about(), Content::Text { text: "helo".into() }),
            (edit, Content::Edit { target: about(), text: "hello".into() }),
            (heart, Content::Reaction { target: about(), emoji: "❤️".into() }),
            (back, Content::Reaction { target: about(), emoji: String::new() }),
            (gone, Content::Revoke { target: about() }),
        ]
    );
    let letters = session.inbox.all();
    assert!(letters.iter().all(|m| m.chat == chat_with(&grace) && m.sender == letters[0].sender && !m.from_me));
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_account_itself_does_elsewhere_comes_in_as_its_own() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let target = house.ada().send_text(house.grace().number(), "mine").await.unwrap();
    let edit = house.ada().edit(&target, "mine, better").await.unwrap();
    let letter = session.inbox.readable(&edit).await;
    assert!(letter.from_me);
    assert_eq!(letter.chat, chat_with(&house.grace()));
    assert_eq!(letter.content, Content::Edit { target, text: "mine, better".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_may_come_before_its_message() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let (ada, grace) = (house.ada(), house.grace());
    let late = grace.hold_text(ada.number(), "helo").await.unwrap();
    let edit = grace.edit(&late, "hello").await.unwrap();
    let heart = grace.react(&late, "❤️").await.unwrap();
    session.inbox.letter(1).await;
    let ids = |inbox: &house::Letterbox| inbox.all().into_iter().map(|m| m.whatsapp_id).collect::<Vec<_>>();
    assert_eq!(ids(&session.inbox), [edit.clone(), heart.clone()]);
    grace.release(&late).await.unwrap();
    assert_eq!(session.inbox.letter(2).await.content, Content::Text { text: "helo".into() });
    assert_eq!(ids(&session.inbox), [edit, heart, late]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_may_come_before_its_message() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    let (ada, grace) = (house.ada(), house.grace());
    // Written on the account's phone, read by Grace, and only then told to the channel.
    let late = ada.hold_text(grace.number(), "by phone").await.unwrap();
    grace.tell_receipt(ada.number(), std::slice::from_ref(&late), Told::Read).unwrap();
    let told = session
        .until(|event| match event {
            SocketEvent::Receipt { whatsapp_ids, kind: ReceiptKind::Read, .. } => Some(whatsapp_ids.clone()),
            _ => None,
        })
        .await;
    assert_eq!(told, std::slice::from_ref(&late));
    assert!(session.inbox.all().is_empty());
    ada.release(&late).await.unwrap();
    assert!(session.inbox.readable(&late).await.from_me);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_channel_wrote_can_be_reacted_to() {
    let house = House::new().await;
    let session = house.linked(channel(1)).await;
    let grace = house.grace();
    let id = "3EB0AAAAAAAAAAAAAAAA11";
    session.socket.send(text(id, &grace, "well?")).await.unwrap();
    grace.wait_for_message(SOON, |m| m.id == id).await.unwrap();
    let thumb = grace.react(id, "👍").await.unwrap();
    let letter = session.inbox.readable(&thumb).await;
    assert_eq!(letter.content, Content::Reaction { target: id.into(), emoji: "👍".into() });
}
