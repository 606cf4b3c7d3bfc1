//! Whatever changes access stands in the audit log, and no secret does.

use crate::ground::{Ground, all_of, on, peer, person, secs};
use access::{AppPatch, By, Collected, KeySpec, NewApp, OVERLAP, RequestName};
use domain::{Actor, Outcome, Permit, Scope, Via};
use secrets::Secrets;

/// What must be found nowhere.
mod secrets {
    #[derive(Default)]
    pub struct Secrets(Vec<String>);

    impl Secrets {
        pub fn note(&mut self, secret: impl Into<String>) {
            self.0.push(secret.into());
        }

        pub fn assert_none_in(&self, text: &str) {
            assert!(self.0.len() > 3 && self.0.iter().all(|secret| secret.len() > 5));
            for secret in &self.0 {
                assert!(!text.contains(secret.as_str()), "{secret} in {text}");
            }
        }
    }
}

#[tokio::test]
async fn every_change_is_in_the_log_with_who_did_it_and_nothing_secret_is_anywhere() {
    let ground = Ground::new().await;
    let (mut secrets, access) = (Secrets::default(), &ground.access);
    let cli = || By::new(Actor::Person { via: Via::Cli }, Some(peer(9)));

    let (denied, token) = ground.ask(1, all_of(&[Scope::EventsRead])).await;
    secrets.note(token.expose());
    secrets.note(denied.code.to_string());
    access.deny(RequestName::Code(denied.code), cli()).await.unwrap();
    let (request, token) = ground.ask(2, on(Scope::MessagesSend, &[1])).await;
    secrets.note(token.expose());
    secrets.note(request.code.to_string());
    access.allow(RequestName::Id(request.id), access::Allowance::default(), person()).await.unwrap();
    let Collected::Allowed { app, key } = access.collect(request.id, &token, &peer(3)).await.unwrap() else { panic!() };
    secrets.note(key.secret.expose());
    let (made, first) =
        ground.made(NewApp { name: "Made".into(), permits: all_of(&[Scope::AppsManage]), ..NewApp::default() }).await;
    secrets.note(first.secret.expose());
    let second = access.create_key(app.id, KeySpec::default(), Actor::Admin.into()).await.unwrap();
    secrets.note(second.secret.expose());
    let third = access.rotate_key(app.id, second.key.id, OVERLAP, cli()).await.unwrap();
    secrets.note(third.secret.expose());
    access.revoke_key(app.id, third.key.id, cli()).await.unwrap();
    access.expire_key(app.id, key.key.id, Some(ground.now().plus(secs(9))), cli()).await.unwrap();
    access.widen(app.id, Permit::of(Scope::ChannelsRead), cli()).await.unwrap();
    let manager = By::new(ground.lets_in(&first).unwrap().actor(), Some(peer(4)));
    let off = AppPatch { disabled: Some(true), ..AppPatch::default() };
    access.patch_app(app.id, off, manager.clone()).await.unwrap();
    access.delete_app(app.id, manager.clone()).await.unwrap();
    access.delete_app(made.id, cli()).await.unwrap();

    let log = ground.audit().await;
    let told: Vec<_> =
        log.iter().map(|a| (a.entry.action.as_str(), a.entry.actor.as_str(), a.entry.target.clone().unwrap())).collect();
    let expected = [
        ("app.request", "nobody", denied.id.to_string()),
        ("app.deny", "person", denied.id.to_string()),
        ("app.request", "nobody", request.id.to_string()),
        ("app.allow", "person", request.id.to_string()),
        ("key.collect", "app", key.key.id.to_string()),
        ("app.make", "person", made.id.to_string()),
        ("key.make", "admin", second.key.id.to_string()),
        ("key.rotate", "person", third.key.id.to_string()),
        ("key.revoke", "person", third.key.id.to_string()),
        ("key.expire", "person", key.key.id.to_string()),
        ("app.widen", "person", app.id.to_string()),
        ("app.disable", "app", app.id.to_string()),
        ("app.delete", "app", app.id.to_string()),
        ("app.delete", "person", made.id.to_string()),
    ];
    assert_eq!(told, expected);
    assert!(log.iter().all(|audited| audited.entry.outcome == Outcome::Done));
    assert_eq!(log[4].entry.peer, Some(peer(3)), "who has collected, whoever had asked");
    assert_eq!((&log[11].entry.actor, &log[11].entry.peer), (&manager.actor, &manager.peer));
    let verified = ground.ledger.verify_audit().await.unwrap().unwrap();
    assert_eq!(verified.entries, 14);

    let events: String = ground.events().await.iter().map(|event| format!("{} {}", event.kind, event.data)).collect();
    let state = ground.ledger.access().await.unwrap();
    secrets.assert_none_in(&format!("{log:?} {events} {state:?} {access:?} {key:?} {token:?} {request:?}"));
}

#[tokio::test]
async fn what_is_refused_changes_nothing_and_is_not_written_as_done() {
    let ground = Ground::new().await;
    let (app, key) = ground.app(all_of(&[Scope::EventsRead]), false).await;
    let before = ground.audit().await.len();
    let by = By::from(&*ground.lets_in(&key).unwrap());
    assert!(ground.access.create_key(app.id, KeySpec::default(), by.clone()).await.is_err());
    assert!(ground.access.widen(app.id, Permit::of(Scope::AppsManage), by).await.is_err());
    assert_eq!(ground.audit().await.len(), before);
    ground.access.delete_app(app.id, person()).await.unwrap();
    let grantee = ground.lets_in(&key);
    assert!(grantee.is_err());
    assert_eq!(ground.audit().await.len(), before + 1);
}
