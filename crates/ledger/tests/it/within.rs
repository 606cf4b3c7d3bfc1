//! What an app reads of messages is within its reach.

use crate::ground::{accept, add_channel, inbound, ledger, outbound, t, text};
use domain::{ChannelId, ChatId, FailReason, Message, MessageStatus, Permit, Permits, Reach, Scope};
use ledger::{Ledger, MessageCount, MessageQuery, OutboxCounts, OutboxQuery, Within};

const ADA: &str = "15550100123@s.whatsapp.net";
const BOB: &str = "15550100124@s.whatsapp.net";

fn to(chat: &str, message: Message) -> Message {
    Message { chat: chat.parse::<ChatId>().unwrap(), ..message }
}

fn reach(channels: Reach<ChannelId>, chats: &[&str]) -> Permit {
    let chats = if chats.is_empty() { Reach::All } else { Reach::only(chats.iter().map(|chat| chat.parse().unwrap())) };
    Permit::new(Scope::MessagesRead, channels, chats).unwrap()
}

async fn seen(ledger: &Ledger, channel: ChannelId, within: &Within) -> Vec<String> {
    let (mut before, mut seen) = (None, Vec::new());
    loop {
        let query = MessageQuery { before, limit: 2, ..MessageQuery::default() };
        let page = ledger.messages_within(channel, &query, within).await.unwrap();
        seen.extend(page.messages.into_iter().map(|m| m.whatsapp_id));
        before = page.next;
        if before.is_none() {
            seen.reverse();
            return seen;
        }
    }
}

#[tokio::test]
async fn pages_and_numbers_hold_what_permits_reach_and_no_more() {
    let (_home, ledger, one) = ledger().await;
    let other = add_channel(&ledger, 2).await;
    let came = vec![
        to(ADA, inbound(one, 1, "A1", text("x"))),
        to(BOB, inbound(one, 2, "B1", text("x"))),
        to(ADA, inbound(other, 3, "A2", text("x"))),
    ];
    ledger.insert_inbound(came, t(2)).await.unwrap();
    for (n, channel, chat) in [(4, one, ADA), (5, one, BOB), (6, other, ADA), (7, other, BOB)] {
        accept(&ledger, to(chat, outbound(channel, n, &format!("W{n}")))).await;
    }
    ledger.set_status(crate::ground::message_id(5), MessageStatus::Failed(FailReason::Internal), t(3)).await.unwrap();
    ledger.set_status(crate::ground::message_id(6), MessageStatus::Sent, t(3)).await.unwrap();

    let (all, of_one) = (Reach::All, Reach::only([one]));
    for (permits, in_one, in_other, counts) in [
        (vec![], &[][..], &[][..], (0, 0, 0)),
        (vec![reach(of_one.clone(), &[ADA])], &["A1", "W4"], &[], (1, 0, 1)),
        (vec![reach(all.clone(), &[ADA])], &["A1", "W4"], &["A2", "W6"], (1, 0, 2)),
        (vec![reach(of_one.clone(), &[])], &["A1", "B1", "W4", "W5"], &[], (1, 1, 2)),
        (vec![reach(of_one, &[BOB]), reach(Reach::only([other]), &[ADA])], &["B1", "W5"], &["A2", "W6"], (0, 1, 2)),
        (vec![reach(all, &[])], &["A1", "B1", "W4", "W5"], &["A2", "W6", "W7"], (2, 1, 3)),
    ] {
        let within = Within::of(&Permits::new(permits), Scope::MessagesRead);
        assert_eq!(seen(&ledger, one, &within).await, in_one, "{within:?}");
        assert_eq!(seen(&ledger, other, &within).await, in_other, "{within:?}");
        let (queued, failed, received) = counts;
        let told = ledger.outbox_counts_within(None, &within, t(9)).await.unwrap();
        assert_eq!(told, OutboxCounts { queued, failed, ..OutboxCounts::default() }, "{within:?}");
        let query = OutboxQuery { channel: None, status: None, before: None, limit: 9, now: t(9) };
        let page = ledger.outbox_page_within(&query, &within).await.unwrap();
        assert_eq!(page.messages.len() as u64, queued + failed, "{within:?}");
        let counted = ledger.message_counts_within(t(0), 3_600_000, &within).await.unwrap();
        let of = |number: fn(&MessageCount) -> u64| counted.iter().map(number).sum::<u64>();
        assert_eq!((of(|c| c.received), of(|c| c.failed)), (received, failed), "{within:?}");
        assert_eq!(of(|c| c.sent), u64::from(in_other.contains(&"W6")));
    }
    ledger.close().await;
}
