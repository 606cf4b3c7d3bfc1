//! What happens to an attempt under way when its endpoint or its delivery changes meanwhile.

use crate::ground::{Ground, hurried, now};
use crate::receiver::{Act, Receiver};
use domain::{App, AppId, PauseReason, Permit, Permits, Scope};
use ledger::{AccessWrite, DeliveryStatus, Endpoint, EndpointPatch, EndpointStatus, SigningSecret};
use standardwebhooks::Webhook;
use std::time::Duration;
use webhooks::DispatcherConfig;

/// Answers when it is let go.
async fn slow(status: u16) -> (Receiver, Ground) {
    let receiver = Receiver::start(move |_, _| Act::SayWhenLet(status)).await;
    (receiver, Ground::new(DispatcherConfig { timeout: Duration::from_secs(15), ..hurried() }).await)
}

const BY_HAND: fn() -> EndpointStatus = || EndpointStatus::Paused { reason: PauseReason::ByHand, since: now() };

#[tokio::test]
async fn paused_the_attempt_under_way_ends_and_is_written_down_and_no_other_begins() {
    let (receiver, ground) = slow(200).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(2).await;
    receiver.wait_for(1).await;
    ground.ledger.set_endpoint_status(id, BY_HAND(), now()).await.unwrap();
    receiver.let_go(9);
    ground.until(id, |all| all[0].status == DeliveryStatus::Delivered).await;
    ground.handle.wake();
    ground.emit(1).await;
    let owed = ground.until(id, |all| all.len() == 3).await;
    assert_eq!((owed[1].status, owed[1].attempts, receiver.requests().len()), (DeliveryStatus::Pending, 0, 1));
    ground.ledger.set_endpoint_status(id, EndpointStatus::Active, now()).await.unwrap();
    ground.settled(id, 3).await;
    assert_eq!(receiver.seqs(), owed.iter().map(|d| d.seq).collect::<Vec<_>>());
    ground.end().await;
}

#[tokio::test]
async fn paused_by_hand_it_is_not_disabled_by_what_was_under_way() {
    let (receiver, ground) = slow(410).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    receiver.wait_for(1).await;
    ground.ledger.set_endpoint_status(id, BY_HAND(), now()).await.unwrap();
    receiver.let_go(1);
    ground.until(id, |all| all[0].attempts == 1).await;
    assert!(matches!(ground.endpoint(id).await.status, EndpointStatus::Paused { reason: PauseReason::ByHand, .. }));
    ground.end().await;
}

