//! What every test stands on: a ledger of its own, and things to write into it.

pub use crate::home::{Home, open};
use domain::{
    ChannelId, ChannelView, Content, Desired, Direction, Event, Message, MessageId, MessageStatus, Person, Reason, State,
    Timestamp,
};
use ledger::{EventQuery, Ledger, LoggedEvent};

pub const KEY: [u8; 32] = [7; 32];

pub fn t(secs: i64) -> Timestamp {
    Timestamp::from_secs(1_700_000_000 + secs)
}

/// A fresh ledger with one channel in it.
pub async fn ledger() -> (Home, Ledger, ChannelId) {
    let dir = Home::new();
    let ledger = open(dir.path()).await;
    let id = add_channel(&ledger, 1).await;
    (dir, ledger, id)
}

pub async fn add_channel(ledger: &Ledger, n: u128) -> ChannelId {
    let channel = channel(n);
    let id = channel.id;
    let events = vec![Event::ChannelCreated { channel: channel.clone() }];
    ledger.insert_channel(channel, events, t(0)).await.unwrap();
    id
}

pub fn channel(n: u128) -> ChannelView {
    ChannelView {
        id: ChannelId::new(t(0), n),
        name: format!("Front desk {n}"),
        created_at: t(0),
        desired: Desired::Stopped,
        state: State::Disconnected { since: t(0), reason: Reason::New },
        stuck_since: None,
        flapping_since: None,
        paired: false,
        identity: None,
        proxy: None,
    }
}

pub fn ada() -> Person {
    Person { phone: Some("15550100123".parse().unwrap()), lid: None, name: Some("Ada".into()) }
}

pub fn text(text: &str) -> Content {
    Content::Text { text: text.into() }
}

pub fn inbound(channel: ChannelId, n: u128, whatsapp_id: &str, content: Content) -> Message {
    Message {
        id: MessageId::new(t(1), n),
        channel,
        whatsapp_id: whatsapp_id.into(),
        chat: "15550100123@s.whatsapp.net".parse().unwrap(),
        direction: Direction::Inbound,
        sender: ada(),
        from_me: false,
        content,
        status: MessageStatus::Received,
        at: t(1),
        updated_at: t(1),
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    }
}

pub fn outbound(channel: ChannelId, n: u128, whatsapp_id: &str) -> Message {
    Message {
        direction: Direction::Outbound,
        sender: Person::default(),
        from_me: true,
        status: MessageStatus::Queued,
        ..inbound(channel, n, whatsapp_id, text("hello out there"))
    }
}

pub async fn all_events(ledger: &Ledger) -> Vec<LoggedEvent> {
    let mut events = Vec::new();
    loop {
        let after = events.last().map_or(0, |e: &LoggedEvent| e.seq);
        let page = ledger.events(&EventQuery { after, limit: 1000, ..EventQuery::default() }).await.unwrap();
        let end = page.len() < 1000;
        events.extend(page);
        if end {
            return events;
        }
    }
}

pub async fn kinds(ledger: &Ledger) -> Vec<String> {
    all_events(ledger).await.into_iter().map(|e| e.kind).collect()
}

/// The log's one promise about its numbers.
pub async fn assert_no_hole(ledger: &Ledger) {
    let seqs: Vec<u64> = all_events(ledger).await.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert_eq!(*ledger.tip().borrow(), seqs.len() as u64, "the tip is the newest seq");
}

/// What leaves next, long after everything is due.
pub async fn first_due(ledger: &Ledger, channel: ChannelId) -> Option<Message> {
    ledger.due(channel, t(1_000_000), 1).await.unwrap().pop()
}

/// `n` is also its WhatsApp id: `W7`.
pub async fn accept(ledger: &Ledger, message: Message) -> Message {
    match ledger.insert_outbound(message, None, None).await.unwrap() {
        ledger::Accepted::New(message) => message,
        other @ (ledger::Accepted::Again(_) | ledger::Accepted::OtherBody) => panic!("not accepted: {other:?}"),
    }
}

pub fn message_id(n: u128) -> MessageId {
    MessageId::new(t(1), n)
}

pub fn names(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|m| m.whatsapp_id.as_str()).collect()
}
