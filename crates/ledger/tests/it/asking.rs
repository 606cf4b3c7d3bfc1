//! Messages that wait for a person.

use crate::access::{self, app};
use crate::ground::{self, Home, accept, first_due, kinds, message_id, names, outbound, t, text};
use domain::{App, AppId, ChannelId, FailReason, Message, MessageStatus, OutboxNote, Permit, Permits, Scope, Timestamp};
use ledger::{Accepted, AccessWrite, Answered, Cancelled, Idempotency, Ledger, LedgerError, OutboxQuery, Progress};

/// With two apps that may propose.
async fn ledger() -> (Home, Ledger, ChannelId) {
    let (home, ledger, id) = ground::ledger().await;
    access::let_in(&ledger, 1).await;
    access::let_in(&ledger, 2).await;
    (home, ledger, id)
}

async fn change(ledger: &Ledger, was: App, now: App, at: Timestamp) {
    ledger.change_access(vec![AccessWrite::App { was, now }], vec![], vec![], at).await.unwrap();
}

fn proposed(channel: ChannelId, n: u128) -> Message {
    let message = outbound(channel, n, &format!("W{n}"));
    Message { outbox: OutboxNote { app: Some(app(1).id), ..OutboxNote::default() }, ..message }
}

async fn ask(ledger: &Ledger, message: Message, until: Timestamp) -> Message {
    match ledger.accept_asking(message, until, None, None).await.unwrap() {
        Accepted::New(message) => message,
        other @ (Accepted::Again(_) | Accepted::OtherBody) => panic!("{other:?}"),
    }
}

