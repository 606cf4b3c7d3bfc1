//! Keys end when they should, and what they opened ends with them.

use crate::ground::{Ground, all_of, goes, peer, person, secs};
use access::{Allowance, By, Collected, Error, KeySpec, NewApp, OVERLAP, Refusal, RequestName};
use domain::{Actor, Key, KeyState, RequestState, Scope};
use ledger::AccessWrite;
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: Duration = OVERLAP;

#[tokio::test]
async fn a_key_that_expires_closes_what_it_opened() {
    let ground = Ground::new().await;
    let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    let allowance = Allowance { expires_in: Some(secs(3600)), ..Allowance::default() };
    ground.access.allow(RequestName::Id(request.id), allowance, person()).await.unwrap();
    let ends = ground.now().plus(secs(3600));
    ground.pass(secs(60));
    let (_, key) = ground.collect(&request, &token).await;
    assert_eq!(key.key.expires_at, Some(ends), "it counts from the answer");
    let grantee = ground.lets_in(&key).unwrap();
    ground.pass(secs(3539));
    assert!(ground.lets_in(&key).is_ok() && !grantee.gone.is_cancelled());
    ground.pass(secs(1));
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Expired { at: ends });
    goes(&grantee).await;
    // A clock that is set back brings nothing back.
    ground.set_back(secs(600));
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Expired { at: ends });
}

#[tokio::test]
async fn a_key_that_is_revoked_opens_nothing_from_the_moment_of_the_answer_on() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let other = ground.access.create_key(app.id, KeySpec::default(), person()).await.unwrap();
    let (grantee, untouched) = (ground.lets_in(&key).unwrap(), ground.lets_in(&other).unwrap());
    let revoked = ground.access.revoke_key(app.id, key.key.id, person()).await.unwrap();
    assert!(grantee.gone.is_cancelled());
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Revoked);
    assert!(ground.lets_in(&other).is_ok() && !untouched.gone.is_cancelled());
    ground.pass(secs(10));
    let again = ground.access.revoke_key(app.id, key.key.id, person()).await.unwrap();
    assert_eq!(again.revoked_at, revoked.revoked_at);
    let ground = ground.restarted().await;
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Revoked);
    assert!(ground.lets_in(&other).is_ok());
    assert_eq!(ground.kinds().await, ["app.requested", "app.allowed", "app.revoked"]);
}

#[tokio::test]
async fn a_revocation_is_carried_out_though_its_caller_goes_away() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let grantee = ground.lets_in(&key).unwrap();
    let written = async { while ground.ledger.keys().await.unwrap()[0].revoked_at.is_none() {} };
    // As soon as it stands in the ledger nobody waits for the call any more.
    tokio::select! {
        biased;
        () = written => {}
        done = ground.access.revoke_key(app.id, key.key.id, person()) => drop(done.unwrap()),
    }
    goes(&grantee).await;
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Revoked);
}

#[tokio::test]
async fn a_rotated_key_goes_on_beside_the_new_one_and_then_ends() {
    let ground = Ground::new().await;
    let (app, old) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let stream = ground.lets_in(&old).unwrap();
    let new = ground.access.rotate_key(app.id, old.key.id, OVERLAP, person()).await.unwrap();
    assert_eq!((new.key.replaces, new.key.app), (Some(old.key.id), app.id));
    ground.pass(DAY - secs(1));
    assert!(ground.lets_in(&old).is_ok() && ground.lets_in(&new).is_ok() && !stream.gone.is_cancelled());
    ground.pass(secs(1));
    assert!(matches!(ground.lets_in(&old), Err(Refusal::Expired { .. })) && ground.lets_in(&new).is_ok());
    goes(&stream).await;
    let ended = ground.access.rotate_key(app.id, old.key.id, OVERLAP, person()).await;
    assert_eq!(ended.unwrap_err(), Error::KeyEnded);
}

#[tokio::test]
async fn a_rotation_without_overlap_ends_the_old_key_at_once() {
    let ground = Ground::new().await;
    let (app, old) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let stream = ground.lets_in(&old).unwrap();
    let new = ground.access.rotate_key(app.id, old.key.id, Duration::ZERO, person()).await.unwrap();
    assert!(stream.gone.is_cancelled());
    assert_eq!(ground.lets_in(&old).unwrap_err(), Refusal::Revoked);
    assert!(ground.lets_in(&new).is_ok());
}

