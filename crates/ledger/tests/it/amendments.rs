use crate::ground::{accept, ada, assert_no_hole, inbound, kinds, ledger, message_id, outbound, t, text};
use domain::{Content, Lid, Message, Person, Reaction};
use ledger::{Inbound, Ledger};

fn bob() -> Person {
    Person { phone: Some("15550100124".parse().unwrap()), lid: None, name: Some("Bob".into()) }
}

fn edit(target: &str, new: &str) -> Content {
    Content::Edit { target: target.into(), text: new.into() }
}

fn revoke(target: &str) -> Content {
    Content::Revoke { target: target.into() }
}

fn reaction(target: &str, emoji: &str) -> Content {
    Content::Reaction { target: target.into(), emoji: emoji.into() }
}

/// The `n`-th message of this channel, at second `n`.
fn at(mut message: Message, secs: i64) -> Message {
    message.at = t(secs);
    message
}

fn in_group(message: Message, sender: Person) -> Message {
    Message { chat: "120363000000000001@g.us".parse().unwrap(), sender, ..message }
}

async fn come(ledger: &Ledger, message: Message) {
    let taken = ledger.insert_inbound(vec![message], t(50)).await.unwrap();
    assert!(matches!(taken[..], [Inbound::Inserted(_)]), "{taken:?}");
}

#[tokio::test]
async fn an_edit_a_reaction_and_a_revoke_change_the_message_that_they_are_about() {
    let (_dir, ledger, id) = ledger().await;
    come(&ledger, inbound(id, 1, "A", text("helo"))).await;
    come(&ledger, at(inbound(id, 2, "E", edit("A", "hello")), 10)).await;
    come(&ledger, at(inbound(id, 3, "R", reaction("A", "👍")), 11)).await;
    let message = ledger.message(message_id(1)).await.unwrap().unwrap();
    assert_eq!((message.content.clone(), message.amended.edited_at), (text("hello"), Some(t(10))));
    assert_eq!(message.amended.reactions, [Reaction { by: ada(), emoji: "👍".into(), at: t(11) }]);
    come(&ledger, at(inbound(id, 4, "D", revoke("A")), 12)).await;
    let message = ledger.message(message_id(1)).await.unwrap().unwrap();
    assert_eq!(message.amended.revoked_at, Some(t(12)));

    let told =
        ["message.received", "message.edited", "message.received", "message.reaction", "message.received", "message.revoked"];
    assert_eq!(kinds(&ledger).await[2..], told);
    // Each is a message of its own, and comes twice without harm.
    let again = ledger.insert_inbound(vec![at(inbound(id, 9, "D", revoke("A")), 12)], t(60)).await.unwrap();
    assert!(matches!(&again[0], Inbound::Duplicate(m) if m.content == revoke("A")));
    assert_eq!(kinds(&ledger).await.len(), 8);
    ledger.close().await;
}

