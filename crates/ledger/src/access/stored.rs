//! How apps, keys and requests are written into columns. Frozen with the schema.

use crate::LedgerError;
use crate::sql::Row;
use crate::stored::{from_json, to_json, unreadable};
use domain::{
    App, AppRequest, ChannelId, ChatId, DoorKind, Key, Peer, Permit, Permits, Program, Reach, RequestState, Scope, Timestamp,
};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `null` where it reaches everything.
#[derive(Serialize, Deserialize)]
struct StoredPermit {
    scope: String,
    channels: Option<Vec<String>>,
    recipients: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct StoredPeer {
    door: String,
    address: Option<String>,
    program: Option<StoredProgram>,
}

#[derive(Serialize, Deserialize)]
struct StoredProgram {
    pid: u32,
    path: PathBuf,
    uid: u32,
}

pub(super) fn permits_to(permits: &Permits) -> String {
    fn names<T: ToString>(reach: &Reach<T>) -> Option<Vec<String>> {
        match reach {
            Reach::All => None,
            Reach::Only(items) => Some(items.iter().map(ToString::to_string).collect()),
        }
    }
    let stored = permits.iter().map(|permit| StoredPermit {
        scope: permit.scope.as_str().to_owned(),
        channels: names(&permit.channels),
        recipients: names(&permit.recipients),
    });
    to_json(&stored.collect::<Vec<_>>())
}

pub(crate) fn permits_from(text: &str) -> Result<Permits, LedgerError> {
    const WHAT: &str = "what an app may do";
    let stored: Vec<StoredPermit> = from_json(text, WHAT)?;
    let mut permits = Vec::with_capacity(stored.len());
    for StoredPermit { scope, channels, recipients } in stored {
        let scope: Scope = scope.parse().map_err(|_| unreadable(WHAT))?;
        let channels: Reach<ChannelId> = match channels {
            None => Reach::All,
            Some(ids) => {
                Reach::only(ids.iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>().map_err(|_| unreadable(WHAT))?)
            }
        };
        let recipients: Reach<ChatId> = match recipients {
            None => Reach::All,
            Some(chats) => Reach::only(chats.iter().map(|chat| crate::messages::chat(chat)).collect::<Result<Vec<_>, _>>()?),
        };
        // One that reaches nothing is none.
        permits.extend(Permit::new(scope, channels, recipients));
    }
    Ok(Permits::new(permits))
}

pub(crate) fn door_from(word: &str) -> Result<DoorKind, LedgerError> {
    Ok(DoorKind::ALL.into_iter().find(|door| door.as_str() == word).ok_or(unreadable("a door"))?)
}

pub(super) fn peer_to(peer: &Peer) -> String {
    to_json(&StoredPeer {
        door: peer.door.as_str().to_owned(),
        address: peer.address.clone(),
        program: peer.program.as_ref().map(|program| StoredProgram {
            pid: program.pid,
            path: program.path.to_string_lossy().into_owned().into(),
            uid: program.uid,
        }),
    })
}

fn peer_from(text: &str) -> Result<Peer, LedgerError> {
    let stored: StoredPeer = from_json(text, "who asked to be let in")?;
    let program = stored.program.map(|StoredProgram { pid, path, uid }| Program { pid, path, uid });
    Ok(Peer { door: door_from(&stored.door)?, address: stored.address, program })
}

macro_rules! app_columns {
    () => {
        "id, name, created_at, disabled_at, permits, origins, programs, rate_limit"
    };
}
pub(super) const APPS: &str = concat!("SELECT ", app_columns!(), " FROM apps ORDER BY created_at, id");
pub(super) const APP: &str = concat!("SELECT ", app_columns!(), " FROM apps WHERE id = $1");

pub(super) fn origins_to(app: &App) -> String {
    to_json(&app.origins)
}

pub(super) fn programs_to(app: &App) -> String {
    to_json(&app.programs.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>())
}

/// As it comes back: of a path that is no text only what can be written as one.
pub(super) fn as_kept(app: &App) -> App {
    let programs = app.programs.iter().map(|path| path.to_string_lossy().into_owned().into());
    App { programs: programs.collect(), ..app.clone() }
}

pub(super) fn app(row: &Row) -> Result<App, LedgerError> {
    Ok(App {
        id: row.get::<&str>("id").parse().map_err(|_| unreadable("an app's id"))?,
        name: row.get("name"),
        created_at: Timestamp::from_millis(row.get("created_at")),
        disabled_at: row.get::<Option<i64>>("disabled_at").map(Timestamp::from_millis),
        permits: permits_from(row.get("permits"))?,
        origins: from_json(row.get("origins"), "an app's origins")?,
        programs: from_json(row.get("programs"), "an app's programs")?,
        limits: row.get::<Option<i64>>("rate_limit").map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
    })
}

pub(super) const KEYS: &str = "SELECT id, app_id, hash, label, made_at, expires_at, revoked_at, until_quit, replaces, last_used_at, \
                               last_from, requests_today, day FROM app_keys ORDER BY made_at, id";

pub(super) fn key(row: &Row) -> Result<(Key, [u8; 32]), LedgerError> {
    const WHAT: &str = "a key's id";
    let moment = |column: &str| row.get::<Option<i64>>(column).map(Timestamp::from_millis);
    let key = Key {
        id: row.get::<&str>("id").parse().map_err(|_| unreadable(WHAT))?,
        app: row.get::<&str>("app_id").parse().map_err(|_| unreadable("a key's app"))?,
        label: row.get("label"),
        made_at: Timestamp::from_millis(row.get("made_at")),
        expires_at: moment("expires_at"),
        revoked_at: moment("revoked_at"),
        until_quit: row.get("until_quit"),
        replaces: row.get::<Option<&str>>("replaces").map(str::parse).transpose().map_err(|_| unreadable(WHAT))?,
        last_used_at: moment("last_used_at"),
        last_from: row.get("last_from"),
        requests_today: row.get::<i64>("requests_today").unsigned_abs(),
        day: row.get("day"),
    };
    Ok((key, hash_from(row.get("hash"))?))
}

pub(super) fn hash_from(text: &str) -> Result<[u8; 32], LedgerError> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).map_err(|_| unreadable("a hash"))?;
    Ok(hash)
}

