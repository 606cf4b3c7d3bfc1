//! Receivers that belong to apps: what they are owed, and when they rest.

use crate::access::{self, app, key};
use crate::ground::{add_channel, all_events, inbound, kinds, ledger, t, text};
use crate::webhooks::{self, endpoint, plan};
use domain::{App, AppId, ChannelId, ChatId, EndpointId, Key, Message, PauseReason, Permit, Permits, Reach, Scope};
use ledger::{
    AccessWrite, Delivery, DeliveryQuery, DeliveryStatus, Endpoint, EndpointPatch, EndpointStatus, Ledger, LedgerError,
};

async fn add_for(ledger: &Ledger, n: u128, owner: AppId) -> EndpointId {
    let endpoint = Endpoint { app: Some(owner), trusted_addresses: false, ..endpoint(n, &[], vec![]) };
    let id = endpoint.id;
    ledger.create_endpoint(endpoint).await.unwrap();
    id
}

async fn change(ledger: &Ledger, writes: Vec<AccessWrite>, secs: i64) {
    ledger.change_access(writes, vec![], vec![], t(secs)).await.unwrap();
}

async fn with_permits(ledger: &Ledger, permits: Permits) -> App {
    let known = ledger.apps().await.unwrap().into_iter().find(|known| known.id == app(1).id).unwrap();
    let now = App { permits, ..known.clone() };
    change(ledger, vec![AccessWrite::App { was: known, now: now.clone() }], 2).await;
    now
}

/// What is owed to it, by type and chat.
async fn owed(ledger: &Ledger, id: EndpointId) -> Vec<String> {
    let pending = ledger.pending(id, 100).await.unwrap();
    pending.into_iter().map(|(_, event)| event.kind).collect()
}

/// What is given to who delivers.
async fn taken(ledger: &Ledger, id: EndpointId, limit: u32) -> Vec<Delivery> {
    let taken = ledger.take_pending(id, limit, t(6)).await.unwrap();
    taken.into_iter().map(|(delivery, _)| delivery).collect()
}

async fn status(ledger: &Ledger, id: EndpointId) -> EndpointStatus {
    ledger.endpoint(id).await.unwrap().unwrap().status
}

fn from(chat: &str, message: Message) -> Message {
    Message { chat: chat.parse::<ChatId>().unwrap(), ..message }
}

const ADA: &str = "15550100123@s.whatsapp.net";
const BOB: &str = "15550100124@s.whatsapp.net";

async fn something_of_everything(ledger: &Ledger, id: ChannelId, other: ChannelId, n: u128) {
    let messages = vec![
        from(ADA, inbound(id, n, &format!("A{n}"), text("x"))),
        from(BOB, inbound(id, n + 1, &format!("B{n}"), text("x"))),
        from(ADA, inbound(other, n + 2, &format!("C{n}"), text("x"))),
    ];
    ledger.insert_inbound(messages, t(3)).await.unwrap();
    let receipt = ledger::Receipt {
        channel: id,
        chat: ADA.parse().unwrap(),
        by: crate::ground::ada(),
        whatsapp_ids: vec![format!("U{n}")],
        status: domain::MessageStatus::Read,
        at: t(3),
    };
    ledger.receipt(receipt).await.unwrap();
    let denied = domain::Event::AppDenied { request: access::request(1).id, name: "Other".into() };
    ledger.append(vec![denied], t(3)).await.unwrap();
}

