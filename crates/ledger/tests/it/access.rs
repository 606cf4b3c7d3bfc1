//! Who may come in: apps, their keys, and what programs have asked for.

use crate::ground::{kinds, ledger, open, t};
use domain::{
    Actor, App, AppId, AppRequest, AppRequestId, AuditEntry, ChannelId, ChatId, DoorKind, Event, Key, KeyId, Outcome, Peer,
    Permits, Program, Reach, RequestCode, RequestState, Scope, Via,
};
use ledger::{AccessWrite, AuditQuery, KeyUse, Ledger, LedgerError};

pub fn app(n: u128) -> App {
    let channels = Reach::only([ChannelId::new(t(0), 1)]);
    let recipients = Reach::only(["15550100123@s.whatsapp.net".parse::<ChatId>().unwrap()]);
    App {
        id: AppId::new(t(0), n),
        name: format!("Desk assistant {n}"),
        created_at: t(0),
        disabled_at: None,
        permits: Permits::of(&[Scope::MessagesSendAsk, Scope::EventsRead], &channels, &recipients),
        origins: vec!["https://example.org".into()],
        programs: vec![],
        limits: Some(60),
    }
}

pub fn key(n: u128, app: u128) -> Key {
    Key {
        id: KeyId::new(t(1), n),
        app: AppId::new(t(0), app),
        label: "laptop".into(),
        made_at: t(1),
        expires_at: Some(t(1000)),
        revoked_at: None,
        until_quit: n.is_multiple_of(2),
        replaces: None,
        last_used_at: None,
        last_from: None,
        requests_today: 0,
        day: 0,
    }
}

pub fn hash(n: u8) -> [u8; 32] {
    [n; 32]
}

pub fn request(n: u128) -> AppRequest {
    AppRequest {
        id: AppRequestId::new(t(1), n),
        name: "Desk assistant".into(),
        reason: "To answer guests".into(),
        permits: Permits::everything(),
        origin: None,
        peer: peer(),
        code: RequestCode::new(0x2a5a_5a5a),
        poll_hash: hash(9),
        made_at: t(1),
        expires_at: t(601),
        state: RequestState::Waiting,
    }
}

pub fn peer() -> Peer {
    let program = Program { pid: 77, path: "/opt/desk/assistant".into(), uid: 1000 };
    Peer { door: DoorKind::Unix, address: None, program: Some(program) }
}

pub fn entry(action: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::Person { via: Via::Desktop },
        peer: Some(peer()),
        action: action.into(),
        target: Some(AppId::new(t(0), 1).to_string()),
        outcome: Outcome::Done,
        detail: None,
    }
}

/// An app with a key.
pub async fn let_in(ledger: &Ledger, n: u128) -> App {
    let byte = u8::try_from(n).unwrap();
    let writes = vec![AccessWrite::NewApp(app(n)), AccessWrite::NewKey { key: key(n, n), hash: hash(byte) }];
    ledger.change_access(writes, vec![entry("app.make")], vec![], t(1)).await.unwrap();
    app(n)
}

async fn change(ledger: &Ledger, write: AccessWrite) -> Result<u64, LedgerError> {
    ledger.change_access(vec![write], vec![], vec![], t(5)).await
}

async fn noted(ledger: &Ledger) -> u64 {
    ledger.verify_audit().await.unwrap().unwrap().entries
}

