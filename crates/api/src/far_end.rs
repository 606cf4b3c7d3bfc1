//! Who stands at the other end of a connection, as far as the system tells.

use crate::connection::{Seat, Source};
use crate::holder;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{DoorKind, Peer, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Both ends of a TCP connection of this machine, in the extensions of each of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub peer: SocketAddr,
    pub own: SocketAddr,
}

impl Ends {
    /// Whether both are on this machine: only then its program can be found.
    fn are_here(self) -> bool {
        holder::is_here(self.peer, self.own)
    }
}

/// The other end as the connection was described when it came, and what a look for its program needs.
pub(crate) struct FarEnd {
    peer: Peer,
    ends: Option<Ends>,
    source: Source,
}

impl<S: Send + Sync> FromRequestParts<S> for FarEnd {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let source = parts.extensions.get::<Arc<Seat>>().map_or(Source::Loopback, |seat| seat.source());
        Ok(FarEnd { peer: known(parts), ends: parts.extensions.get().copied(), source })
    }
}

impl FarEnd {
    /// Whether it is on this machine.
    pub fn is_here(&self) -> bool {
        self.ends.is_none_or(Ends::are_here)
    }

    /// As the connection was described when it came.
    pub fn described(self) -> Peer {
        self.peer
    }

    /// With its program. For the few routes on which a person wants to know: over TCP it is looked for now, in all of `/proc`; not
    /// for other machines, of whose programs nothing stands there.
    ///
    /// # Errors
    /// How long to wait, when too many from there were looked for lately.
    pub async fn named(self, looks: &Looks, now: Timestamp) -> Result<Peer, Duration> {
        let FarEnd { mut peer, ends, source } = self;
        let ends = ends.filter(|ends| ends.are_here());
        if let (None, Some(Ends { peer: there, own })) = (&peer.program, ends) {
            looks.take(source, now)?;
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

/// When programs were looked for: anybody on this machine may have one looked for, and each costs some milliseconds. Counted for
/// each source, of which there are as many as this machine has users: what one of them has used up, others have still.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<Source, VecDeque<Timestamp>>>);

/// Looks within a minute for one source.
const MOST: usize = 30;
const MINUTE: Duration = Duration::from_secs(60);

impl Looks {
    fn take(&self, source: Source, now: Timestamp) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, looks| {
            // One of the future was made before the clock was set back.
            looks.retain(|at| *at <= now && now.since(*at) < MINUTE);
            !looks.is_empty()
        });
        let looks = all.entry(source).or_default();
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
            assert_eq!(looks.take(Source::User(1), at(n)), Ok(()));
        }
        assert_eq!(looks.take(Source::User(1), at(30)), Err(Duration::from_secs(30)));
        assert_eq!(looks.take(Source::User(2), at(30)), Ok(()), "others are looked at");
        assert_eq!(looks.take(Source::User(1), at(60)), Ok(()));
        assert_eq!(looks.take(Source::User(1), at(60)), Err(Duration::from_secs(1)));
        assert_eq!(looks.take(Source::User(1), at(0)), Ok(()), "the clock was set back");
        assert_eq!(looks.0.lock().unwrap_or_else(PoisonError::into_inner).len(), 1, "who has gone is forgotten");
    }

    #[tokio::test]
    async fn nobody_looks_for_the_program_of_another_machine() {
        let looks = Looks::default();
        let (now, own) = (Timestamp::from_secs(1), SocketAddr::from(([192, 0, 2, 1], 9487)));
        let from = |peer: SocketAddr| FarEnd {
            peer: Peer { door: DoorKind::Tls, address: Some(peer.ip().to_string()), program: None },
            ends: Some(Ends { peer, own }),
            source: Source::address(peer.ip()),
        };
        for n in 0..100 {
            let far = from(SocketAddr::from(([192, 0, 2, 7], 1024 + n)));
            assert!(!far.is_here());
            assert!(far.named(&looks, now).await.is_ok_and(|peer| peer.program.is_none()));
        }
        assert!(looks.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty());
        let here = from(SocketAddr::from(([192, 0, 2, 1], 1024)));
        assert!(here.is_here());
        assert!(here.named(&looks, now).await.is_ok());
        assert_eq!(looks.0.lock().unwrap_or_else(PoisonError::into_inner).len(), 1);
    }
}
