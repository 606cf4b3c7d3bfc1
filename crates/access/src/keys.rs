use crate::access::{Access, Change};
use crate::lifetime::{self, Rotated};
use crate::secret::{self, Hash, NoRandomness};
use crate::table::Gone;
use crate::{By, Error, NewKey, requests};
use domain::{App, AppId, Event, Key, KeyId, KeyState, RevokeReason, Timestamp};
use ledger::{AccessState, AccessWrite};
use std::time::Duration;

/// Keys of one app that open something.
const MOST_KEYS: usize = 32;
/// Others may change the same at the same moment, but not again and again.
const TRIES: usize = 4;

/// A key that is to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySpec {
    /// What it is for; may be empty.
    pub label: String,
    /// How long it lives; `None`: without an end.
    pub expires_in: Option<Duration>,
}

impl Access {
    /// All keys, or those of one app, in the order in which they were made, with their use as of now.
    pub async fn keys(&self, of: Option<AppId>) -> Result<Vec<Key>, Error> {
        let keys = self.inner.ledger.keys().await?;
        let now = self.inner.clock.now();
        let usage = self.inner.usage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(keys.into_iter().filter(|key| of.is_none_or(|app| key.app == app)).map(|key| usage.added_to(key, now)).collect())
    }

    /// A further key of an app.
    ///
    /// # Errors
    /// `NotAPerson`; `NoSuchApp`; `TooMany`.
    pub async fn create_key(&self, app: AppId, spec: KeySpec, by: By) -> Result<NewKey, Error> {
        if !by.actor.is_person() {
            return Err(Error::NotAPerson);
        }
        let now = self.inner.clock.now();
        let app = self.app(app).await?;
        self.room_for_a_key(app.id, now)?;
        let (mut key, hash) = new_key_of(app.id, spec.label, now)?;
        key.key.expires_at = spec.expires_in.map(|life| now.plus(life));
        let made = Change {
            writes: vec![AccessWrite::NewKey { key: key.key.clone(), hash: hash.0 }],
            audit: vec![by.did("key.make", key.key.id, format!("for {:?} ({})", app.name, app.id))],
            ..Change::default()
        };
        self.change(made).await?;
        Ok(key)
    }

    /// Another key in the place of this one, which goes on for `overlap` and then ends. Without one it ends at once. Not for the app
    /// itself: whoever had stolen a key would have another one before it is revoked.
    ///
    /// # Errors
    /// `NotAPerson`; `NoSuchKey`; `KeyEnded`; `TooMany`.
    pub async fn rotate_key(&self, app: AppId, id: KeyId, overlap: Duration, by: By) -> Result<NewKey, Error> {
        if !by.actor.is_person() {
            return Err(Error::NotAPerson);
        }
        let now = self.inner.clock.now();
        let (app, old) = self.app_and_key(app, id).await?;
        self.room_for_a_key(app.id, now)?;
        let (text, hash) = secret::new_key()?;
        let new = KeyId::new(now, rand::random());
        let Rotated { old, new } = lifetime::rotate(&old, new, now, overlap).ok_or(Error::KeyEnded)?;
        let ended = old.revoked_at.is_some();
        let rotated = Change {
            audit: vec![by.did("key.rotate", new.id, format!("in the place of {} for {:?}", old.id, app.name))],
            events: ended.then(|| revoked(&app, Some(old.id), RevokeReason::Rotated)).into_iter().collect(),
            gone: ended.then_some(Gone::Key(old.id)).into_iter().collect(),
            writes: vec![AccessWrite::NewKey { key: new.clone(), hash: hash.0 }, AccessWrite::Key(old)],
        };
        self.change(rotated).await?;
        Ok(NewKey { key: new, secret: text })
    }

    /// The key opens nothing from now on, and what was opened by it closes. Again: nothing changes.
    ///
    /// # Errors
    /// `NoSuchKey`.
    pub async fn revoke_key(&self, app: AppId, id: KeyId, by: By) -> Result<Key, Error> {
        let (app, mut key) = self.app_and_key(app, id).await?;
        if key.revoked_at.is_some() {
            return Ok(key);
        }
        key.revoked_at = Some(self.inner.clock.now());
        let taken = Change {
            writes: vec![AccessWrite::Key(key.clone())],
            audit: vec![by.did("key.revoke", key.id, format!("of {:?} ({})", app.name, app.id))],
            events: vec![revoked(&app, Some(key.id), RevokeReason::ByHand)],
            gone: vec![Gone::Key(key.id)],
        };
        self.change(taken).await?;
        Ok(key)
    }