#[tokio::test]
async fn an_app_makes_no_key_whatever_it_may_do() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::AppsManage]), false).await;
    let (victim, other) =
        ground.made(NewApp { name: "Other".into(), permits: all_of(&[Scope::EventsRead]), ..NewApp::default() }).await;
    let itself = By::from(&*ground.lets_in(&key).unwrap());
    assert_eq!(ground.access.create_key(victim.id, KeySpec::default(), itself.clone()).await.unwrap_err(), Error::NotAPerson);
    assert_eq!(ground.access.create_key(app.id, KeySpec::default(), itself.clone()).await.unwrap_err(), Error::NotAPerson);
    for (app, key) in [(victim.id, other.key.id), (app.id, key.key.id)] {
        let rotated = ground.access.rotate_key(app, key, OVERLAP, itself.clone()).await;
        assert_eq!(rotated.unwrap_err(), Error::NotAPerson);
    }
    // A key is found by its app, and by no other's.
    assert_eq!(ground.access.revoke_key(victim.id, key.key.id, itself.clone()).await.unwrap_err(), Error::NoSuchKey);
    let later = Some(ground.now().plus(secs(60)));
    assert_eq!(ground.access.expire_key(app.id, key.key.id, None, itself.clone()).await.unwrap_err(), Error::NotAPerson);
    assert_eq!(ground.access.expire_key(app.id, key.key.id, later, itself).await.unwrap().expires_at, later);
}

#[tokio::test]
async fn what_another_worker_has_taken_away_ends_here_soon_also_when_its_word_was_lost() {
    let ground = Ground::new().await;
    let (_, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let stream = ground.lets_in(&key).unwrap();
    // The ledger tells nobody of what it is told by ourselves.
    let revoked = Key { revoked_at: Some(ground.now()), ..key.key.clone() };
    ground.ledger.change_access(vec![AccessWrite::Key(revoked)], vec![], vec![], ground.now()).await.unwrap();
    assert!(ground.lets_in(&key).is_ok(), "nothing was heard of it");
    ground.pass(secs(30));
    goes(&stream).await;
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Revoked);
}

#[tokio::test]
async fn what_was_let_in_until_quit_ends_with_the_run_also_when_that_died() {
    let ground = Ground::new().await;
    let (_, stays) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let (_, once) = ground.app(all_of(&[Scope::EventsRead]), true).await;
    let stream = ground.lets_in(&once).unwrap();
    ground.access.drain().await;
    assert!(stream.gone.is_cancelled());
    assert_eq!(ground.lets_in(&once).unwrap_err(), Refusal::Revoked);
    let ground = ground.restarted().await;
    assert_eq!(ground.lets_in(&once).unwrap_err(), Refusal::Revoked);
    assert!(ground.lets_in(&stays).is_ok());

    let (_, once) = ground.app(all_of(&[Scope::EventsRead]), true).await;
    let ground = ground.crashed().await;
    assert_eq!(ground.lets_in(&once).unwrap_err(), Refusal::Revoked);
    let last = ground.audit().await.pop().unwrap().entry;
    assert_eq!((last.actor, last.action.as_str()), (Actor::Itself, "key.revoke"));
}

