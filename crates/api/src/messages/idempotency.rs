//! `Idempotency-Key`: the same request twice is one message, whatever happened to the answer of the first.

use crate::guard::Caller;
use crate::problem::{Code, FieldError, Problem};
use axum::http::HeaderMap;
use domain::{ChannelId, Content, Recipient, Timestamp};
use sha2::{Digest as _, Sha256};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

/// The header's longest value, in bytes.
const LONGEST: usize = 255;

/// The key that a request carries, when it carries one.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let refused = |says: &str| Problem::invalid(vec![FieldError::parameter("Idempotency-Key", says)]);
    let mut given = headers.get_all("idempotency-key").iter();
    match (given.next(), given.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(refused("must be given once")),
        (Some(one), None) => {
            let fits = (1..=LONGEST).contains(&one.len()) && one.as_bytes().iter().all(|b| (b' '..=b'~').contains(b));
            let text = one.to_str().ok().filter(|_| fits);
            text.map(|t| Some(t.to_owned())).ok_or_else(|| refused("must have 1 to 255 printable ASCII characters"))
        }
    }
}

/// The key as it is kept: each app has names of its own, and learns nothing of those of others.
pub(super) fn of(caller: &Caller, key: String) -> String {
    match caller.app() {
        Some(app) => format!("{app} {key}"),
        None => key,
    }
}

/// What makes two requests the same one: what they ask for, however it was written.
pub(super) fn fingerprint(
    to: &Recipient,
    content: &Content,
    send_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    // Each part with its length, so that no two requests read the same in a row.
    let mut add = |part: &[u8]| {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(b"message/1");
    add(to.clone().into_chat().as_str().as_bytes());
    let content = serde_json::to_vec(&wire::ContentOut::from(content)).expect("strings always serialise");
    add(&content);
    for time in [send_at, expires_at] {
        add(time.map(|t| t.to_string()).unwrap_or_default().as_bytes());
    }
    hash.finalize().into()
}

/// The keys whose requests are being carried out just now.
#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<(ChannelId, String)>>>);

/// One of them; dropped when its request has its answer, or has gone away.
#[derive(Debug)]
pub(super) struct Underway {
    all: InFlight,
    key: (ChannelId, String),
}

impl InFlight {
    /// `None` while another request with this key is under way.
    pub(super) fn begin(&self, channel: ChannelId, key: &str) -> Result<Underway, Problem> {
        let key = (channel, key.to_owned());
        let new = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        if new { Ok(Underway { all: self.clone(), key }) } else { Err(Problem::of(Code::IdempotencyInFlight)) }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn a_key_is_one_printable_line() {
        let read = |values: &[&[u8]]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
            }
            key(&headers).map_err(|p| p.code())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"order 7/1"]), Ok(Some("order 7/1".to_owned())));
        assert_eq!(read(&[&[b'x'; 255]]), Ok(Some("x".repeat(255))));
        for bad in [&[b"".as_slice()] as &[&[u8]], &[&[b'x'; 256]], &[b"a", b"b"], &[b"a\tb"], &["ä".as_bytes()]] {
            assert_eq!(read(bad), Err(Code::Invalid), "{bad:?}");
        }
    }

    #[test]
    fn requests_are_the_same_by_what_they_ask_for() {
        let of = |to: &str, text: &str, send_at: Option<Timestamp>, expires_at: Option<Timestamp>| {
            fingerprint(&to.parse().unwrap(), &Content::Text { text: text.into() }, send_at, expires_at)
        };
        let (one, later) = (of("+15550100123", "Hello", None, None), Some(Timestamp::from_secs(1)));
        assert_eq!(one, of("15550100123@s.whatsapp.net", "Hello", None, None));
        for other in [
            of("+15550100124", "Hello", None, None),
            of("+15550100123", "Hello!", None, None),
            of("+15550100123", "Hello", later, None),
            of("+15550100123", "Hello", None, later),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_key_is_under_way_until_its_request_ends() {
        let (all, channel) = (InFlight::default(), ChannelId::new(Timestamp::EPOCH, 1));
        let first = all.begin(channel, "a").unwrap();
        assert_eq!(all.begin(channel, "a").unwrap_err().code(), Code::IdempotencyInFlight);
        assert!(all.begin(channel, "b").is_ok() && all.begin(ChannelId::new(Timestamp::EPOCH, 2), "a").is_ok());
        drop(first);
        assert!(all.begin(channel, "a").is_ok());
    }
}