#[tokio::test]
async fn a_receiver_is_owed_what_its_app_may_see_when_it_is_planned() {
    let (_home, ledger, id) = ledger().await;
    let other = add_channel(&ledger, 2).await;
    access::let_in(&ledger, 1).await;
    let of_person = webhooks::add(&ledger, 9, &[]).await;
    let hook = add_for(&ledger, 1, app(1).id).await;
    let one = Reach::only([id]);

    with_permits(&ledger, Permits::of(&[Scope::WebhooksManage, Scope::EventsRead], &one, &Reach::All)).await;
    something_of_everything(&ledger, id, other, 100).await;
    add_channel(&ledger, 3).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await, Vec::<String>::new(), "channels and messages of others are not its own");
    assert_eq!(owed(&ledger, of_person).await.len(), 6);

    let ada = Reach::only([ADA.parse().unwrap()]);
    with_permits(&ledger, Permits::of(&[Scope::WebhooksManage, Scope::EventsRead, Scope::MessagesRead], &one, &ada)).await;
    something_of_everything(&ledger, id, other, 200).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await, ["message.received", "receipt.unmatched"], "of Ada, on one channel");

    // What comes after a narrower permit is not owed, and nothing is had back by asking again.
    with_permits(&ledger, Permits::default()).await;
    something_of_everything(&ledger, id, other, 300).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await.len(), 2);
    let delivery = ledger.pending(hook, 9).await.unwrap()[0].0.clone();
    assert_eq!(ledger.redeliver(delivery.id, t(5)).await, Err(LedgerError::EventPruned));
    assert_eq!(ledger.redeliver_range(hook, t(0), t(99), false, t(5)).await.unwrap(), 0);

    with_permits(&ledger, Permits::everything()).await;
    let of_other = app(2).id;
    access::let_in(&ledger, 2).await;
    let others = add_for(&ledger, 2, of_other).await;
    for (paused, secs) in [(hook, 20), (others, 21)] {
        let by_hand = EndpointStatus::Paused { reason: PauseReason::ByHand, since: t(secs) };
        ledger.set_endpoint_status(paused, by_hand, t(secs)).await.unwrap();
    }
    ledger
        .append(vec![domain::Event::AppDenied { request: access::request(1).id, name: "Other".into() }], t(22))
        .await
        .unwrap();
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await[2..], ["webhook.paused", "app.denied"], "of webhooks its own");
    assert_eq!(taken(&ledger, hook, 9).await.len(), 4);
    ledger.redeliver(delivery.id, t(23)).await.unwrap();
    assert!(ledger.redeliver_range(hook, t(0), t(99), false, t(23)).await.unwrap() > 10);
    ledger.close().await;
}

#[tokio::test]
async fn an_app_that_may_not_have_events_sent_is_owed_none_though_it_may_see_them() {
    let (_home, ledger, id) = ledger().await;
    let other = add_channel(&ledger, 2).await;
    access::let_in(&ledger, 1).await;
    let hook = add_for(&ledger, 1, app(1).id).await;
    let sees = [Permit::of(Scope::EventsRead), Permit::of(Scope::MessagesRead), Permit::of(Scope::AppsManage)];
    let and = |reach| Permits::new(sees.iter().cloned().chain(Permit::new(Scope::WebhooksManage, reach, Reach::All)));

    with_permits(&ledger, and(Reach::nothing())).await;
    something_of_everything(&ledger, id, other, 100).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await, Vec::<String>::new());

    with_permits(&ledger, and(Reach::only([other]))).await;
    something_of_everything(&ledger, id, other, 200).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await, ["message.received", "app.denied"], "of one channel, and of none");
    assert_eq!(ledger.pending(hook, 1).await.unwrap()[0].0.channel, Some(other));

    with_permits(&ledger, and(Reach::All)).await;
    something_of_everything(&ledger, id, other, 300).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await.len(), 2 + 5);
    ledger.close().await;
}

