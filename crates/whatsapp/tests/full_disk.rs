//! A store that takes no writes: nothing that came in is acknowledged and lost, nothing that went out shares a key.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use domain::{Cause, Content};
use house::{House, SOON, Session, channel, text};
use sandbox::phone::Direction;
use socket::{Close, SendError};

const NO_ROOM: Close = Close::Lost(Cause::StorageFailed);
const INBOUND: &str = "pending_inbound_messages";
const RATCHETS: &str = "sessions";

/// Makes inserts into one table of channel 1's store fail, as on a disk without room for them; or lets them succeed again.
async fn room_for(house: &House, table: &str, room: bool) {
    let key = house.vault().channel_key(channel(1)).await.unwrap().unwrap();
    let file = house.dir.path().join("sessions").join(channel(1).to_string()).join("auth.db");
    let statement = if room {
        format!("DROP TRIGGER full_{table};")
    } else {
        format!(
            "CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END;"
        )
    };
    let mut connection = SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    let key = format!("PRAGMA key = \"x'{}'\"; PRAGMA busy_timeout = 5000;", key.as_hex().as_str());
    connection.batch_execute(&format!("{key} {statement}")).unwrap();
}

fn texts(session: &Session) -> Vec<Content> {
    session.inbox.all().into_iter().map(|m| m.content).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_ends_the_socket_and_comes_again_once_and_in_order() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    house.grace().send_text(house.ada().number(), "0").await.unwrap();
    session.inbox.letter(0).await;

    room_for(&house, INBOUND, false).await;
    for n in 1..=3 {
        house.grace().send_text(house.ada().number(), &n.to_string()).await.unwrap();
    }
    assert_eq!(session.closed().await, NO_ROOM);
    assert_eq!(texts(&session).len(), 1, "taken without a copy");
    // As long as there is no room, the next ones end the same way.
    assert_eq!(house.open(channel(1)).await.closed().await, NO_ROOM);

    room_for(&house, INBOUND, true).await;
    house.grace().send_text(house.ada().number(), "4").await.unwrap();
    let mut again = house.open(channel(1)).await;
    again.opened().await;
    again.inbox.letter(3).await;
    let expected: Vec<_> = (1..=4).map(|n| Content::Text { text: n.to_string() }).collect();
    assert_eq!(texts(&again), expected);
    again.socket.send(text("3EB0CCCCCCCCCCCCCCCC01", &house.grace(), "all here")).await.unwrap();
    house.grace().wait_for_message(SOON, |m| m.content.text() == Some("all here")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_ratchet_cannot_be_written_does_not_leave() {
    let house = House::new().await;
    let mut session = house.linked(channel(1)).await;
    room_for(&house, RATCHETS, false).await;
    let message = || text("3EB0CCCCCCCCCCCCCCCC02", &house.grace(), "not yet");
    assert_eq!(session.socket.send(message()).await, Err(SendError::NotConnected));
    assert_eq!(session.closed().await, NO_ROOM);
    assert!(!house.grace().messages().await.iter().any(|m| m.content.text() == Some("not yet")), "it left");

    room_for(&house, RATCHETS, true).await;
    let mut again = house.open(channel(1)).await;
    again.opened().await;
    again.socket.send(message()).await.unwrap();
    house.grace().wait_for_message(SOON, |m| m.content.text() == Some("not yet")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_left_with_a_message_is_not_used_again_after_a_reload() {
    let house = House::new().await;
    let grace = house.grace();
    let mut session = house.linked(channel(1)).await;
    let send = async |session: &Session, id: &str, said: &str| {
        session.socket.send(text(id, &grace, said)).await.unwrap();
        grace.wait_for_message(SOON, |m| m.content.text() == Some(said)).await.unwrap();
    };
    send(&session, "3EB0CCCCCCCCCCCCCCCC03", "written").await;
    // This one leaves under keys reserved on disk; that they are spent is to be written a moment later, and is not.
    room_for(&house, RATCHETS, false).await;
    send(&session, "3EB0CCCCCCCCCCCCCCCC04", "not written").await;
    assert_eq!(session.closed().await, NO_ROOM);

    room_for(&house, RATCHETS, true).await;
    let mut again = house.open(channel(1)).await;
    again.opened().await;
    send(&again, "3EB0CCCCCCCCCCCCCCCC05", "after").await;
    let inbound: Vec<_> = grace.messages().await.into_iter().filter(|m| m.direction == Direction::In).collect();
    assert_eq!(inbound.len(), 3, "{inbound:?}");
}
