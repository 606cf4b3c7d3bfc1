//! Who stands at the other end of a connection, as far as the system tells.

use crate::holder;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{DoorKind, Peer, Timestamp};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Both ends of a TCP connection of this machine, in the extensions of each of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub peer: SocketAddr,
    pub own: SocketAddr,
}

/// The other end as the connection was described when it came, and what a look for its program needs.
pub(crate) struct FarEnd {
    peer: Peer,
    ends: Option<Ends>,
}

impl<S: Send + Sync> FromRequestParts<S> for FarEnd {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(FarEnd { peer: known(parts), ends: parts.extensions.get().copied() })
    }
}

impl FarEnd {
    /// With its program. For the few routes on which a person wants to know: over TCP it is looked for now, in all of `/proc`.
    ///
    /// # Errors
    /// How long to wait, when too many were looked for lately.
    pub async fn named(self, looks: &Looks, now: Timestamp) -> Result<Peer, Duration> {
        let FarEnd { mut peer, ends } = self;
        if let (None, Some(Ends { peer: there, own })) = (&peer.program, ends) {
            looks.take(now)?;
            peer.program = tokio::task::spawn_blocking(move || holder::caller(there, own)).await.ok().flatten();
        }
        Ok(peer)
    }
}

/// The other end as the connection was described when it came.
pub(crate) fn known(parts: &Parts) -> Peer {
    let peer = parts.extensions.get::<Peer>().cloned();
    peer.unwrap_or(Peer { door: DoorKind::Tcp, address: None, program: None })
}

/// When programs were looked for: anybody may have one looked for, and each costs some milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<VecDeque<Timestamp>>);

/// Looks within a minute.
const MOST: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

impl Looks {
    fn take(&self, now: Timestamp) -> Result<(), Duration> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One of the future was made before the clock was set back.
        looks.retain(|at| *at <= now && now.since(*at) < MINUTE);
        match looks.front() {
            Some(first) if looks.len() >= MOST => Err(MINUTE.saturating_sub(now.since(*first)).max(Duration::from_secs(1))),
            Some(_) | None => {
                looks.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_strangers_is_looked_at_for_some_time_only() {
        let looks = Looks::default();
        let at = Timestamp::from_secs;
        for n in 0..30 {
            assert_eq!(looks.take(at(n)), Ok(()));
        }
        assert_eq!(looks.take(at(30)), Err(Duration::from_secs(30)));
        assert_eq!(looks.take(at(60)), Ok(()));
        assert_eq!(looks.take(at(60)), Err(Duration::from_secs(1)));
        assert_eq!(looks.take(at(0)), Ok(()), "the clock was set back");
    }
}