#[tokio::test]
async fn what_an_app_may_not_see_any_more_is_skipped_when_it_would_be_delivered() {
    let (_home, ledger, id) = ledger().await;
    let other = add_channel(&ledger, 2).await;
    access::let_in(&ledger, 1).await;
    let (hook, of_person) = (add_for(&ledger, 1, app(1).id).await, webhooks::add(&ledger, 9, &[]).await);
    let may = |reach| Permits::of(&[Scope::WebhooksManage, Scope::EventsRead, Scope::MessagesRead], &reach, &Reach::All);
    with_permits(&ledger, may(Reach::only([id, other]))).await;
    for n in [100, 200, 300] {
        something_of_everything(&ledger, id, other, n).await;
    }
    plan(&ledger).await;
    assert_eq!(taken(&ledger, hook, 99).await.len(), 12);
    let persons = owed(&ledger, of_person).await;

    let mut tip = ledger.deliveries_tip();
    tip.mark_unchanged();
    with_permits(&ledger, may(Reach::only([other]))).await;
    assert!(tip.has_changed().unwrap(), "who delivers is told");
    tip.mark_unchanged();
    // Also where more than are asked for have to go first.
    let left = taken(&ledger, hook, 2).await;
    assert_eq!((left[0].channel, left[1].channel), (Some(other), Some(other)));
    assert!(left[0].seq < left[1].seq, "in order");
    assert_eq!(taken(&ledger, hook, 99).await.len(), 3);
    let skipped = ledger
        .deliveries(&DeliveryQuery {
            endpoint: Some(hook),
            status: Some(DeliveryStatus::Skipped),
            limit: 99,
            ..DeliveryQuery::default()
        })
        .await
        .unwrap()
        .deliveries;
    assert_eq!(skipped.len(), 9);
    assert!(skipped.iter().all(|d| d.channel == Some(id) && d.finished_at == Some(t(6)) && d.attempts == 0));
    assert!(tip.has_changed().unwrap(), "as when a person skips one");
    tip.mark_unchanged();
    taken(&ledger, hook, 99).await;
    assert!(!tip.has_changed().unwrap(), "nothing was left to skip");

    change(&ledger, vec![AccessWrite::DeleteApp(app(1).id)], 7).await;
    assert_eq!(taken(&ledger, hook, 99).await, vec![], "an app that is gone sees nothing");
    assert_eq!((owed(&ledger, of_person).await, taken(&ledger, of_person, 99).await.len()), (persons.clone(), persons.len()));
    ledger.close().await;
}

#[tokio::test]
async fn nobody_resumes_the_receiver_of_an_app_that_may_not_come_in_and_a_pause_by_hand_outlasts_it() {
    let (_home, ledger, _) = ledger().await;
    let first = access::let_in(&ledger, 1).await;
    let (hook, second) = (add_for(&ledger, 1, first.id).await, add_for(&ledger, 2, first.id).await);
    let disabled = App { disabled_at: Some(t(5)), ..first.clone() };
    change(&ledger, vec![AccessWrite::App { was: first.clone(), now: disabled.clone() }], 5).await;
    let active = ledger.set_endpoint_status(hook, EndpointStatus::Active, t(6)).await;
    assert_eq!(active.err(), Some(LedgerError::NoSuchApp));
    assert_eq!(status(&ledger, hook).await, EndpointStatus::Paused { reason: PauseReason::AppRevoked, since: t(5) });

    let by_hand = EndpointStatus::Paused { reason: PauseReason::ByHand, since: t(7) };
    ledger.set_endpoint_status(hook, by_hand, t(7)).await.unwrap();
    assert_eq!(kinds(&ledger).await.last().unwrap(), "webhook.paused");
    let active = ledger.set_endpoint_status(hook, EndpointStatus::Active, t(8)).await;
    assert_eq!(active.err(), Some(LedgerError::NoSuchApp));
    change(&ledger, vec![AccessWrite::App { was: disabled, now: first }], 9).await;
    assert_eq!((status(&ledger, hook).await, status(&ledger, second).await), (by_hand, EndpointStatus::Active));
    ledger.set_endpoint_status(hook, EndpointStatus::Active, t(10)).await.unwrap();
    assert_eq!(status(&ledger, hook).await, EndpointStatus::Active);
    ledger.close().await;
}

#[tokio::test]
async fn an_address_that_no_person_names_gets_no_headers_that_were_for_another() {
    let (_home, ledger, _) = ledger().await;
    let hook = webhooks::add(&ledger, 1, &[]).await;
    let set = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    let patched = async |url: Option<&str>, headers, by_person| {
        let patch = EndpointPatch { url: url.map(str::to_owned), headers, by_person, ..EndpointPatch::default() };
        let endpoint = ledger.update_endpoint(hook, patch, t(5)).await.unwrap();
        let names: Vec<_> = endpoint.headers.into_iter().map(|(name, _)| name).collect();
        (names.join(" "), endpoint.trusted_addresses)
    };
    let moved = Some("https://example.org/b");
    assert_eq!(patched(None, vec![set("x-a", "1")], false).await, ("x-api-key x-a".into(), true));
    assert_eq!(patched(Some("https://example.org/a"), vec![("x-a".into(), None)], true).await, ("x-api-key".into(), true));
    assert_eq!(patched(Some("https://example.org/a"), vec![], false).await, ("x-api-key".into(), true), "the same");
    assert_eq!(patched(moved, vec![set("x-b", "2")], false).await, ("x-b".into(), false));
    assert_eq!(patched(moved, vec![set("x-c", "3")], true).await, ("x-b x-c".into(), true));
    ledger.close().await;
}

