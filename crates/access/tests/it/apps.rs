//! What an app may do is changed, and holds at once.

use crate::ground::{Ground, all_of, on, person};
use access::{AppPatch, By, Error, NewApp, Refusal};
use domain::{Permit, Permits, Scope};
use std::collections::BTreeSet;

fn permits(permits: Permits) -> AppPatch {
    AppPatch { permits: Some(permits), ..AppPatch::default() }
}

fn disabled(disabled: bool) -> AppPatch {
    AppPatch { disabled: Some(disabled), ..AppPatch::default() }
}

#[tokio::test]
async fn whoever_may_do_less_starts_anew_and_whoever_may_do_more_is_not_disturbed() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(on(Scope::EventsRead, &[1, 2]), false).await;
    let stream = ground.lets_in(&key).unwrap();
    let wider = ground.access.widen(app.id, Permit::of(Scope::ChannelsRead), person()).await.unwrap();
    assert!(wider.permits.has(Scope::ChannelsRead) && !stream.gone.is_cancelled());
    let renamed = AppPatch { name: Some("Checkout".into()), limits: Some(Some(5)), ..AppPatch::default() };
    ground.access.patch_app(app.id, renamed, person()).await.unwrap();
    let now = ground.lets_in(&key).unwrap();
    assert_eq!((now.name.as_str(), now.limit), ("Checkout", Some(5)));
    assert!(!stream.gone.is_cancelled());
    ground.access.patch_app(app.id, permits(on(Scope::EventsRead, &[1])), person()).await.unwrap();
    assert!(stream.gone.is_cancelled() && now.gone.is_cancelled());
    let anew = ground.lets_in(&key).unwrap();
    assert_eq!(anew.permits, on(Scope::EventsRead, &[1]));
    assert!(!anew.gone.is_cancelled());
    assert_eq!(ground.actions().await[3..], ["app.widen", "app.rename", "app.narrow"]);
}

#[tokio::test]
async fn an_app_takes_away_and_gives_nothing() {
    let ground = Ground::new().await;
    let (_, key) = ground.app(all_of(&[Scope::AppsManage]), false).await;
    let by = By::from(&*ground.lets_in(&key).unwrap());
    let new = NewApp {
        name: "Other".into(),
        permits: all_of(&[Scope::MessagesSend, Scope::EventsRead]),
        origins: vec!["https://example.org".into()],
        limits: Some(100),
        ..NewApp::default()
    };
    let (other, _) = ground.made(new.clone()).await;
    let own = key.key.app;
    let gives = [
        (own, permits(Permits::everything())),
        (other.id, permits(Permits::everything())),
        (other.id, AppPatch { name: Some("Bank".into()), ..AppPatch::default() }),
        (other.id, AppPatch { origins: Some(vec!["https://example.com".into()]), ..AppPatch::default() }),
        (other.id, AppPatch { programs: Some(vec!["/usr/bin/python3".into()]), ..AppPatch::default() }),
        (other.id, AppPatch { limits: Some(None), ..AppPatch::default() }),
        (other.id, AppPatch { limits: Some(Some(101)), ..AppPatch::default() }),
    ];
    for (id, patch) in gives {
        assert_eq!(ground.access.patch_app(id, patch.clone(), by.clone()).await, Err(Error::NotAPerson), "{patch:?}");
    }
    assert_eq!(ground.access.widen(own, Permit::of(Scope::MessagesSend), by.clone()).await, Err(Error::NotAPerson));
    assert_eq!(ground.access.create_app(new, by.clone()).await.unwrap_err(), Error::NotAPerson);
    let takes = [
        permits(all_of(&[Scope::MessagesSendAsk])),
        AppPatch { origins: Some(vec![]), limits: Some(Some(1)), ..AppPatch::default() },
        disabled(true),
    ];
    for patch in takes {
        ground.access.patch_app(other.id, patch, by.clone()).await.unwrap();
    }
    assert_eq!(ground.access.patch_app(other.id, disabled(false), by.clone()).await, Err(Error::NotAPerson));
    ground.access.delete_app(other.id, by).await.unwrap();
    assert_eq!(ground.access.app(other.id).await, Err(Error::NoSuchApp));
}

#[tokio::test]
async fn a_disabled_app_comes_in_no_more_until_it_is_enabled() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let stream = ground.lets_in(&key).unwrap();
    ground.access.patch_app(app.id, disabled(true), person()).await.unwrap();
    assert!(stream.gone.is_cancelled());
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Disabled);
    let ground = ground.restarted().await;
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Disabled);
    ground.access.patch_app(app.id, disabled(false), person()).await.unwrap();
    assert!(!ground.lets_in(&key).unwrap().gone.is_cancelled());
    assert_eq!(ground.kinds().await, ["app.requested", "app.allowed", "app.revoked"]);
    assert_eq!(ground.actions().await[3..], ["app.disable", "app.enable"]);
}

#[tokio::test]
async fn a_deleted_app_and_its_keys_are_as_if_they_had_never_been() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let stream = ground.lets_in(&key).unwrap();
    ground.access.delete_app(app.id, person()).await.unwrap();
    assert!(stream.gone.is_cancelled());
    assert_eq!(ground.lets_in(&key).unwrap_err(), Refusal::Unknown);
    assert_eq!(ground.access.keys(None).await.unwrap(), []);
    assert_eq!(ground.access.delete_app(app.id, person()).await, Err(Error::NoSuchApp));
    assert_eq!(ground.access.revoke_key(app.id, key.key.id, person()).await.unwrap_err(), Error::NoSuchApp);
}

#[tokio::test]
async fn a_change_that_changes_nothing_leaves_no_trace() {
    let ground = Ground::new().await;
    let (app, _) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let before = (ground.kinds().await, ground.actions().await);
    let same = AppPatch {
        name: Some(app.name.clone()),
        permits: Some(app.permits.clone()),
        disabled: Some(false),
        ..AppPatch::default()
    };
    assert_eq!(ground.access.patch_app(app.id, same, person()).await.unwrap(), app);
    let none = ground.access.patch_app(app.id, permits(Permits::default()), person()).await;
    assert_eq!(none, Err(Error::NothingAllowed));
    assert_eq!((ground.kinds().await, ground.actions().await), before);
}

#[tokio::test]
async fn the_origins_of_browsers_are_those_of_apps_that_may_come_in() {
    let ground = Ground::new().await;
    let mut origins = ground.access.origins();
    let with = |origins: &[&str]| NewApp {
        name: "Page".into(),
        permits: all_of(&[Scope::EventsRead]),
        origins: origins.iter().map(ToString::to_string).collect(),
        ..NewApp::default()
    };
    let (one, _) = ground.made(with(&["https://example.org", "https://example.com"])).await;
    let (other, _) = ground.made(with(&["https://example.com"])).await;
    let known = |origins: &mut tokio::sync::watch::Receiver<std::sync::Arc<BTreeSet<String>>>| {
        origins.borrow_and_update().iter().cloned().collect::<Vec<_>>()
    };
    assert_eq!(known(&mut origins), ["https://example.com", "https://example.org"]);
    ground.access.patch_app(one.id, disabled(true), person()).await.unwrap();
    assert!(origins.has_changed().unwrap());
    assert_eq!(known(&mut origins), ["https://example.com"]);
    ground.access.delete_app(other.id, person()).await.unwrap();
    assert_eq!(known(&mut origins), Vec::<String>::new());
}