#[tokio::test]
async fn deleted_the_attempt_under_way_is_cut_off() {
    let (receiver, ground) = slow(200).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(2).await;
    receiver.wait_for(1).await;
    ground.ledger.delete_endpoint(id).await.unwrap();
    for _ in 0..1_000 {
        if ground.handle.in_flight() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(ground.handle.in_flight(), 0);
    assert!(ground.ledger.endpoint(id).await.unwrap().is_none());
    assert_eq!(receiver.requests().len(), 1);
    ground.end().await;
}

#[tokio::test]
async fn moved_elsewhere_what_failed_is_tried_there_at_once() {
    let (old, ground) = slow(500).await;
    let id = ground.add(old.url()).await;
    ground.emit(2).await;
    old.wait_for(1).await;
    let new = Receiver::start(|_, _| Act::Say(200)).await;
    let headers = vec![("x-new".into(), Some("yes".into()))];
    let patch = EndpointPatch { url: Some(new.url()), headers, by_person: true, ..EndpointPatch::default() };
    ground.ledger.update_endpoint(id, patch, now()).await.unwrap();
    old.let_go(9);
    let deliveries = ground.settled(id, 2).await;
    assert_eq!(new.seqs(), deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    assert_eq!(new.requests()[0].header("x-new"), Some("yes"));
    assert_eq!(old.requests().len(), 1);
    ground.end().await;
}

#[tokio::test]
async fn moved_while_it_waits_for_hours_it_does_not_go_on_waiting() {
    let old = Receiver::start(|_, _| Act::SayAll(503, "retry-after: 40000\r\n", "")).await;
    let new = Receiver::start(|_, _| Act::Say(200)).await;
    let ground = Ground::hurried().await;
    let id = ground.add(old.url()).await;
    ground.emit(1).await;
    ground.until(id, |all| all.first().is_some_and(|d| d.attempts == 1)).await;
    let patch = EndpointPatch { url: Some(new.url()), by_person: true, ..EndpointPatch::default() };
    ground.ledger.update_endpoint(id, patch, now()).await.unwrap();
    ground.settled(id, 1).await;
    ground.end().await;
}

#[tokio::test]
async fn rotated_the_old_secret_signs_beside_the_new_one_until_it_ends() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    ground.settled(id, 1).await;
    let fresh = webhooks::fresh_secret().to_string();
    let rotate = async |secret: &str, old_ends| {
        let new = SigningSecret { secret: secret.to_owned().into(), created_at: now(), expires_at: None };
        ground.ledger.rotate_secret(id, new, old_ends, now()).await.unwrap();
    };
    rotate(&fresh, now().plus(Duration::from_secs(3600))).await;
    ground.emit(1).await;
    ground.settled(id, 2).await;
    let last = webhooks::fresh_secret().to_string();
    rotate(&last, now().minus(Duration::from_secs(1))).await;
    ground.emit(1).await;
    ground.settled(id, 3).await;

    let requests = receiver.requests();
    let valid = |request: usize, secret: &str| {
        let request = &requests[request];
        Webhook::new(secret).unwrap().verify(request.body.as_bytes(), &request.headers()).is_ok()
    };
    let by = |request| [valid(request, &ground.secret), valid(request, &fresh), valid(request, &last)];
    assert_eq!([by(0), by(1), by(2)], [[true, false, false], [true, true, false], [false, false, true]]);
    ground.end().await;
}

#[tokio::test]
async fn skipped_what_failed_holds_the_rest_up_no_longer() {
    let receiver =
        Receiver::start(|n, _| if n == 0 { Act::SayAll(422, "retry-after: 40000\r\n", "") } else { Act::Say(200) }).await;
    let ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(3).await;
    let owed = ground.until(id, |all| all.len() == 3 && all[0].attempts == 1).await;
    ground.ledger.skip(owed[0].id, now()).await.unwrap();
    ground.until(id, |all| all[1..].iter().all(|d| d.status == DeliveryStatus::Delivered)).await;
    assert_eq!(receiver.seqs(), owed.iter().map(|d| d.seq).collect::<Vec<_>>());

    // And asked for after all, it is delivered alone.
    ground.ledger.redeliver(owed[0].id, now()).await.unwrap();
    ground.settled(id, 3).await;
    assert_eq!(receiver.seqs()[3..], [owed[0].seq]);
    ground.end().await;
}

#[tokio::test]
async fn skipped_while_it_is_under_way_it_is_not_tried_again() {
    let (receiver, ground) = slow(500).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(1).await;
    receiver.wait_for(1).await;
    let owed = ground.deliveries(id).await;
    ground.ledger.skip(owed[0].id, now()).await.unwrap();
    receiver.let_go(9);
    let seq = ground.emit(1).await;
    receiver.wait_for(2).await;
    assert_eq!(receiver.seqs(), [owed[0].seq, seq]);
    assert_eq!(ground.deliveries(id).await[0].status, DeliveryStatus::Skipped);
    ground.end().await;
}

#[tokio::test]
async fn a_range_can_be_delivered_anew_in_order() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let ground = Ground::hurried().await;
    let since = now();
    ground.emit(2).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(2).await;
    ground.settled(id, 2).await;
    let anew = ground.ledger.redeliver_range(id, since, now().plus(Duration::from_secs(1)), false, now()).await.unwrap();
    assert_eq!(anew, 4, "those from before there was the endpoint too");
    receiver.wait_for(6).await;
    let deliveries = ground.settled(id, 4).await;
    assert_eq!(receiver.seqs()[2..], deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    ground.end().await;
}

#[tokio::test]
async fn an_endpoint_of_an_app_rests_from_the_moment_in_which_the_app_is_disabled() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let ground = Ground::hurried().await;
    let app = agent();
    let change = async |write| ground.ledger.change_access(vec![write], vec![], vec![], now()).await.unwrap();
    change(AccessWrite::NewApp(app.clone())).await;
    // Of the app, and trusted only so that it may be on this machine here.
    let id = ground.create(Endpoint { app: Some(app.id), ..ground.draft(receiver.url()) }).await;
    ground.emit(2).await;
    ground.settled(id, 2).await;
    let disabled = App { disabled_at: Some(now()), ..app.clone() };
    change(AccessWrite::App { was: app.clone(), now: disabled.clone() }).await;
    ground.emit(2).await;
    let kept = ground.until(id, |all| all.len() == 4).await;
    assert!(kept[2..].iter().all(|d| d.status == DeliveryStatus::Pending && d.attempts == 0));
    assert!(matches!(ground.endpoint(id).await.status, EndpointStatus::Paused { reason: PauseReason::AppRevoked, .. }));
    assert_eq!(receiver.requests().len(), 2);
    let narrow = App { permits: Permits::default(), ..app };
    change(AccessWrite::App { was: disabled, now: narrow }).await;
    // What was kept for it is not for it any more.
    let withheld = ground.until(id, |all| all.iter().all(|d| d.status != DeliveryStatus::Pending)).await;
    assert!(withheld[2..].iter().all(|d| d.status == DeliveryStatus::Skipped && d.attempts == 0 && d.finished_at.is_some()));
    ground.emit(1).await;
    // Whatever comes now is for others; a person's endpoint shows that it was looked at.
    let other = Receiver::start(|_, _| Act::Say(200)).await;
    let others = ground.add(other.url()).await;
    ground.emit(1).await;
    ground.settled(others, 1).await;
    assert_eq!((ground.deliveries(id).await.len(), receiver.requests().len()), (4, 2));
    ground.end().await;
}