#[tokio::test]
async fn the_receivers_of_an_app_rest_while_it_may_not_come_in() {
    let (_home, ledger, id) = ledger().await;
    let first = access::let_in(&ledger, 1).await;
    let permits = [Scope::WebhooksManage, Scope::EventsRead, Scope::MessagesRead].map(Permit::of);
    let first = with_permits(&ledger, Permits::new(first.permits.iter().cloned().chain(permits.iter().cloned()))).await;
    let (hook, by_hand, of_person) =
        (add_for(&ledger, 1, first.id).await, add_for(&ledger, 2, first.id).await, webhooks::add(&ledger, 3, &[]).await);
    let paused_by_hand = EndpointStatus::Paused { reason: PauseReason::ByHand, since: t(1) };
    ledger.set_endpoint_status(by_hand, paused_by_hand, t(1)).await.unwrap();

    let disabled = App { disabled_at: Some(t(5)), ..first.clone() };
    let mut tip = ledger.deliveries_tip();
    tip.mark_unchanged();
    change(&ledger, vec![AccessWrite::App { was: first.clone(), now: disabled.clone() }], 5).await;
    assert!(tip.has_changed().unwrap(), "who delivers is told");
    let revoked = |secs| EndpointStatus::Paused { reason: PauseReason::AppRevoked, since: t(secs) };
    assert_eq!(status(&ledger, hook).await, revoked(5));
    assert_eq!((status(&ledger, by_hand).await, status(&ledger, of_person).await), (paused_by_hand, EndpointStatus::Active));
    assert_eq!(kinds(&ledger).await.last().unwrap(), "webhook.paused");
    // What happens meanwhile is kept for it.
    webhooks::receive(&ledger, id, 50, 2).await;
    plan(&ledger).await;
    let before = owed(&ledger, hook).await.len();
    change(&ledger, vec![AccessWrite::App { was: disabled, now: first.clone() }], 6).await;
    assert_eq!((status(&ledger, hook).await, status(&ledger, by_hand).await), (EndpointStatus::Active, paused_by_hand));
    assert!(before >= 2 && owed(&ledger, hook).await.len() == before);

    // Its last key goes, and a new one comes.
    change(&ledger, vec![AccessWrite::Key(Key { revoked_at: Some(t(7)), ..key(1, 1) })], 7).await;
    assert_eq!(status(&ledger, hook).await, revoked(7));
    change(&ledger, vec![AccessWrite::NewKey { key: key(5, 1), hash: access::hash(5) }], 8).await;
    assert_eq!(status(&ledger, hook).await, EndpointStatus::Active);
    // It expires, and nobody does anything.
    assert_eq!(ledger.settle_endpoints(t(999)).await.unwrap(), 1);
    assert_eq!(status(&ledger, hook).await, EndpointStatus::Active);
    ledger.settle_endpoints(t(1000)).await.unwrap();
    assert_eq!(status(&ledger, hook).await, revoked(1000));
    // A program that is let in without a key counts too.
    let with_program = App { programs: vec!["/usr/bin/agent".into()], ..first.clone() };
    change(&ledger, vec![AccessWrite::App { was: first, now: with_program }], 1001).await;
    assert_eq!(status(&ledger, hook).await, EndpointStatus::Active);

    change(&ledger, vec![AccessWrite::DeleteApp(app(1).id)], 1002).await;
    assert_eq!(status(&ledger, hook).await, revoked(1002));
    let owed_before = owed(&ledger, hook).await.len();
    webhooks::receive(&ledger, id, 60, 2).await;
    plan(&ledger).await;
    assert_eq!(owed(&ledger, hook).await.len(), owed_before, "nobody sees anything in the name of an app that is gone");
    assert!(all_events(&ledger).await.len() > 10);
    ledger.close().await;
}
