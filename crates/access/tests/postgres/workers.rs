//! Several workers over one ledger: what one decides holds for all.

use crate::ground::{self, Ground, all_of, goes, peer, person, secs, until};
use access::{Access, Allowance, AppPatch, Collected, RequestName};
use domain::{RequestState, Scope};
use ledger::Ledger;

/// Another worker on the same ledger, with the same clock.
async fn another(ground: &Ground) -> (Ledger, Access) {
    let ledger = ground.home.open().await;
    let access = ground::open(&ledger, &ground.clock).await;
    (ledger, access)
}

#[tokio::test]
async fn what_is_asked_of_one_worker_is_answered_at_another_and_collected_at_a_third() {
    let ground = Ground::new().await;
    let (_b, answers) = another(&ground).await;
    let (_c, collects) = another(&ground).await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    until(&answers, "the other worker hears of the request", async || answers.waiting().len() == 1).await;
    answers.allow(RequestName::Code(request.code), Allowance::default(), person()).await.unwrap();
    // Another worker may have heard of neither: it looks, and what it does not find yet it finds a little later.
    let mut changed = collects.changed();
    let key = loop {
        changed.mark_unchanged();
        match collects.collect(request.id, &token, &peer(1)).await.unwrap() {
            Collected::Allowed { key, .. } => break key,
            Collected::Waiting => tokio::time::timeout(secs(20), changed.changed()).await.expect("it hears of it").unwrap(),
            other @ (Collected::Denied | Collected::Expired | Collected::Collected) => panic!("{other:?}"),
        }
    };
    assert!(ground.access.authenticate_anew(key.secret.expose(), ground.now()).await.is_ok());
}

#[tokio::test]
async fn what_is_made_up_is_looked_for_seldom() {
    let ground = Ground::new().await;
    let (_b, other) = another(&ground).await;
    let made_up = "wiu_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let mut changed = other.changed();
    for _ in 0..20 {
        changed.mark_unchanged();
        assert!(other.authenticate_anew(made_up, ground.now()).await.is_err());
    }
    assert!(!changed.has_changed().unwrap(), "the clock stands, so it has looked once");
    ground.pass(secs(1));
    assert!(other.authenticate_anew(made_up, ground.now()).await.is_err());
    assert!(changed.has_changed().unwrap());
}

#[tokio::test]
async fn what_one_worker_takes_away_closes_at_the_others() {
    let ground = Ground::new().await;
    let (_b, other) = another(&ground).await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead, Scope::ChannelsRead]), false).await;
    let lets_in = || other.authenticate(key.secret.expose(), ground.now());
    until(&other, "the other worker knows the key", async || lets_in().is_ok()).await;
    let stream = lets_in().unwrap();
    let narrower = AppPatch { permits: Some(all_of(&[Scope::EventsRead])), ..AppPatch::default() };
    ground.access.patch_app(app.id, narrower, person()).await.unwrap();
    goes(&stream).await;
    let stream = lets_in().unwrap();
    assert!(!stream.permits.has(Scope::ChannelsRead));
    ground.access.revoke_key(app.id, key.key.id, person()).await.unwrap();
    goes(&stream).await;
    assert_eq!(lets_in().unwrap_err(), access::Refusal::Revoked);
}

#[tokio::test]
async fn two_workers_that_answer_or_collect_at_once_do_so_once() {
    let ground = Ground::new().await;
    let (_b, other) = another(&ground).await;
    for round in 0..6 {
        let (request, token) = ground.ask(round, all_of(&[Scope::EventsRead])).await;
        until(&other, "the other worker hears of the request", async || !other.waiting().is_empty()).await;
        let which = RequestName::Id(request.id);
        let (allowed, denied) =
            tokio::join!(ground.access.allow(which, Allowance::default(), person()), other.deny(which, person()));
        assert!(allowed.is_ok() != denied.is_ok(), "{allowed:?} {denied:?}");
        until(&other, "the other worker knows the answer", async || other.waiting().is_empty()).await;
        let from = peer(1);
        let (one, two) =
            tokio::join!(ground.access.collect(request.id, &token, &from), other.collect(request.id, &token, &from));
        let keys = [&one, &two].into_iter().filter(|c| matches!(c, Ok(Collected::Allowed { .. }))).count();
        assert_eq!(keys, usize::from(allowed.is_ok()), "{one:?} {two:?}");
    }
    let state = ground.ledger.access().await.unwrap();
    let collected = state.requests.iter().filter(|r| r.state == RequestState::Collected).count();
    assert_eq!((state.apps.len(), state.keys.len()), (collected, collected));
    assert!(ground.ledger.verify_audit().await.unwrap().is_ok());
}

#[tokio::test]
async fn the_use_of_a_key_adds_up_over_the_workers() {
    let ground = Ground::new().await;
    let (_b, other) = another(&ground).await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let grantee = ground.lets_in(&key).unwrap();
    for _ in 0..3 {
        ground.access.used(&grantee, &peer(1), ground.now());
        other.used(&grantee, &peer(2), ground.now());
    }
    other.drain().await;
    let shown = ground.access.keys(Some(app.id)).await.unwrap().remove(0);
    assert_eq!(shown.requests_on(ground.now()), 6);
}
