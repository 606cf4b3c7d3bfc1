//! Receivers, and what is owed to them.

use crate::ground::{self, add_channel, all_events, inbound, kinds, ledger, outbound, t, text};
use domain::{ChannelId, EndpointId, Event, EventFilter, PauseReason};
use ledger::{
    AttemptOutcome, AttemptRecord, Delivery, DeliveryQuery, Endpoint, EndpointPatch, EndpointStatus, Ledger, LedgerError,
    Planned, SigningSecret,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

pub fn endpoint(n: u128, types: &[&str], channels: Vec<ChannelId>) -> Endpoint {
    Endpoint {
        id: EndpointId::new(t(0), n),
        url: format!("http://ada:pw@127.0.0.1:8080/hook/{n}?token=x"),
        description: "Orders".into(),
        filter: EventFilter { channels, kinds: types.iter().map(|k| (*k).to_owned()).collect() },
        headers: vec![("x-api-key".into(), "k3y".into())],
        secrets: vec![secret("whsec_one", 0)],
        concurrency: 1,
        status: EndpointStatus::Active,
        failing_since: None,
        app: None,
        trusted_addresses: true,
        created_at: t(0),
        updated_at: t(0),
    }
}

fn secret(text: &str, secs: i64) -> SigningSecret {
    SigningSecret { secret: text.to_owned().into(), created_at: t(secs), expires_at: None }
}

pub async fn add(ledger: &Ledger, n: u128, types: &[&str]) -> EndpointId {
    let endpoint = endpoint(n, types, vec![]);
    let id = endpoint.id;
    ledger.create_endpoint(endpoint).await.unwrap();
    id
}

pub async fn receive(ledger: &Ledger, channel: ChannelId, from: u128, count: u128) {
    let messages = (from..from + count).map(|n| inbound(channel, n, &format!("I{n}"), text("x"))).collect();
    ledger.insert_inbound(messages, t(2)).await.unwrap();
}

pub async fn plan(ledger: &Ledger) -> u64 {
    let mut made = 0;
    loop {
        let planned = ledger.plan_deliveries(t(3), 100).await.unwrap();
        made += planned.made;
        if !planned.more {
            return made;
        }
    }
}

pub async fn seqs(ledger: &Ledger, endpoint: EndpointId) -> Vec<u64> {
    ledger
        .pending(endpoint, 1000)
        .await
        .unwrap()
        .iter()
        .map(|(delivery, event)| {
            assert_eq!((delivery.seq, delivery.event_id, &delivery.kind), (event.seq, event.id, &event.kind));
            delivery.seq
        })
        .collect()
}

pub fn tried(delivery: &Delivery, secs: i64, outcome: AttemptOutcome) -> AttemptRecord {
    AttemptRecord {
        delivery: delivery.id,
        at: t(secs),
        latency_ms: 12,
        http_status: Some(if outcome == AttemptOutcome::Delivered { 200 } else { 503 }),
        outcome,
        answer: "so it is".into(),
        error: None,
    }
}

pub async fn deliver(ledger: &Ledger, endpoint: EndpointId, count: u32) {
    for (delivery, _) in ledger.pending(endpoint, count).await.unwrap() {
        ledger.record_attempt(tried(&delivery, 5, AttemptOutcome::Delivered), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_receiver_is_kept_with_everything_that_belongs_to_it() {
    let (dir, ledger, id) = ledger().await;
    let given = endpoint(1, &["message.*"], vec![id]);
    ledger.create_endpoint(given.clone()).await.unwrap();
    assert_eq!(ledger.create_endpoint(given.clone()).await, Err(LedgerError::AlreadyThere));
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    let kept = ledger.endpoint(given.id).await.unwrap().unwrap();
    assert_eq!((&kept.url, &kept.filter, &kept.headers), (&given.url, &given.filter, &given.headers));
    assert_eq!(said(&kept), [("whsec_one".to_owned(), None)]);

    let patch = EndpointPatch { description: Some("Returns".into()), concurrency: Some(4), ..EndpointPatch::default() };
    let patched = ledger.update_endpoint(given.id, patch, t(9)).await.unwrap();
    assert_eq!((patched.description.as_str(), patched.concurrency, patched.updated_at), ("Returns", 4, t(9)));
    assert_eq!((&patched.url, &patched.filter), (&given.url, &given.filter));

    for (n, text) in ["whsec_two", "whsec_three"].into_iter().enumerate() {
        ledger.rotate_secret(given.id, secret(text, 10), t(100 + n as i64), t(10)).await.unwrap();
    }
    let rotated = ledger.endpoints().await.unwrap().pop().unwrap();
    assert_eq!(said(&rotated), [("whsec_three".to_owned(), None), ("whsec_two".to_owned(), Some(t(101)))], "two at most");

    ledger.delete_endpoint(given.id).await.unwrap();
    assert!(ledger.endpoints().await.unwrap().is_empty());
    assert_eq!(ledger.delete_endpoint(given.id).await, Err(LedgerError::NoSuchEndpoint));
    assert_eq!(ledger.update_endpoint(given.id, EndpointPatch::default(), t(9)).await.err(), Some(LedgerError::NoSuchEndpoint));
    ledger.close().await;
}

fn said(endpoint: &Endpoint) -> Vec<(String, Option<domain::Timestamp>)> {
    use secrecy::ExposeSecret as _;
    endpoint.secrets.iter().map(|s| (s.secret.expose_secret().to_owned(), s.expires_at)).collect()
}

#[tokio::test]
async fn each_receiver_is_owed_what_matches_from_its_beginning_on() {
    let (_dir, ledger, one) = ledger().await;
    let two = add_channel(&ledger, 2).await;
    receive(&ledger, one, 1, 2).await;
    let all = add(&ledger, 1, &[]).await;
    let ours = endpoint(2, &["message.received"], vec![two]);
    ledger.create_endpoint(ours.clone()).await.unwrap();
    receive(&ledger, one, 10, 1).await;
    receive(&ledger, two, 20, 1).await;
    ledger.insert_outbound(outbound(two, 30, "O"), None, None).await.unwrap();
    let by_hand = EndpointStatus::Paused { reason: PauseReason::ByHand, since: t(4) };
    ledger.set_endpoint_status(ours.id, by_hand, t(4)).await.unwrap();
    receive(&ledger, two, 40, 1).await;

    assert_eq!(ledger.plan_deliveries(t(3), 2).await.unwrap(), Planned { made: 3, more: true });
    assert_eq!(plan(&ledger).await, 4);
    assert_eq!(plan(&ledger).await, 0);
    let head = *ledger.tip().borrow();
    assert_eq!(seqs(&ledger, all).await, [5, 6, 7, 8, 9], "also that the other was paused");
    assert_eq!(
        seqs(&ledger, ours.id).await,
        [6, head],
        "a paused one is owed events too; what is about no channel is not its own"
    );
    let counts = ledger.pending_counts().await.unwrap();
    assert_eq!(
        counts.iter().map(|c| (c.endpoint, c.pending, c.oldest)).collect::<Vec<_>>(),
        [(all, 5, Some(t(3))), (ours.id, 2, Some(t(3)))]
    );
    ledger.close().await;
}

#[tokio::test]
async fn every_change_of_status_is_told_once_and_without_what_the_address_hides() {
    let (_dir, ledger, _) = ledger().await;
    let id = add(&ledger, 1, &["*"]).await;
    let mut tip = ledger.deliveries_tip();
    tip.mark_unchanged();
    let failing = EndpointStatus::Paused { reason: PauseReason::Failing, since: t(4) };
    for status in [failing, failing, EndpointStatus::Active, EndpointStatus::Active, EndpointStatus::Disabled { since: t(5) }] {
        assert_eq!(ledger.set_endpoint_status(id, status, t(5)).await.unwrap().status, status);
    }
    assert!(tip.has_changed().unwrap());
    assert_eq!(kinds(&ledger).await[1..], ["webhook.paused", "webhook.resumed", "webhook.disabled"]);
    for event in &all_events(&ledger).await[1..] {
        let told: wire::WebhookEventData = serde_json::from_str(event.data.get()).unwrap();
        assert_eq!((told.url.as_str(), event.channel), ("http://127.0.0.1:8080/hook/1", None));
    }
    ledger.close().await;
}

#[tokio::test]
async fn what_a_disabled_receiver_missed_is_not_owed_but_what_was_owed_before_is() {
    let (_dir, ledger, id) = ledger().await;
    let hook = add(&ledger, 1, &["message.received"]).await;
    receive(&ledger, id, 1, 1).await;
    plan(&ledger).await;
    ledger.set_endpoint_status(hook, EndpointStatus::Disabled { since: t(5) }, t(5)).await.unwrap();
    receive(&ledger, id, 2, 1).await;
    assert_eq!(plan(&ledger).await, 0);
    ledger.set_endpoint_status(hook, EndpointStatus::Active, t(6)).await.unwrap();
    receive(&ledger, id, 3, 1).await;
    plan(&ledger).await;
    assert_eq!(seqs(&ledger, hook).await, [2, 6]);
    // But it can be asked for.
    assert_eq!(ledger.redeliver_range(hook, t(0), t(99), true, t(7)).await.unwrap(), 3);
    assert_eq!(seqs(&ledger, hook).await, [2, 4, 6]);
    ledger.close().await;
}

#[derive(Clone, Debug)]
enum Step {
    Receive(u8),
    Plan(u32),
    Deliver(u32),
    Restart,
    Kill,
    Pause(bool),
    Replay,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (1u8..20).prop_map(Step::Receive),
        3 => (1u32..12).prop_map(Step::Plan),
        2 => (1u32..6).prop_map(Step::Deliver),
        1 => Just(Step::Restart),
        1 => Just(Step::Kill),
        1 => any::<bool>().prop_map(Step::Pause),
        1 => Just(Step::Replay),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: crate::home::CASES, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn each_event_is_owed_exactly_once_to_each_receiver_whatever_dies(steps in proptest::collection::vec(step(), 1..40)) {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(async {
            let (dir, mut ledger, id) = ledger().await;
            let hooks = [add(&ledger, 1, &["message.received"]).await, add(&ledger, 2, &["*"]).await];
            let mut next = 1u128;
            for step in steps {
                match step {
                    Step::Receive(n) => {
                        receive(&ledger, id, next, n.into()).await;
                        next += u128::from(n);
                    }
                    Step::Plan(limit) => drop(ledger.plan_deliveries(t(3), limit).await.unwrap()),
                    Step::Deliver(n) => deliver(&ledger, hooks[0], n).await,
                    Step::Restart | Step::Kill => {
                        if matches!(step, Step::Kill) {
                            // In the middle of planning.
                            let planning = ledger.clone();
                            let (_, ()) = tokio::join!(planning.plan_deliveries(t(3), 100), ledger.close());
                        } else {
                            ledger.close().await;
                        }
                        ledger = ground::open(dir.path()).await;
                    }
                    Step::Pause(paused) => {
                        let status = if paused { EndpointStatus::Paused { reason: PauseReason::ByHand, since: t(4) } } else { EndpointStatus::Active };
                        ledger.set_endpoint_status(hooks[0], status, t(4)).await.unwrap();
                    }
                    Step::Replay => drop(ledger.redeliver_range(hooks[1], t(1), t(99), false, t(6)).await.unwrap()),
                }
            }
            plan(&ledger).await;
            let events = all_events(&ledger).await;
            for (hook, wanted) in hooks.into_iter().zip(["message.received", ""]) {
                let mut owed = BTreeMap::<u64, u32>::new();
                let mut before = None;
                loop {
                    let page = ledger.deliveries(&DeliveryQuery { endpoint: Some(hook), before, limit: 50, ..DeliveryQuery::default() }).await.unwrap();
                    for delivery in page.deliveries {
                        *owed.entry(delivery.seq).or_default() += 1;
                    }
                    before = page.next;
                    if before.is_none() { break; }
                }
                let begun = 1;
                let expected: BTreeMap<u64, u32> = events.iter().filter(|e| e.seq > begun && e.kind.starts_with(wanted)).map(|e| (e.seq, 1)).collect();
                assert_eq!(owed, expected);
            }
            ledger.append(vec![Event::ChannelUpdated { channel: ground::channel(1) }], t(9)).await.unwrap();
            ground::assert_no_hole(&ledger).await;
            ledger.close().await;
        });
    }
}