pub(super) const REQUESTS: &str = "SELECT id, name, reason, permits, origin, peer, code, poll_hash, made_at, expires_at, state, app_id, \
                                   once, key_until FROM app_requests ORDER BY made_at, id";

pub(super) fn request(row: &Row) -> Result<AppRequest, LedgerError> {
    Ok(AppRequest {
        id: row.get::<&str>("id").parse().map_err(|_| unreadable("a request's id"))?,
        name: row.get("name"),
        reason: row.get("reason"),
        permits: permits_from(row.get("permits"))?,
        origin: row.get("origin"),
        peer: peer_from(row.get("peer"))?,
        code: row.get::<&str>("code").parse().map_err(|_| unreadable("a request's code"))?,
        poll_hash: hash_from(row.get("poll_hash"))?,
        made_at: Timestamp::from_millis(row.get("made_at")),
        expires_at: Timestamp::from_millis(row.get("expires_at")),
        state: state(row)?,
    })
}

/// What is beside the word of a state.
pub(super) struct StoredState {
    pub word: &'static str,
    pub app: Option<String>,
    pub once: bool,
    pub key_until: Option<i64>,
}

pub(super) fn state_to(state: &RequestState) -> StoredState {
    let word = state.as_str();
    match state {
        RequestState::Allowed { app, once, key_until } => {
            let key_until = key_until.map(Timestamp::as_millis);
            StoredState { word, app: Some(app.to_string()), once: *once, key_until }
        }
        RequestState::Waiting | RequestState::Denied | RequestState::Expired | RequestState::Collected => {
            StoredState { word, app: None, once: false, key_until: None }
        }
    }
}

fn state(row: &Row) -> Result<RequestState, LedgerError> {
    const WHAT: &str = "a request's state";
    let plain = [RequestState::Waiting, RequestState::Denied, RequestState::Expired, RequestState::Collected];
    let word = row.get::<&str>("state");
    if let Some(state) = plain.into_iter().find(|state| state.as_str() == word) {
        return Ok(state);
    }
    let app = row.get::<Option<&str>>("app_id").filter(|_| word == "allowed").and_then(|id| id.parse().ok());
    Ok(RequestState::Allowed {
        app: app.ok_or(unreadable(WHAT))?,
        once: row.get("once"),
        key_until: row.get::<Option<i64>>("key_until").map(Timestamp::from_millis),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn permits_survive_the_file() {
        let channels = Reach::only([ChannelId::new(Timestamp::EPOCH, 1), ChannelId::new(Timestamp::EPOCH, 2)]);
        let recipients = Reach::only(["15550100123@s.whatsapp.net".parse::<ChatId>().unwrap()]);
        for permits in [
            Permits::default(),
            Permits::everything(),
            Permits::of(&Scope::ALL, &channels, &recipients),
            Permits::of(&[Scope::MessagesSend], &Reach::All, &recipients),
        ] {
            assert_eq!(permits_from(&permits_to(&permits)).unwrap(), permits);
        }
        assert!(permits_from("[{\"scope\":\"everything\",\"channels\":null,\"recipients\":null}]").is_err());
        let nothing = "[{\"scope\":\"channels:read\",\"channels\":[],\"recipients\":null}]";
        assert_eq!(permits_from(nothing).unwrap(), Permits::default(), "an empty list is not everything");
    }
}
