//! A program asks, a person answers, the program collects its key.

use crate::ground::{Ground, all_of, channel, on, peer, person, secs, wants};
use access::{Access, AccessConfig, AccessDeps, Allowance, AskError, By, Collected, Error, PollToken, RequestName};
use domain::{Actor, Permits, RequestState, Scope};
use futures::future::join_all;

#[tokio::test]
async fn what_was_asked_for_is_narrowed_collected_once_and_opens_that_much() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::MessagesSend, Scope::ChannelsRead])).await;
    assert_eq!(ground.access.waiting(), std::slice::from_ref(&request));
    assert!(matches!(ground.access.collect(request.id, &token, &peer(1)).await, Ok(Collected::Waiting)));

    let narrower = on(Scope::MessagesSendAsk, &[1]);
    let allowance = Allowance { permits: Some(narrower.clone()), name: Some("The till".into()), ..Allowance::default() };
    let typed = request.code.to_string().to_lowercase().parse().unwrap();
    let allowed = ground.access.allow(RequestName::Code(typed), allowance, person()).await.unwrap();
    assert!(matches!(allowed.state, RequestState::Allowed { once: false, key_until: None, .. }));
    assert_eq!(ground.access.waiting(), []);

    let (app, key) = ground.collect(&request, &token).await;
    assert_eq!((app.name.as_str(), &app.permits), ("The till", &narrower));
    assert!(matches!(ground.access.collect(request.id, &token, &peer(1)).await, Ok(Collected::Collected)));
    let grantee = ground.lets_in(&key).unwrap();
    assert!(grantee.allows(Scope::MessagesSendAsk, Some(channel(1)), None));
    assert!(!grantee.allows(Scope::MessagesSend, Some(channel(1)), None) && !grantee.permits.has(Scope::ChannelsRead));
    assert_eq!(ground.kinds().await, ["app.requested", "app.allowed"]);
    assert_eq!(ground.actions().await, ["app.request", "app.allow", "key.collect"]);
}

#[tokio::test]
async fn nobody_is_given_more_than_was_asked_for_or_by_an_app() {
    let ground = Ground::new().await;
    let (boss, _) = ground.app(Permits::everything(), false).await;
    let (request, _) = ground.ask(2, on(Scope::MessagesRead, &[1])).await;
    let which = RequestName::Id(request.id);
    let with = |permits| Allowance { permits: Some(permits), ..Allowance::default() };
    for more in [on(Scope::MessagesRead, &[1, 2]), on(Scope::MessagesSend, &[1]), all_of(&[Scope::MessagesRead])] {
        assert_eq!(ground.access.allow(which, with(more), person()).await, Err(Error::NotWithin));
    }
    assert_eq!(ground.access.allow(which, with(Permits::default()), person()).await, Err(Error::NothingAllowed));
    for actor in [Actor::Nobody, Actor::Itself, Actor::App { app: boss.id, key: None, name: boss.name }] {
        let by = By::from(actor);
        assert_eq!(ground.access.allow(which, Allowance::default(), by.clone()).await, Err(Error::NotAPerson));
        assert_eq!(ground.access.deny(which, by).await, Err(Error::NotAPerson));
    }
    assert_eq!(ground.access.waiting().len(), 1, "and nothing of it was an answer");
    assert!(matches!(ground.access.ask(wants(Permits::default()), peer(3)).await, Err(AskError::NothingAsked)));
}

#[tokio::test]
async fn a_request_is_answered_once() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    let which = RequestName::Id(request.id);
    // Two people press different buttons.
    let (allowed, denied) =
        tokio::join!(ground.access.allow(which, Allowance::default(), person()), ground.access.deny(which, person()));
    let won = [allowed.is_ok(), denied.is_ok()];
    assert!(won == [true, false] || won == [false, true], "{won:?}");
    let lost = if won[0] { denied } else { allowed };
    assert!(matches!(lost, Err(Error::Answered(_))), "{lost:?}");
    let collected = ground.access.collect(request.id, &token, &peer(1)).await.unwrap();
    assert_eq!(matches!(collected, Collected::Allowed { .. }), won[0]);
    assert_eq!(matches!(collected, Collected::Denied), won[1]);
    assert_eq!(ground.ledger.apps().await.unwrap().len(), usize::from(won[0]));
}