    /// Has a key end at a moment, or (`None`) not by itself.
    ///
    /// # Errors
    /// `NotAPerson`, unless it only ends earlier; `NoSuchKey`; `KeyEnded`.
    pub async fn expire_key(&self, app: AppId, id: KeyId, at: Option<Timestamp>, by: By) -> Result<Key, Error> {
        let (app, mut key) = self.app_and_key(app, id).await?;
        if key.state(self.inner.clock.now()) != KeyState::Good {
            return Err(Error::KeyEnded);
        }
        let earlier = at.is_some_and(|at| key.expires_at.is_none_or(|before| at <= before));
        if !earlier && !by.actor.is_person() {
            return Err(Error::NotAPerson);
        }
        key.expires_at = at;
        let until = at.map_or_else(|| "without an end".to_owned(), |at| format!("until {at}"));
        let ends = Change {
            writes: vec![AccessWrite::Key(key.clone())],
            audit: vec![by.did("key.expire", key.id, format!("of {:?} ({}): {until}", app.name, app.id))],
            ..Change::default()
        };
        self.change(ends).await?;
        Ok(key)
    }

    /// Ends all that ends when WhatIsUp does: keys, and what was allowed and is not collected yet.
    pub(crate) async fn end_until_quit(&self) -> Result<(), ledger::LedgerError> {
        for _ in 0..TRIES {
            let ends = until_quit(&self.inner.ledger.access().await?, self.inner.clock.now());
            if ends.writes.is_empty() {
                return Ok(());
            }
            match self.change(ends).await {
                Ok(()) => return Ok(()),
                // Collected, or deleted by another worker, this moment.
                Err(Error::Changed | Error::NoSuchApp) => {}
                Err(Error::Ledger(error)) => return Err(error),
                Err(error) => return Err(ledger::LedgerError::Io(error.to_string())),
            }
        }
        Err(ledger::LedgerError::Changed)
    }

    async fn app_and_key(&self, app: AppId, id: KeyId) -> Result<(App, Key), Error> {
        let app = self.app(app).await?;
        let key = self.keys(Some(app.id)).await?.into_iter().find(|key| key.id == id).ok_or(Error::NoSuchKey)?;
        Ok((app, key))
    }

    fn room_for_a_key(&self, app: AppId, now: Timestamp) -> Result<(), Error> {
        if self.table().keys_of(app, now) < MOST_KEYS {
            return Ok(());
        }
        Err(Error::TooMany { what: "keys of one app", most: MOST_KEYS })
    }
}

fn until_quit(state: &AccessState, now: Timestamp) -> Change {
    let mut ends = Change::default();
    for (key, _) in state.keys.iter().filter(|(key, _)| key.until_quit && key.revoked_at.is_none()) {
        let Some(app) = state.apps.iter().find(|app| app.id == key.app) else { continue };
        ends.audit.push(By::itself().did("key.revoke", key.id, format!("of {:?} ({}): let in until quit", app.name, app.id)));
        ends.events.push(revoked(app, Some(key.id), RevokeReason::UntilQuit));
        ends.gone.push(Gone::Key(key.id));
        ends.writes.push(AccessWrite::Key(Key { revoked_at: Some(now), ..key.clone() }));
    }
    for request in state.requests.iter().filter(|request| requests::is_until_quit(request)) {
        let app = requests::app(request).and_then(|id| state.apps.iter().find(|app| app.id == id));
        ends.expire(request, app.filter(|app| state.keys.iter().all(|(key, _)| key.app != app.id)));
    }
    ends
}

/// A key that is made now, without an end.
pub(crate) fn new_key_of(app: AppId, label: String, now: Timestamp) -> Result<(NewKey, Hash), NoRandomness> {
    let (secret, hash) = secret::new_key()?;
    let key = Key {
        id: KeyId::new(now, rand::random()),
        app,
        label,
        made_at: now,
        expires_at: None,
        revoked_at: None,
        until_quit: false,
        replaces: None,
        last_used_at: None,
        last_from: None,
        requests_today: 0,
        day: now.day(),
    };
    Ok((NewKey { key, secret }, hash))
}

pub(crate) fn revoked(app: &App, key: Option<KeyId>, reason: RevokeReason) -> Event {
    Event::AppRevoked { app: app.id, name: app.name.clone(), key, reason }
}