#[tokio::test]
async fn what_was_allowed_until_quit_and_not_collected_ends_with_the_run_too() {
    let mut ground = Ground::new().await;
    for dies in [false, true] {
        let once = Allowance { once: true, ..Allowance::default() };
        let (request, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
        ground.access.allow(RequestName::Id(request.id), once.clone(), person()).await.unwrap();
        // This one has a key by hand, and stays for it.
        let (other, other_token) = ground.ask(2, all_of(&[Scope::EventsRead])).await;
        let allowed = ground.access.allow(RequestName::Id(other.id), once, person()).await.unwrap();
        let RequestState::Allowed { app, .. } = allowed.state else { panic!("{allowed:?}") };
        let by_hand = ground.access.create_key(app, KeySpec::default(), person()).await.unwrap();
        let (stays, stays_token) = ground.ask(3, all_of(&[Scope::EventsRead])).await;
        ground.access.allow(RequestName::Id(stays.id), Allowance::default(), person()).await.unwrap();

        ground = if dies { ground.crashed().await } else { ground.restarted().await };
        for (request, token) in [(&request, &token), (&other, &other_token)] {
            let late = ground.access.collect(request.id, token, &peer(1)).await;
            assert!(matches!(late, Ok(Collected::Expired)), "{late:?}");
        }
        assert!(ground.lets_in(&by_hand).is_ok());
        let (kept, _) = ground.collect(&stays, &stays_token).await;
        let left: BTreeSet<_> = ground.access.apps().await.unwrap().into_iter().map(|app| app.id).collect();
        assert_eq!(left, BTreeSet::from([app, kept.id]));
        ground.access.delete_app(app, person()).await.unwrap();
        ground.access.delete_app(kept.id, person()).await.unwrap();
    }
}

#[tokio::test]
async fn an_app_that_was_let_in_until_quit_is_listed_for_a_day_and_then_forgotten() {
    let ground = Ground::new().await;
    let (stays, _) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let (once, _) = ground.app(all_of(&[Scope::EventsRead]), true).await;
    let ground = ground.restarted().await;
    assert_eq!(ground.access.apps().await.unwrap().len(), 2);
    ground.pass(DAY + secs(3600));
    ground.until("it is forgotten", async || ground.access.app(once.id).await == Err(Error::NoSuchApp)).await;
    assert_eq!(ground.access.apps().await.unwrap(), [stays]);
    assert_eq!(ground.actions().await.last().unwrap(), "app.delete");
}

#[tokio::test]
async fn the_use_of_a_key_is_shown_at_once_and_written_down_soon_and_at_the_end() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let grantee = ground.lets_in(&key).unwrap();
    for _ in 0..3 {
        ground.access.used(&grantee, &peer(7), ground.now());
    }
    let shown = ground.access.keys(Some(app.id)).await.unwrap().remove(0);
    assert_eq!((shown.requests_on(ground.now()), shown.last_used_at), (3, Some(ground.now())));
    assert_eq!(shown.last_from.as_deref(), Some("/usr/bin/program-7"));
    assert_eq!(ground.ledger.keys().await.unwrap()[0].last_used_at, None);
    ground.pass(secs(30));
    // Nobody is told of a flush.
    let written = async {
        while ground.ledger.keys().await.unwrap()[0].requests_today != 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(secs(20), written).await.unwrap();
    ground.access.used(&grantee, &peer(8), ground.now());
    let ground = ground.restarted().await;
    let kept = ground.ledger.keys().await.unwrap().remove(0);
    assert_eq!((kept.requests_today, kept.last_from.as_deref()), (4, Some("/usr/bin/program-8")));
    assert_eq!(ground.access.keys(None).await.unwrap(), [kept]);
}

#[tokio::test]
async fn there_are_not_endlessly_many_keys_and_old_ones_are_forgotten() {
    let ground = Ground::new().await;
    let (app, first) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    for _ in 1..32 {
        ground.access.create_key(app.id, KeySpec { label: String::new(), expires_in: Some(DAY) }, person()).await.unwrap();
    }
    let more = ground.access.create_key(app.id, KeySpec::default(), person()).await;
    assert!(matches!(more, Err(Error::TooMany { .. })));
    ground.pass(DAY);
    assert!(ground.access.create_key(app.id, KeySpec::default(), person()).await.is_ok(), "those that ended do not count");
    ground.pass(91 * DAY);
    ground.until("they are forgotten", async || ground.ledger.keys().await.unwrap().len() == 2).await;
    assert_eq!(first.key.state(ground.now()), KeyState::Good);
    assert!(ground.lets_in(&first).is_ok());
}

#[tokio::test]
async fn what_is_no_key_is_unknown() {
    let ground = Ground::new().await;
    let (_, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let text = key.secret.expose();
    let (mut other, flipped) = (text.to_owned(), if text.ends_with('A') { "B" } else { "A" });
    other.replace_range(46.., flipped);
    for wrong in ["", "wiu_", &text[..46], &format!("{text}A"), &text.to_uppercase(), &other, &format!("{text}\0")] {
        let refused = ground.access.authenticate(wrong, ground.now());
        assert_eq!(refused.unwrap_err(), Refusal::Unknown, "{wrong:?}");
    }
}