#[tokio::test]
async fn of_many_who_collect_at_once_one_gets_the_key() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    ground.access.allow(RequestName::Id(request.id), Allowance::default(), person()).await.unwrap();
    let from = peer(1);
    let collected = join_all((0..8).map(|_| ground.access.collect(request.id, &token, &from))).await;
    let keys = collected.iter().filter(|c| matches!(c, Ok(Collected::Allowed { .. }))).count();
    let others = collected.iter().filter(|c| matches!(c, Ok(Collected::Collected))).count();
    assert_eq!((keys, others), (1, 7));
    assert_eq!(ground.ledger.keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn only_who_asked_hears_the_answer() {
    let ground = Ground::new().await;
    let (request, _) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    let (_, other) = ground.ask(2, all_of(&[Scope::EventsRead])).await;
    for token in [other, PollToken::from(String::new()), PollToken::from(request.id.to_string())] {
        let told = ground.access.collect(request.id, &token, &peer(1)).await;
        assert!(matches!(told, Err(Error::NoSuchRequest)), "{told:?}");
    }
}

#[tokio::test]
async fn a_request_that_nobody_answers_expires() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    ground.pass(secs(599));
    assert_eq!(ground.access.waiting().len(), 1);
    ground.pass(secs(1));
    assert_eq!(ground.access.waiting(), [], "at that moment, not when somebody has swept");
    assert!(matches!(ground.access.collect(request.id, &token, &peer(1)).await, Ok(Collected::Expired)));
    let late = ground.access.allow(RequestName::Id(request.id), Allowance::default(), person()).await;
    assert_eq!(late, Err(Error::Answered(RequestState::Expired)));
    ground
        .until("it is written down", async || {
            ground.ledger.requests().await.unwrap().iter().all(|request| request.state == RequestState::Expired)
        })
        .await;
}

#[tokio::test]
async fn how_long_a_request_waits_is_a_matter_of_choice() {
    let ground = Ground::new().await;
    let deps = AccessDeps { ledger: ground.ledger.clone(), clock: ground.clock.clone() };
    let access = Access::open_as(AccessConfig { request_life: secs(20), ..AccessConfig::default() }, deps).await.unwrap();
    let (request, token) = access.ask(wants(all_of(&[Scope::EventsRead])), peer(1)).await.unwrap();
    assert_eq!(request.expires_at.since(request.made_at), secs(20));
    ground.pass(secs(19));
    assert_eq!(access.waiting().len(), 1);
    ground.pass(secs(1));
    assert!(matches!(access.collect(request.id, &token, &peer(1)).await, Ok(Collected::Expired)));
    let late = access.allow(RequestName::Code(request.code), Allowance::default(), person()).await;
    assert_eq!(late, Err(Error::Answered(RequestState::Expired)));
    access.drain().await;
}

#[tokio::test]
async fn an_app_whose_key_is_never_collected_goes_with_its_request() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    ground.pass(secs(590));
    ground.access.allow(RequestName::Id(request.id), Allowance::default(), person()).await.unwrap();
    // The answer at the last moment leaves time to be heard.
    ground.pass(secs(500));
    assert_eq!(ground.ledger.apps().await.unwrap().len(), 1);
    ground.pass(secs(110));
    assert!(matches!(ground.access.collect(request.id, &token, &peer(1)).await, Ok(Collected::Expired)));
    ground.until("the app is gone", async || ground.ledger.apps().await.unwrap().is_empty()).await;
    assert_eq!(ground.kinds().await, ["app.requested", "app.allowed", "app.revoked"]);
}

#[tokio::test]
async fn what_was_asked_and_answered_outlives_a_crash() {
    let ground = Ground::new().await;
    let (waits, waits_token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    let (allowed, allowed_token) = ground.ask(2, all_of(&[Scope::EventsRead])).await;
    ground.access.allow(RequestName::Id(allowed.id), Allowance::default(), person()).await.unwrap();
    let ground = ground.crashed().await;
    assert_eq!(ground.access.waiting(), std::slice::from_ref(&waits));
    assert!(matches!(ground.access.collect(waits.id, &waits_token, &peer(1)).await, Ok(Collected::Waiting)));
    let (_, key) = ground.collect(&allowed, &allowed_token).await;
    assert!(ground.lets_in(&key).is_ok());
    let ground = ground.crashed().await;
    assert!(ground.lets_in(&key).is_ok(), "and so does its key");
    assert!(matches!(ground.access.collect(allowed.id, &allowed_token, &peer(1)).await, Ok(Collected::Collected)));
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_back_and_others_are_asked() {
    let ground = Ground::new().await;
    for _ in 0..2 {
        ground.ask(1, all_of(&[Scope::EventsRead])).await;
    }
    let third = ground.access.ask(wants(all_of(&[Scope::EventsRead])), peer(1)).await.unwrap_err();
    assert_eq!(third, AskError::PeerBusy { retry_after: secs(600) });
    ground.pass(secs(1));
    // Six more programs, all at once, and two too many.
    let permits = all_of(&[Scope::EventsRead]);
    let asked = join_all((2..10).map(|n| ground.access.ask(wants(permits.clone()), peer(n)))).await;
    assert_eq!(asked.iter().filter(|a| a.is_ok()).count(), 6);
    assert_eq!(asked.iter().filter(|a| matches!(a, Err(AskError::QueueFull { .. }))).count(), 2);
    let waiting = ground.access.waiting();
    assert_eq!((waiting.len(), waiting[0].peer.clone()), (8, peer(1)));
    let mut codes: Vec<_> = waiting.iter().map(|request| request.code).collect();
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 8);
}