#[tokio::test]
async fn what_comes_before_its_message_is_kept_and_applied_when_it_comes() {
    let (dir, ledger, id) = ledger().await;
    come(&ledger, at(inbound(id, 1, "E2", edit("A", "second")), 12)).await;
    come(&ledger, at(inbound(id, 2, "E1", edit("A", "first")), 11)).await;
    come(&ledger, at(inbound(id, 3, "R", reaction("A", "👍")), 13)).await;
    come(&ledger, at(inbound(id, 4, "X", revoke("B")), 14)).await;
    ledger.close().await;
    let ledger = crate::ground::open(dir.path()).await;
    let taken =
        ledger.insert_inbound(vec![inbound(id, 5, "A", text("zero")), inbound(id, 6, "B", text("b"))], t(60)).await.unwrap();
    assert_eq!(taken[0].message().content, text("second"), "the answer is the message as it is known now");
    assert_eq!(taken[0].message().amended.reactions.len(), 1);
    assert_eq!(taken[1].message().amended.revoked_at, Some(t(14)));
    assert_eq!(ledger.message(message_id(5)).await.unwrap().as_ref(), Some(taken[0].message()));
    assert_eq!(
        kinds(&ledger).await[5..],
        ["message.received", "message.received", "message.edited", "message.reaction", "message.revoked"],
        "the older edit changes nothing"
    );
    // They are joined once.
    let other = in_group(inbound(id, 7, "A", text("another of this id")), bob());
    assert_eq!(ledger.insert_inbound(vec![other.clone()], t(61)).await.unwrap(), [Inbound::Inserted(other)]);
    assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[tokio::test]
async fn a_message_and_what_amends_it_may_come_together() {
    let (_dir, ledger, id) = ledger().await;
    let together = vec![
        at(inbound(id, 1, "R", reaction("A", "👍")), 11),
        inbound(id, 2, "A", text("a")),
        at(inbound(id, 3, "E", edit("A", "b")), 12),
    ];
    let taken = ledger.insert_inbound(together, t(50)).await.unwrap();
    assert_eq!(taken[1].message().content, text("b"));
    assert_eq!(taken[1].message().amended.reactions.len(), 1);
    assert_eq!(ledger.message(message_id(2)).await.unwrap().as_ref(), Some(taken[1].message()));
    ledger.close().await;
}

#[tokio::test]
async fn only_the_author_edits_and_in_a_group_an_admin_may_revoke() {
    let (_dir, ledger, id) = ledger().await;
    come(&ledger, in_group(inbound(id, 1, "A", text("mine")), ada())).await;
    come(&ledger, inbound(id, 2, "P", text("private"))).await;
    accept(&ledger, outbound(id, 3, "O")).await;
    come(&ledger, in_group(inbound(id, 4, "E1", edit("A", "forged")), bob())).await;
    come(&ledger, inbound(id, 5, "E2", edit("A", "of another chat"))).await;
    come(&ledger, inbound(id, 6, "E3", edit("O", "theirs, not ours"))).await;
    come(&ledger, Message { from_me: true, ..inbound(id, 7, "X1", revoke("P")) }).await;
    for n in 1..=3 {
        assert_eq!(ledger.message(message_id(n)).await.unwrap().unwrap().amended, domain::Amended::default(), "{n}");
    }
    assert_eq!(ledger.message(message_id(1)).await.unwrap().unwrap().content, text("mine"));

    come(&ledger, in_group(inbound(id, 8, "X2", revoke("A")), bob())).await;
    assert!(ledger.message(message_id(1)).await.unwrap().unwrap().amended.revoked_at.is_some());
    // From the phone, about what was sent from here.
    come(&ledger, at(Message { from_me: true, ..inbound(id, 9, "E4", edit("O", "ours")) }, 20)).await;
    let ours = ledger.message(message_id(3)).await.unwrap().unwrap();
    assert_eq!((ours.content, ours.amended.edited_at), (text("ours"), Some(t(20))));
    ledger.close().await;
}

#[tokio::test]
async fn each_person_has_one_reaction_and_an_older_one_never_comes_back() {
    let (_dir, ledger, id) = ledger().await;
    come(&ledger, in_group(inbound(id, 1, "A", text("a")), ada())).await;
    let lid = Some(Lid::from_user("99001122334455"));
    let with_lid = Person { lid: lid.clone(), ..bob() };
    let by_lid = Person { lid, ..Person::default() };
    let react = async |n: u128, by: Person, emoji: &str, secs: i64| {
        come(&ledger, at(in_group(inbound(id, n, &format!("R{n}"), reaction("A", emoji)), by), secs)).await;
        let message = ledger.message(message_id(1)).await.unwrap().unwrap();
        message.amended.reactions.into_iter().map(|r| r.emoji).collect::<String>()
    };
    assert_eq!(react(2, with_lid, "👍", 10).await, "👍");
    assert_eq!(react(3, ada(), "🎉", 11).await, "👍🎉");
    assert_eq!(react(4, by_lid.clone(), "😀", 12).await, "😀🎉", "the same person under the other address");
    assert_eq!(react(5, by_lid.clone(), "", 20).await, "🎉", "taken back");
    assert_eq!(react(6, by_lid, "👎", 15).await, "🎉", "sent before it was taken back, and came after it");
    ledger.close().await;
}

#[tokio::test]
async fn an_edit_of_what_cannot_be_read_yet_waits_until_it_can() {
    let (_dir, ledger, id) = ledger().await;
    come(&ledger, inbound(id, 1, "A", Content::Undecryptable)).await;
    come(&ledger, at(inbound(id, 2, "E", edit("A", "new")), 10)).await;
    let resolved = ledger.insert_inbound(vec![inbound(id, 3, "A", text("old"))], t(60)).await.unwrap();
    assert!(matches!(&resolved[0], Inbound::Resolved(m) if m.content == text("new") && m.id == message_id(1)), "{resolved:?}");
    assert_eq!(kinds(&ledger).await[3..], ["message.resolved", "message.edited"]);
    // And an amendment that could not be read itself.
    come(&ledger, at(inbound(id, 4, "E2", Content::Undecryptable), 11)).await;
    ledger.insert_inbound(vec![at(inbound(id, 5, "E2", edit("A", "newest")), 11)], t(61)).await.unwrap();
    assert_eq!(ledger.message(message_id(1)).await.unwrap().unwrap().content, text("newest"));
    ledger.close().await;
}