fn done(answered: Answered) -> Message {
    match answered {
        Answered::Done(message) => message,
        other @ (Answered::TooLate(_) | Answered::Unknown) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_waits_for_a_person_is_in_no_outbox_until_he_says_yes() {
    let (home, ledger, id) = ledger().await;
    let asked = ask(&ledger, proposed(id, 1), t(500)).await;
    assert_eq!((asked.status, asked.outbox.ask_until), (MessageStatus::Asking, Some(t(500))));
    assert_eq!(kinds(&ledger).await[1..], ["message.asking"]);
    accept(&ledger, outbound(id, 2, "W2")).await;
    ledger.close().await;

    let ledger = ground::open(home.path()).await;
    assert_eq!(ledger.asks(9).await.unwrap(), std::slice::from_ref(&asked), "it is durable");
    assert_eq!((ledger.asking(None).await.unwrap(), ledger.asking(Some(app(2).id)).await.unwrap()), (1, 0));
    // Nothing that moves what is queued moves it.
    assert_eq!(names(&ledger.due(id, t(400), 9).await.unwrap()), ["W2"]);
    assert_eq!(names(&ledger.mark_sending(id, None, vec![message_id(1), message_id(2)], t(3)).await.unwrap()), ["W2"]);
    assert_eq!(ledger.requeue(message_id(1), t(10), FailReason::NoAnswer, t(3)).await.unwrap(), None);
    assert_eq!(ledger.retry(message_id(1), t(3)).await.unwrap(), None);
    for status in [MessageStatus::Sending, MessageStatus::Sent, MessageStatus::Delivered, MessageStatus::Read] {
        let by_name = ledger::MessageRef::WhatsApp { channel: id, whatsapp_id: "W1".into() };
        let progress = vec![Progress { which: by_name, status, at: t(4) }];
        assert_eq!(ledger.progress(progress).await.unwrap(), [], "{status:?}");
    }
    let outbox = OutboxQuery { channel: None, status: None, before: None, limit: 9, now: t(5) };
    assert_eq!(names(&ledger.outbox_page(&outbox).await.unwrap().messages), ["W2"]);
    assert_eq!(ledger.outbox_counts(None, t(5)).await.unwrap().queued, 0);

    accept(&ledger, outbound(id, 3, "W3")).await;
    let edited = text("hello, with a correction");
    let approved = done(ledger.approve(message_id(1), Some(edited.clone()), t(6)).await.unwrap());
    assert_eq!((approved.status, &approved.content, approved.updated_at), (MessageStatus::Queued, &edited, t(6)));
    assert_eq!((approved.whatsapp_id.as_str(), approved.outbox.app), ("W1", Some(app(1).id)));
    assert_eq!(names(&ledger.due(id, t(7), 9).await.unwrap()), ["W2", "W3", "W1"], "in the order of what people said");
    assert_eq!(ledger.asks(9).await.unwrap(), []);
    assert!(matches!(ledger.approve(message_id(1), None, t(8)).await.unwrap(), Answered::TooLate(m) if m.content == edited));
    assert!(matches!(ledger.deny(message_id(1), t(8)).await.unwrap(), Answered::TooLate(_)));
    assert_eq!(kinds(&ledger).await.last().unwrap(), "message.queued");
    ground::assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[tokio::test]
async fn a_no_is_final() {
    let (_home, ledger, id) = ledger().await;
    ask(&ledger, proposed(id, 1), t(500)).await;
    for at in [3, 4] {
        let denied = done(ledger.deny(message_id(1), t(at)).await.unwrap());
        assert_eq!((denied.status, denied.updated_at), (MessageStatus::Denied, t(3)));
    }
    assert!(matches!(ledger.approve(message_id(1), None, t(5)).await.unwrap(), Answered::TooLate(_)));
    assert!(matches!(ledger.cancel(message_id(1), t(5)).await.unwrap(), Cancelled::TooLate(_)));
    assert_eq!(ledger.retry(message_id(1), t(5)).await.unwrap(), None);
    assert_eq!(ledger.set_status(message_id(1), MessageStatus::Delivered, t(6)).await.unwrap(), None);
    assert_eq!(kinds(&ledger).await[1..], ["message.asking", "message.denied"], "told once");
    assert_eq!(ledger.deny(message_id(77), t(5)).await.unwrap(), Answered::Unknown);
    assert_eq!(ledger.approve(message_id(77), None, t(5)).await.unwrap(), Answered::Unknown);
    ledger.close().await;
}

#[tokio::test]
async fn what_nobody_answers_for_expires_and_cannot_be_approved_any_more() {
    let (_home, ledger, id) = ledger().await;
    ask(&ledger, proposed(id, 1), t(20)).await;
    let mut ends_first = proposed(id, 2);
    ends_first.outbox.expires_at = Some(t(10));
    ask(&ledger, ends_first, t(20)).await;
    ask(&ledger, proposed(id, 3), t(30)).await;
    assert_eq!(ledger.next_expiry().await.unwrap(), Some(t(10)));
    assert!(matches!(ledger.approve(message_id(2), None, t(10)).await.unwrap(), Answered::TooLate(_)), "before anybody swept");
    assert_eq!(names(&ledger.expire_due(t(10)).await.unwrap()), ["W2"]);
    assert_eq!(ledger.next_expiry().await.unwrap(), Some(t(20)));
    let expired = ledger.expire_due(t(25)).await.unwrap();
    assert_eq!((names(&expired), expired[0].status), (vec!["W1"], MessageStatus::Expired));
    assert!(matches!(ledger.approve(message_id(1), None, t(25)).await.unwrap(), Answered::TooLate(_)));
    let approved = done(ledger.approve(message_id(3), None, t(26)).await.unwrap());
    assert_eq!(approved.outbox.ask_until, Some(t(30)));
    assert_eq!(ledger.expire_due(t(40)).await.unwrap(), [], "what was approved in time has all the time it wants");
    assert_eq!(first_due(&ledger, id).await.unwrap().whatsapp_id, "W3");
    ledger.close().await;
}

#[tokio::test]
async fn a_proposal_is_withdrawn_by_its_app_and_by_the_end_of_the_account() {
    let (_home, ledger, id) = ledger().await;
    for n in 1..=2 {
        ask(&ledger, proposed(id, n), t(500)).await;
    }
    let Cancelled::Done(message) = ledger.cancel(message_id(1), t(3)).await.unwrap() else { panic!("it is withdrawn") };
    assert_eq!(message.status, MessageStatus::Cancelled);
    accept(&ledger, outbound(id, 3, "W3")).await;
    let failed = ledger.fail_queued(id, FailReason::SessionEnded, t(4)).await.unwrap();
    assert_eq!(names(&failed), ["W3"]);
    let left = ledger.message(message_id(2)).await.unwrap().unwrap();
    assert_eq!(left.status, MessageStatus::Cancelled, "no retry brings it past the question");
    assert_eq!(ledger.retry(message_id(2), t(5)).await.unwrap(), None);
    assert_eq!(ledger.asks(9).await.unwrap(), []);
    ledger.close().await;
}

#[tokio::test]
async fn an_app_that_is_disabled_or_deleted_proposes_nothing_any_more() {
    let (_home, ledger, id) = ledger().await;
    let first = app(1);
    ask(&ledger, proposed(id, 1), t(500)).await;
    let mut of_other = proposed(id, 2);
    of_other.outbox.app = Some(app(2).id);
    ask(&ledger, of_other, t(500)).await;
    let disabled = domain::App { disabled_at: Some(t(5)), ..first.clone() };
    let disable = AccessWrite::App { was: first, now: disabled };
    ledger.change_access(vec![disable], vec![], vec![], t(5)).await.unwrap();
    assert_eq!(ledger.message(message_id(1)).await.unwrap().unwrap().status, MessageStatus::Denied);
    assert_eq!(names(&ledger.asks(9).await.unwrap()), ["W2"]);
    ledger.change_access(vec![AccessWrite::DeleteApp(app(2).id)], vec![], vec![], t(6)).await.unwrap();
    let message = ledger.message(message_id(2)).await.unwrap().unwrap();
    assert_eq!((message.status, message.outbox.app), (MessageStatus::Denied, Some(app(2).id)), "who it was stays known");
    ledger.close().await;
}

fn of(channel: ChannelId, n: u128, whose: Option<AppId>) -> Message {
    let mut message = outbound(channel, n, &format!("W{n}"));
    message.outbox.app = whose;
    message
}

/// The statuses of the first messages.
async fn statuses(ledger: &Ledger, many: u128) -> Vec<MessageStatus> {
    let mut now = Vec::new();
    for n in 1..=many {
        now.push(ledger.message(message_id(n)).await.unwrap().unwrap().status);
    }
    now
}

/// Both may send, whatever to whom.
async fn senders(ledger: &Ledger) -> [App; 2] {
    let mut both = [app(1), app(2)];
    for app in &mut both {
        let was = app.clone();
        app.permits = Permits::new([Permit::of(Scope::MessagesSend)]);
        change(ledger, was, app.clone(), t(2)).await;
    }
    both
}

#[tokio::test]
async fn what_waits_in_the_outbox_for_an_app_that_is_disabled_does_not_leave() {
    let (_home, ledger, id) = ledger().await;
    let [first, second] = senders(&ledger).await;
    accept(&ledger, of(id, 1, Some(first.id))).await;
    accept(&ledger, of(id, 2, None)).await;
    accept(&ledger, of(id, 3, Some(second.id))).await;
    accept(&ledger, of(id, 4, Some(first.id))).await;
    ask(&ledger, proposed(id, 5), t(500)).await;
    done(ledger.approve(message_id(5), None, t(3)).await.unwrap());
    ledger.mark_sending(id, None, vec![message_id(1)], t(4)).await.unwrap();
    change(&ledger, first.clone(), App { disabled_at: Some(t(5)), ..first }, t(5)).await;
    let (sending, queued, cancelled) = (MessageStatus::Sending, MessageStatus::Queued, MessageStatus::Cancelled);
    let now = statuses(&ledger, 5).await;
    assert_eq!(now, [sending, queued, queued, cancelled, queued], "what left has left; a person approved the last");
    assert_eq!(kinds(&ledger).await.last().unwrap(), "message.cancelled");
    // It did not get through, and is not tried anew.
    let back = ledger.requeue(message_id(1), t(9), FailReason::SessionEnded, t(6)).await.unwrap().unwrap();
    assert_eq!(back.status, cancelled);
    ledger.close().await;
}

#[tokio::test]
async fn of_what_an_app_has_in_the_outbox_goes_what_it_may_not_send_any_more() {
    let (_home, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    let [first, _] = senders(&ledger).await;
    accept(&ledger, of(id, 1, Some(first.id))).await;
    accept(&ledger, of(other, 2, Some(first.id))).await;
    ask(&ledger, proposed(other, 3), t(500)).await;
    let narrower = App { permits: app(1).permits, ..first.clone() };
    change(&ledger, first, narrower, t(5)).await;
    assert_eq!(statuses(&ledger, 3).await, [MessageStatus::Cancelled, MessageStatus::Cancelled, MessageStatus::Denied]);
    ledger.close().await;
}

#[tokio::test]
async fn a_message_is_taken_only_from_who_may_send_it_at_that_moment() {
    let (_home, ledger, id) = ledger().await;
    let [first, second] = senders(&ledger).await;
    let late = async |n, whose| ledger.insert_outbound(of(id, n, Some(whose)), None, None).await;
    assert!(matches!(late(1, first.id).await, Ok(Accepted::New(_))));
    change(&ledger, first.clone(), App { disabled_at: Some(t(5)), ..first.clone() }, t(5)).await;
    assert_eq!(late(2, first.id).await, Err(LedgerError::NoSuchApp));
    assert_eq!(ledger.accept_asking(proposed(id, 3), t(500), None, None).await, Err(LedgerError::NoSuchApp));
    ledger.change_access(vec![AccessWrite::DeleteApp(second.id)], vec![], vec![], t(6)).await.unwrap();
    assert_eq!(late(4, second.id).await, Err(LedgerError::NoSuchApp));
    assert!(matches!(ledger.insert_outbound(of(id, 5, None), None, None).await, Ok(Accepted::New(_))), "a person's own");
    ledger.close().await;
}

#[tokio::test]
async fn the_same_question_twice_is_one_question() {
    let (_home, ledger, id) = ledger().await;
    let key = |fingerprint| Some(Idempotency { key: "K".into(), fingerprint: [fingerprint; 32] });
    let Accepted::New(first) = ledger.accept_asking(proposed(id, 1), t(500), key(1), None).await.unwrap() else {
        panic!("it is new")
    };
    ledger.approve(message_id(1), Some(text("edited")), t(3)).await.unwrap();
    let again = ledger.accept_asking(proposed(id, 2), t(900), key(1), None).await.unwrap();
    assert_eq!(again, Accepted::Again(first), "as it was answered then");
    assert_eq!(ledger.accept_asking(proposed(id, 3), t(900), key(2), None).await.unwrap(), Accepted::OtherBody);
    assert_eq!(ledger.asks(9).await.unwrap(), []);
    ledger.close().await;
}

#[tokio::test]
async fn questions_and_the_outbox_have_room_of_their_own() {
    let (_home, ledger, id) = ledger().await;
    accept(&ledger, outbound(id, 1, "W1")).await;
    for n in 2..=3 {
        assert!(matches!(ledger.accept_asking(proposed(id, n), t(500), None, Some(2)).await, Ok(Accepted::New(_))));
    }
    assert_eq!(ledger.accept_asking(proposed(id, 4), t(500), None, Some(2)).await, Err(LedgerError::QueueFull));
    assert!(matches!(ledger.insert_outbound(outbound(id, 5, "W5"), None, Some(2)).await, Ok(Accepted::New(_))));
    assert_eq!(ledger.insert_outbound(outbound(id, 6, "W6"), None, Some(2)).await, Err(LedgerError::QueueFull));
    let mut of_other = proposed(id, 7);
    of_other.outbox.app = Some(app(2).id);
    let other = ledger.accept_asking(of_other, t(500), None, Some(2)).await;
    assert!(matches!(other, Ok(Accepted::New(_))), "one app takes nobody else's room");
    done(ledger.approve(message_id(2), None, t(3)).await.unwrap());
    assert_eq!(names(&ledger.due(id, t(4), 9).await.unwrap()), ["W1", "W5", "W2"], "a yes counts though the outbox is full");
    ledger.close().await;
}
