//! What waits in the outbox: for a moment, for another try, for a person.

use crate::ground::{self, accept, kinds, ledger, message_id, names, outbound, t};
use domain::{ChatId, FailReason, Message, MessageStatus, OutboxNote, Timestamp};
use ledger::{Cancelled, Ledger, OutboxCounts, OutboxPart, OutboxQuery, Progress};

fn to(chat: &str, message: Message) -> Message {
    Message { chat: chat.parse::<ChatId>().unwrap(), ..message }
}

fn noted(message: Message, send_at: Option<Timestamp>, expires_at: Option<Timestamp>) -> Message {
    Message { outbox: OutboxNote { send_at, expires_at, ..OutboxNote::default() }, ..message }
}

async fn due(ledger: &Ledger, channel: domain::ChannelId, now: Timestamp) -> Vec<String> {
    ledger.due(channel, now, 100).await.unwrap().into_iter().map(|m| m.whatsapp_id).collect()
}

#[tokio::test]
async fn a_chat_waits_for_its_own_second_tries_and_others_do_not() {
    let (_dir, ledger, id) = ledger().await;
    let (ada, bob) = ("15550100123@s.whatsapp.net", "15550100124@s.whatsapp.net");
    for (n, chat) in [(1, ada), (2, bob), (3, ada), (4, bob)] {
        accept(&ledger, to(chat, outbound(id, n, &format!("W{n}")))).await;
    }
    ledger.mark_sending(id, None, vec![message_id(1), message_id(2)], t(2)).await.unwrap();
    let again = ledger.requeue(message_id(1), t(10), FailReason::NoAnswer, t(3)).await.unwrap().unwrap();
    assert_eq!(again.status, MessageStatus::Queued);
    let note =
        OutboxNote { attempts: 1, next_attempt_at: Some(t(10)), setback: Some(FailReason::NoAnswer), ..OutboxNote::default() };
    assert_eq!(again.outbox, note);

    assert_eq!(due(&ledger, id, t(4)).await, ["W2", "W4"], "Ada's second message waits for her first");
    assert_eq!(ledger.next_due(id, t(4)).await.unwrap(), Some(t(10)));
    assert_eq!(due(&ledger, id, t(10)).await, ["W1", "W2", "W3", "W4"], "and the first keeps its place");
    assert_eq!(ledger.next_due(id, t(10)).await.unwrap(), None);

    let sending = ledger.mark_sending(id, None, vec![message_id(1)], t(11)).await.unwrap();
    assert_eq!((sending[0].outbox.attempts, sending[0].outbox.next_attempt_at), (1, None));
    assert_eq!(
        due(&ledger, id, t(1)).await,
        ["W1", "W2", "W3", "W4"],
        "a clock that goes back holds up nothing that is being sent"
    );
    assert_eq!(
        kinds(&ledger).await[5..],
        ["message.sending", "message.sending", "message.queued", "message.sending"],
        "back to queued is told"
    );
    ledger.set_status(message_id(1), MessageStatus::Sent, t(12)).await.unwrap();
    assert_eq!(ledger.requeue(message_id(1), t(20), FailReason::NoAnswer, t(13)).await.unwrap(), None, "it has left after all");
    ledger.close().await;
}

#[tokio::test]
async fn a_scheduled_message_leaves_at_its_time_and_holds_up_nobody() {
    let (dir, ledger, id) = ledger().await;
    accept(&ledger, noted(outbound(id, 1, "LATER"), Some(t(100)), None)).await;
    accept(&ledger, outbound(id, 2, "NOW")).await;
    assert_eq!(due(&ledger, id, t(99)).await, ["NOW"]);
    assert_eq!(ledger.next_due(id, t(2)).await.unwrap(), Some(t(100)));
    // A second try that is due before the message may leave at all.
    ledger.requeue(message_id(1), t(50), FailReason::Internal, t(3)).await.unwrap();
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    assert_eq!(ledger.next_due(id, t(60)).await.unwrap(), Some(t(100)));
    assert_eq!(due(&ledger, id, t(100)).await, ["LATER", "NOW"]);
    ledger.close().await;
}