#[tokio::test]
async fn apps_keys_and_requests_come_back_as_they_were_kept() {
    let (home, ledger, _) = ledger().await;
    let app = App { programs: vec!["/usr/bin/agent".into()], limits: None, disabled_at: Some(t(3)), ..app(1) };
    let (one, two) = (key(1, 1), Key { replaces: Some(key(1, 1).id), revoked_at: Some(t(4)), expires_at: None, ..key(2, 1) });
    let allowed = RequestState::Allowed { app: app.id, once: true, key_until: Some(t(50)) };
    let asked = AppRequest { origin: Some("https://example.org".into()), state: allowed, ..request(2) };
    let writes = vec![
        AccessWrite::NewApp(app.clone()),
        AccessWrite::NewKey { key: one.clone(), hash: hash(1) },
        AccessWrite::NewKey { key: two.clone(), hash: hash(2) },
        AccessWrite::NewRequest(request(1)),
        AccessWrite::NewRequest(asked.clone()),
    ];
    let told = Event::AppDenied { request: request(3).id, name: "Other".into() };
    let seq = ledger.change_access(writes, vec![entry("app.make"), entry("key.make")], vec![told], t(1)).await.unwrap();
    assert_eq!(seq, *ledger.tip().borrow());
    ledger.close().await;

    let ledger = open(home.path()).await;
    let all = ledger.access().await.unwrap();
    assert_eq!((all.apps, all.keys), (vec![app], vec![(one.clone(), hash(1)), (two.clone(), hash(2))]));
    assert_eq!(all.requests, [request(1), asked]);
    assert_eq!(ledger.key_hashes().await.unwrap(), [(one.id, hash(1)), (two.id, hash(2))]);
    assert_eq!(kinds(&ledger).await.last().unwrap(), "app.denied");
    assert_eq!(noted(&ledger).await, 2);
    ledger.close().await;
}

