//! Fills a ledger with messages that came in, and with other events, for measurements of what growth does:
//! `fill DIRECTORY MESSAGES EVENTS <<<KEY_IN_HEX`. The ledger must have a channel; nobody may have it open.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a program of its own: nothing else tells it the time"
)]

use domain::{Content, Direction, Event, Message, MessageId, MessageStatus, Person, Timestamp};
use ledger::{Ledger, OpenOptions};
use std::path::PathBuf;

/// Rows of one transaction.
const TOGETHER: usize = 500;
/// A day ago, and one more every second: within the retention.
const DAY_MS: i64 = 86_400_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().unwrap());
    let messages: usize = args.next().unwrap().parse().unwrap();
    let events: usize = args.next().unwrap().parse().unwrap();
    let mut hex_key = String::new();
    std::io::stdin().read_line(&mut hex_key).unwrap();
    let key: [u8; 32] = hex::decode(hex_key.trim()).unwrap().try_into().unwrap();

    let ledger = Ledger::open(&dir, &key, OpenOptions::default()).await.unwrap();
    let channel = ledger.channels().await.unwrap().into_iter().next().expect("a channel");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let began = Timestamp::from_millis(i64::try_from(now.as_millis()).unwrap() - DAY_MS);

    let mut made = 0;
    while made < messages {
        let part = TOGETHER.min(messages - made);
        let rows = (made..made + part)
            .map(|n| {
                let at = Timestamp::from_millis(began.as_millis() + i64::try_from(n).unwrap() * 500);
                // 200 chats.
                let phone = format!("1555010{:04}", 1000 + n % 200);
                Message {
                    id: MessageId::new(at, rand::random()),
                    channel: channel.id,
                    whatsapp_id: format!("3A{n:018X}"),
                    chat: format!("{phone}@s.whatsapp.net").parse().unwrap(),
                    direction: Direction::Inbound,
                    sender: Person { phone: Some(phone.parse().unwrap()), lid: None, name: Some("Ada".into()) },
                    from_me: false,
                    content: Content::Text { text: "Your order has left the house and should be with you at noon.".into() },
                    status: MessageStatus::Received,
                    at,
                    updated_at: at,
                    outbox: domain::OutboxNote::default(),
                    amended: domain::Amended::default(),
                }
            })
            .collect();
        ledger.insert_inbound(rows, began).await.unwrap();
        made += part;
    }
    let mut told = messages;
    while told < events {
        let part = TOGETHER.min(events - told);
        let batch = vec![Event::ChannelUpdated { channel: channel.clone() }; part];
        ledger.append(batch, began).await.unwrap();
        told += part;
    }
    println!("{}", *ledger.tip().borrow());
    ledger.close().await;
}