#[tokio::test]
async fn what_is_still_queued_at_its_end_expires_and_what_is_being_sent_does_not() {
    let (_dir, ledger, id) = ledger().await;
    for n in 1..=3 {
        accept(&ledger, noted(outbound(id, n, &format!("W{n}")), None, Some(t(10 + i64::try_from(n).unwrap())))).await;
    }
    accept(&ledger, outbound(id, 4, "W4")).await;
    ledger.mark_sending(id, None, vec![message_id(1)], t(5)).await.unwrap();
    assert_eq!(ledger.next_expiry().await.unwrap(), Some(t(12)));
    assert_eq!(due(&ledger, id, t(12)).await, ["W1", "W3", "W4"], "what has expired is not sent any more");
    assert_eq!(ledger.mark_sending(id, None, vec![message_id(2)], t(12)).await.unwrap(), [], "even before anybody swept");

    let expired = ledger.expire_due(t(12)).await.unwrap();
    assert_eq!((names(&expired), expired[0].status), (vec!["W2"], MessageStatus::Expired));
    assert_eq!(ledger.expire_due(t(12)).await.unwrap(), []);
    assert_eq!(ledger.next_expiry().await.unwrap(), Some(t(13)));
    assert_eq!(kinds(&ledger).await.last().unwrap(), "message.expired");
    ledger.close().await;
}

#[tokio::test]
async fn a_person_tries_anew_at_the_tail_with_all_attempts_before_it() {
    let (_dir, ledger, id) = ledger().await;
    for n in 1..=3 {
        accept(&ledger, noted(outbound(id, n, &format!("W{n}")), None, Some(t(8)))).await;
    }
    ledger.requeue(message_id(1), t(3), FailReason::NoAnswer, t(2)).await.unwrap();
    assert_eq!(ledger.retry(message_id(1), t(4)).await.unwrap(), None, "only what has failed is tried anew");
    ledger.set_status(message_id(1), MessageStatus::Failed(FailReason::NoAnswer), t(4)).await.unwrap();
    assert_eq!(due(&ledger, id, t(5)).await, ["W2", "W3"], "what is wedged holds up nobody");
    let again = ledger.retry(message_id(1), t(9)).await.unwrap().unwrap();
    assert_eq!(
        (again.status, again.outbox),
        (MessageStatus::Queued, OutboxNote::default()),
        "its old end does not count either"
    );
    assert_eq!(due(&ledger, id, t(5)).await, ["W2", "W3", "W1"]);
    ledger.close().await;
}

#[tokio::test]
async fn what_has_not_left_is_cancelled_and_what_failed_is_discarded() {
    let (_dir, ledger, id) = ledger().await;
    for n in 1..=4 {
        accept(&ledger, outbound(id, n, &format!("W{n}"))).await;
    }
    ledger.mark_sending(id, None, vec![message_id(2)], t(2)).await.unwrap();
    ledger.set_status(message_id(3), MessageStatus::Failed(FailReason::Refused(463)), t(2)).await.unwrap();
    for n in [1, 3, 1] {
        let Cancelled::Done(message) = ledger.cancel(message_id(n), t(3)).await.unwrap() else {
            panic!("{n} is to be cancelled")
        };
        assert_eq!(message.status, MessageStatus::Cancelled);
    }
    assert!(
        matches!(ledger.cancel(message_id(2), t(3)).await.unwrap(), Cancelled::TooLate(m) if m.status == MessageStatus::Sending)
    );
    assert_eq!(ledger.cancel(message_id(77), t(3)).await.unwrap(), Cancelled::Unknown);
    assert_eq!(due(&ledger, id, t(3)).await, ["W2", "W4"]);
    assert_eq!(
        names(&ledger.mark_sending(id, None, vec![message_id(1), message_id(2), message_id(4)], t(4)).await.unwrap()),
        ["W2", "W4"]
    );
    assert_eq!(kinds(&ledger).await.iter().filter(|k| *k == "message.cancelled").count(), 2, "told once each");
    // WhatsApp had it after all.
    let read = ledger.set_status(message_id(1), MessageStatus::Delivered, t(6)).await.unwrap().unwrap();
    assert_eq!(read.status, MessageStatus::Delivered);
    ledger.close().await;
}