#[tokio::test]
async fn a_change_and_what_is_noted_of_it_stand_or_fall_together() {
    let (_home, ledger, _) = ledger().await;
    let_in(&ledger, 1).await;
    let tip = *ledger.tip().borrow();
    let told = Event::AppDenied { request: request(3).id, name: "Other".into() };
    for (bad, why) in [
        (AccessWrite::NewApp(app(1)), LedgerError::AlreadyThere),
        (AccessWrite::App { was: app(2), now: app(2) }, LedgerError::NoSuchApp),
        (AccessWrite::App { was: App { name: "Older".into(), ..app(1) }, now: app(1) }, LedgerError::Changed),
        (AccessWrite::DeleteApp(app(2).id), LedgerError::NoSuchApp),
        (AccessWrite::NewKey { key: key(5, 2), hash: hash(5) }, LedgerError::NoSuchApp),
        (AccessWrite::NewKey { key: key(5, 1), hash: hash(1) }, LedgerError::AlreadyThere),
        (AccessWrite::Key(key(7, 1)), LedgerError::Changed),
        (
            AccessWrite::Request { id: request(1).id, was: RequestState::Waiting, now: RequestState::Denied },
            LedgerError::Changed,
        ),
    ] {
        let writes = vec![AccessWrite::NewApp(app(9)), bad.clone()];
        // Another write in the same transaction stands.
        let other = ledger.append_audit(vec![(t(2), entry("other"))]);
        let failing = ledger.change_access(writes, vec![entry("never")], vec![told.clone()], t(2));
        let (other, failed) = futures::future::join(other, failing).await;
        other.unwrap();
        assert_eq!(failed, Err(why), "{bad:?}");
    }
    assert_eq!(ledger.apps().await.unwrap(), [app(1)]);
    assert_eq!(*ledger.tip().borrow(), tip);
    let page = ledger.audit_page(&AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(page.entries.iter().filter(|e| e.entry.action == "other").count(), 8);
    assert!(page.entries.iter().all(|e| e.entry.action != "never"));
    assert_eq!(noted(&ledger).await, 9);
    ledger.close().await;
}

#[tokio::test]
async fn of_two_who_answer_a_request_one_is_first() {
    let (_home, ledger, _) = ledger().await;
    change(&ledger, AccessWrite::NewRequest(request(1))).await.unwrap();
    let id = request(1).id;
    let allowed = RequestState::Allowed { app: app(1).id, once: false, key_until: None };
    let allow = ledger.change_access(
        vec![AccessWrite::NewApp(app(1)), AccessWrite::Request { id, was: RequestState::Waiting, now: allowed }],
        vec![],
        vec![],
        t(2),
    );
    let deny = change(&ledger, AccessWrite::Request { id, was: RequestState::Waiting, now: RequestState::Denied });
    let (allow, deny) = futures::future::join(allow, deny).await;
    assert!(allow.is_ok());
    assert_eq!(deny, Err(LedgerError::Changed));
    // And the key is collected once.
    let collect = |n: u128| {
        let key = AccessWrite::NewKey { key: key(n, 1), hash: hash(u8::try_from(n).unwrap()) };
        ledger.change_access(
            vec![AccessWrite::Request { id, was: allowed, now: RequestState::Collected }, key],
            vec![],
            vec![],
            t(3),
        )
    };
    let (one, two) = futures::future::join(collect(1), collect(2)).await;
    assert!(one.is_ok());
    assert_eq!(two, Err(LedgerError::Changed));
    assert_eq!(ledger.keys().await.unwrap(), [key(1, 1)]);
    assert_eq!(ledger.requests().await.unwrap()[0].state, RequestState::Collected);
    assert_eq!(ledger.prune_requests(t(601)).await.unwrap(), 0);
    assert_eq!(ledger.prune_requests(t(602)).await.unwrap(), 1);
    ledger.close().await;
}

#[tokio::test]
async fn what_was_taken_away_does_not_come_back_by_an_older_look() {
    let (_home, ledger, _) = ledger().await;
    let before = let_in(&ledger, 1).await;
    let narrow = App { permits: Permits::default(), ..before.clone() };
    change(&ledger, AccessWrite::App { was: before.clone(), now: narrow.clone() }).await.unwrap();
    let renamed = App { name: "Better name".into(), ..before.clone() };
    let stale = change(&ledger, AccessWrite::App { was: before, now: renamed }).await;
    assert_eq!(stale, Err(LedgerError::Changed));
    assert_eq!(ledger.apps().await.unwrap(), [narrow]);

    change(&ledger, AccessWrite::Key(Key { revoked_at: Some(t(6)), ..key(1, 1) })).await.unwrap();
    change(&ledger, AccessWrite::Key(Key { label: "again".into(), ..key(1, 1) })).await.unwrap();
    let kept = ledger.keys().await.unwrap().remove(0);
    assert_eq!((kept.label.as_str(), kept.revoked_at), ("again", Some(t(6))));
    change(&ledger, AccessWrite::ForgetKey(kept.id)).await.unwrap();
    assert_eq!(ledger.keys().await.unwrap(), []);
    ledger.close().await;
}

#[tokio::test]
async fn an_app_that_is_deleted_takes_its_keys_along() {
    let (_home, ledger, _) = ledger().await;
    let_in(&ledger, 1).await;
    let_in(&ledger, 2).await;
    change(&ledger, AccessWrite::DeleteApp(app(1).id)).await.unwrap();
    assert_eq!(ledger.apps().await.unwrap(), [app(2)]);
    assert_eq!(ledger.keys().await.unwrap(), [key(2, 2)]);
    ledger.close().await;
}

#[tokio::test]
async fn how_keys_are_used_is_added_up_by_days() {
    let (_home, ledger, _) = ledger().await;
    let_in(&ledger, 1).await;
    let id = key(1, 1).id;
    let used = |secs: i64, from: &str, requests| KeyUse { key: id, at: t(secs), from: Some(from.into()), requests };
    let look = async || {
        let key = ledger.keys().await.unwrap().remove(0);
        (key.last_used_at, key.last_from, key.requests_today, key.day)
    };
    ledger.usage(vec![used(10, "127.0.0.1", 3), used(20, "/usr/bin/agent", 4)]).await.unwrap();
    assert_eq!(look().await, (Some(t(20)), Some("/usr/bin/agent".into()), 7, t(20).day()));
    ledger.usage(vec![used(15, "late", 1)]).await.unwrap();
    assert_eq!(look().await, (Some(t(20)), Some("/usr/bin/agent".into()), 8, t(20).day()), "told by a worker that was late");
    ledger.usage(vec![used(86_400, "127.0.0.1", 2)]).await.unwrap();
    assert_eq!(look().await, (Some(t(86_400)), Some("127.0.0.1".into()), 2, t(86_400).day()));
    ledger.usage(vec![used(30, "yesterday", 5)]).await.unwrap();
    assert_eq!(look().await.2, 2, "of yesterday nothing is added to today");
    // One that is gone meanwhile.
    ledger.usage(vec![KeyUse { key: key(8, 1).id, at: t(1), from: None, requests: 1 }]).await.unwrap();
    // An admin's change of the key leaves what is known of its use.
    change(&ledger, AccessWrite::Key(Key { label: "desk".into(), ..key(1, 1) })).await.unwrap();
    assert_eq!(look().await.2, 2);
    ledger.close().await;
}