/// One that may have the events of all channels sent.
fn agent() -> App {
    App {
        id: AppId::new(now(), 1),
        name: "Desk assistant".into(),
        created_at: now(),
        disabled_at: None,
        permits: Permits::new([Permit::of(Scope::EventsRead), Permit::of(Scope::WebhooksManage)]),
        origins: vec![],
        programs: vec!["/usr/bin/agent".into()],
        limits: None,
    }
}

#[tokio::test]
async fn what_was_owed_to_an_app_is_not_sent_any_more_once_it_may_not_see_it() {
    for concurrency in [1, 4] {
        let (receiver, ground) = slow(500).await;
        let app = agent();
        let change = async |write| ground.ledger.change_access(vec![write], vec![], vec![], now()).await.unwrap();
        change(AccessWrite::NewApp(app.clone())).await;
        let id = ground.create(Endpoint { app: Some(app.id), concurrency, ..ground.draft(receiver.url()) }).await;
        // More than are known at a time.
        ground.emit(300).await;
        ground.until(id, |all| all.len() == 300).await;
        let begun = concurrency as usize;
        receiver.wait_for(begun).await;

        // Whether it may not have it sent or not see it either is the same.
        let permits = if concurrency == 1 { Permits::new([Permit::of(Scope::EventsRead)]) } else { Permits::default() };
        let narrow = App { permits, ..app.clone() };
        change(AccessWrite::App { was: app.clone(), now: narrow.clone() }).await;
        receiver.let_go(999);
        let all = ground.until(id, |all| all.iter().all(|d| d.status == DeliveryStatus::Skipped)).await;
        ground.until(id, |all| all.iter().filter(|d| d.attempts > 0).count() == begun).await;
        assert_eq!((all.len(), receiver.requests().len()), (300, begun), "what had begun was not tried again");

        // Let see again, it is owed what happens from then on, and no more.
        change(AccessWrite::App { was: narrow, now: app }).await;
        let seq = ground.emit(1).await;
        receiver.wait_for(begun + 1).await;
        assert!(receiver.seqs()[begun..].iter().all(|sent| *sent == seq));
        ground.end().await;
    }
}