#[tokio::test]
async fn many_are_brought_forward_at_once_in_the_order_in_which_they_were_told() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    for n in 1..=100u128 {
        accept(&ledger, outbound(if n.is_multiple_of(2) { id } else { other }, n, &format!("W{n}"))).await;
    }
    let marked = ledger.mark_sending(id, None, (1..=100).rev().map(message_id).collect(), t(3)).await.unwrap();
    assert_eq!(marked.iter().map(|m| m.id).collect::<Vec<_>>(), (1..=100).map(message_id).collect::<Vec<_>>());
    let by_name = |n: u128| ledger::MessageRef::WhatsApp {
        channel: if n.is_multiple_of(2) { id } else { other },
        whatsapp_id: format!("W{n}"),
    };
    let sent = |which| Progress { which, status: MessageStatus::Sent, at: t(4) };
    let mut progress: Vec<_> = (1..=100).map(|n| sent(by_name(n))).collect();
    progress.push(Progress { status: MessageStatus::Failed(FailReason::Refused(479)), ..sent(by_name(100)) });
    progress.push(sent(ledger::MessageRef::WhatsApp { channel: id, whatsapp_id: "W1".into() }));
    progress.push(sent(message_id(777).into()));
    let changed = ledger.progress(progress.clone()).await.unwrap();
    let told: Vec<_> = changed.iter().map(|m| (m.whatsapp_id.clone(), m.status)).collect();
    let mut expected: Vec<_> = (1..=100).map(|n| (format!("W{n}"), MessageStatus::Sent)).collect();
    expected.push(("W100".into(), MessageStatus::Failed(FailReason::Refused(479))));
    assert_eq!(told, expected);
    progress.retain(|p| p.status == MessageStatus::Sent);
    assert_eq!(
        names(&ledger.progress(progress).await.unwrap()),
        ["W100"],
        "told again, only what had failed is sent after all"
    );
    ground::assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[tokio::test]
async fn the_outbox_is_shown_in_parts_and_pages() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    for n in 1..=3 {
        accept(&ledger, outbound(id, n, &format!("W{n}"))).await;
    }
    accept(&ledger, noted(outbound(id, 4, "W4"), Some(t(100)), None)).await;
    accept(&ledger, outbound(other, 5, "W5")).await;
    ledger.mark_sending(id, None, vec![message_id(1)], t(2)).await.unwrap();
    ledger.set_status(message_id(2), MessageStatus::Failed(FailReason::Internal), t(2)).await.unwrap();
    ledger.requeue(message_id(3), t(50), FailReason::NoAnswer, t(2)).await.unwrap();
    let check = async |channel, status, expected: &[&str]| {
        let (mut before, mut seen) = (None, Vec::new());
        loop {
            let query = OutboxQuery { channel, status, before, limit: 2, now: t(3) };
            let page = ledger.outbox_page(&query).await.unwrap();
            assert!(page.messages.len() <= 2);
            seen.extend(page.messages.into_iter().map(|m| m.whatsapp_id));
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{status:?}");
    };
    check(None, None, &["W5", "W4", "W3", "W2", "W1"]).await;
    check(Some(id), None, &["W4", "W3", "W2", "W1"]).await;
    check(Some(id), Some(OutboxPart::Queued), &["W3"]).await;
    check(None, Some(OutboxPart::Queued), &["W5", "W3"]).await;
    check(None, Some(OutboxPart::Scheduled), &["W4"]).await;
    check(None, Some(OutboxPart::Sending), &["W1"]).await;
    check(Some(id), Some(OutboxPart::Failed), &["W2"]).await;
    check(Some(other), Some(OutboxPart::Failed), &[]).await;
    let counts = OutboxCounts { queued: 2, sending: 1, scheduled: 1, failed: 1 };
    assert_eq!(ledger.outbox_counts(None, t(3)).await.unwrap(), counts);
    assert_eq!(ledger.outbox_counts(Some(id), t(3)).await.unwrap(), OutboxCounts { queued: 1, ..counts });
    assert_eq!(ledger.outbox_counts(Some(id), t(100)).await.unwrap(), OutboxCounts { queued: 2, scheduled: 0, ..counts });
    assert_eq!(ledger.stats().await.unwrap().queued, [(id, 3), (other, 1)]);
    ledger.close().await;
}
