use super::secret;
use crate::key::Hashed;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a browser stays signed in.
pub(crate) const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// How many browsers may be signed in; a further one signs the oldest out.
const MOST: usize = 64;

/// The browsers that are signed in. Only hashes of their cookies are kept.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Vec<Entry>>);

#[derive(Clone, Copy, Debug)]
struct Entry {
    token: Hashed,
    until: Timestamp,
}

/// A session as the ledger keeps it, so that a restart signs nobody out.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stored {
    hash: String,
    until: i64,
}

impl Sessions {
    /// Signs a browser in: its cookie's value, and until when.
    pub fn open(&self, now: Timestamp) -> (String, Timestamp) {
        let (token, until) = (secret(), now.plus(LIFE));
        let mut open = self.locked();
        open.retain(|e| now < e.until);
        if open.len() == MOST {
            open.remove(0);
        }
        open.push(Entry { token: Hashed::of(&token), until });
        (token, until)
    }

    /// Until when the browser with this cookie is signed in; `None` when it is not.
    pub fn find(&self, token: &str, now: Timestamp) -> Option<Timestamp> {
        let given = Hashed::of(token);
        self.locked().iter().find(|e| e.token.same(&given)).map(|e| e.until).filter(|until| now < *until)
    }

    pub fn close(&self, token: &str) {
        let given = Hashed::of(token);
        self.locked().retain(|e| !e.token.same(&given));
    }

    pub fn to_stored(&self) -> Vec<Stored> {
        self.locked()
            .iter()
            .map(|e| Stored { hash: URL_SAFE_NO_PAD.encode(e.token.as_bytes()), until: e.until.as_millis() })
            .collect()
    }

    pub fn from_stored(stored: Vec<Stored>) -> Self {
        let entry = |s: Stored| {
            let token = Hashed::from_bytes(URL_SAFE_NO_PAD.decode(s.hash).ok()?.try_into().ok()?);
            Some(Entry { token, until: Timestamp::from_millis(s.until) })
        };
        Sessions(Mutex::new(stored.into_iter().filter_map(entry).collect()))
    }

    fn locked(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn a_session_ends_by_itself_and_by_signing_out() {
        let sessions = Sessions::default();
        let (token, until) = sessions.open(NOW);
        assert_eq!(sessions.find(&token, NOW), Some(until));
        assert_eq!(sessions.find("guess", NOW), None);
        assert_eq!(sessions.find(&token, until), None);
        sessions.close(&token);
        assert_eq!(sessions.find(&token, NOW), None);
    }

    #[test]
    fn a_session_survives_being_stored_as_a_hash() {
        let sessions = Sessions::default();
        let (token, until) = sessions.open(NOW);
        let stored = sessions.to_stored();
        assert!(!format!("{stored:?}").contains(&token));
        assert_eq!(Sessions::from_stored(stored).find(&token, NOW), Some(until));
    }
}
