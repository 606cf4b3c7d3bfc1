//! Who is connected, and who has to go when there is no room.
//!
//! A caller is unknown until one of its requests brought a good key or cookie. Only unknown ones are ever asked to leave, the
//! eldest of those from where most come, so whoever has a key gets in however many have none: it needs its place only for
//! the moment until its first request was looked at. An app is known on some of its connections and no more: with all of them
//! it could keep the person out who would take its key back.

use domain::AppId;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio_util::sync::CancellationToken;

/// How many connections there may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub most: usize,
    /// From one source.
    pub per_source: usize,
    /// Of `most`: never given to unknown callers.
    pub kept: usize,
    /// On how many one app is known.
    pub per_app: usize,
}

/// From where a connection comes, as far as others can be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// A user of this machine.
    User(u32),
    /// Somebody on this machine; the system does not tell who.
    Loopback,
    Address(IpAddr),
}

impl Source {
    /// Who has an IPv6 address has its whole network of 64 bits.
    pub fn address(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            ip if ip.is_loopback() => Source::Loopback,
            IpAddr::V4(ip) => Source::Address(IpAddr::V4(ip)),
            IpAddr::V6(ip) => Source::Address(IpAddr::V6(Ipv6Addr::from(u128::from(ip) >> 64 << 64))),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Crowd {
    room: Room,
    inside: Mutex<Inside>,
}

/// By the order in which they came.
#[derive(Debug, Default)]
struct Inside {
    next: u64,
    seats: BTreeMap<u64, Taken>,
}

#[derive(Debug)]
struct Taken {
    source: Source,
    known: bool,
    /// Which app is known there; `None` is a person.
    app: Option<AppId>,
    leave: CancellationToken,
}

/// A place for one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    crowd: Arc<Crowd>,
    number: u64,
    known: AtomicBool,
    leave: CancellationToken,
}

impl Crowd {
    pub fn new(room: Room) -> Arc<Self> {
        Arc::new(Crowd { room, inside: Mutex::default() })
    }

    /// A place for who comes from `source`; `None` when all are taken by callers that are known.
    pub fn enter(self: &Arc<Self>, source: Source) -> Option<Arc<Seat>> {
        let mut inside = self.locked();
        if inside.count(|t| t.source == source) >= self.room.per_source {
            inside.send_away(Some(source))?;
        } else {
            let unknown = inside.count(|t| !t.known);
            let full = inside.seats.len() >= self.room.most;
            if full || unknown >= self.room.most.saturating_sub(self.room.kept) {
                let busiest = inside.busiest();
                inside.send_away(busiest)?;
            }
        }
        let (number, leave) = (inside.next, CancellationToken::new());
        inside.next += 1;
        inside.seats.insert(number, Taken { source, known: false, app: None, leave: leave.clone() });
        drop(inside);
        Some(Arc::new(Seat { crowd: self.clone(), number, known: AtomicBool::new(false), leave }))
    }

    /// All connections, and how many of them are of known callers.
    pub fn count(&self) -> (usize, usize) {
        let inside = self.locked();
        (inside.seats.len(), inside.count(|t| t.known))
    }

    fn locked(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inside {
    fn count(&self, which: impl Fn(&Taken) -> bool) -> usize {
        self.seats.values().filter(|t| which(t)).count()
    }

    /// From where most unknown callers come.
    fn busiest(&self) -> Option<Source> {
        let mut counts: HashMap<Source, usize> = HashMap::new();
        for taken in self.seats.values().filter(|t| !t.known) {
            *counts.entry(taken.source).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(source, _)| source)
    }

    /// The eldest unknown one from there goes.
    fn send_away(&mut self, from: Option<Source>) -> Option<()> {
        let number = self.seats.iter().find(|(_, t)| !t.known && Some(t.source) == from).map(|(number, _)| *number)?;
        self.seats.remove(&number)?.leave.cancel();
        Some(())
    }
}

impl Seat {
    /// One of its requests brought a good key, of this app or a person's: it is not asked to leave any more, unless the app has
    /// enough of such places.
    pub fn vouch(&self, app: Option<AppId>) {
        if self.known.load(Ordering::Relaxed) {
            return;
        }
        let mut inside = self.crowd.locked();
        if app.is_some() && inside.count(|t| t.known && t.app == app) >= self.crowd.room.per_app {
            return;
        }
        if let Some(taken) = inside.seats.get_mut(&self.number) {
            (taken.known, taken.app) = (true, app);
            self.known.store(true, Ordering::Relaxed);
        }
    }

    /// Returns when the place is needed for somebody else.
    pub async fn asked_to_leave(&self) {
        self.leave.cancelled().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.crowd.locked().seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROOM: Room = Room { most: 8, per_source: 4, kept: 2, per_app: 2 };

    fn left(seat: &Seat) -> bool {
        seat.leave.is_cancelled()
    }

    #[test]
    fn one_source_has_its_share_and_its_eldest_unknown_caller_goes() {
        let crowd = Crowd::new(ROOM);
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        seats[0].vouch(None);
        let fifth = crowd.enter(Source::User(1)).unwrap();
        assert!(!left(&seats[0]) && left(&seats[1]) && !left(&seats[2]) && !left(&fifth));
        assert_eq!(crowd.count(), (4, 1));
    }

    #[test]
    fn who_is_known_never_goes_and_a_source_full_of_them_gets_no_more() {
        let crowd = Crowd::new(ROOM);
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        seats.iter().for_each(|s| s.vouch(None));
        assert!(crowd.enter(Source::User(1)).is_none());
        assert!(crowd.enter(Source::User(2)).is_some());
        assert!(seats.iter().all(|s| !left(s)));
    }

    #[test]
    fn unknown_callers_leave_room_for_known_ones_and_the_busiest_source_pays() {
        let crowd = Crowd::new(ROOM);
        let many: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        let few: Vec<_> = (0..2).map(|_| crowd.enter(Source::Loopback).unwrap()).collect();
        let new = crowd.enter(Source::User(3)).unwrap();
        assert!(left(&many[0]) && !left(&many[1]) && few.iter().all(|s| !left(s)) && !left(&new));
        assert_eq!(crowd.count(), (6, 0));
    }

    #[test]
    fn a_flood_of_unknown_callers_never_keeps_a_known_one_out() {
        let crowd = Crowd::new(ROOM);
        let mut flood = Vec::new();
        for n in 0..100 {
            flood.push(crowd.enter(Source::User(n % 7)).unwrap());
        }
        let good: Vec<_> = (0..4)
            .map(|_| {
                let seat = crowd.enter(Source::Loopback).unwrap();
                assert!(!left(&seat));
                seat.vouch(None);
                seat
            })
            .collect();
        for n in 0..100 {
            flood.push(crowd.enter(Source::User(n)).unwrap());
        }
        assert!(good.iter().all(|s| !left(s)));
        assert_eq!(crowd.count().1, 4);
    }

    #[test]
    fn an_app_does_not_keep_the_person_out_with_its_own_good_key() {
        let crowd = Crowd::new(ROOM);
        let app = Some(AppId::new(domain::Timestamp::EPOCH, 1));
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        seats.iter().for_each(|s| s.vouch(app));
        assert_eq!(crowd.count(), (4, 2));
        let person = crowd.enter(Source::User(1)).unwrap();
        person.vouch(None);
        assert!(!left(&seats[0]) && !left(&seats[1]) && left(&seats[2]) && !left(&person));
        // When one of its places is free again, another connection of its takes it.
        drop(seats.into_iter().next());
        let next = crowd.enter(Source::User(1)).unwrap();
        next.vouch(app);
        assert_eq!(crowd.count().1, 2);
    }

    #[test]
    fn who_goes_makes_room() {
        let crowd = Crowd::new(ROOM);
        drop(crowd.enter(Source::Loopback));
        assert_eq!(crowd.count(), (0, 0));
    }

    #[test]
    fn an_ipv6_network_is_one_source_and_a_mapped_address_is_what_it_maps() {
        let of = |text: &str| Source::address(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_eq!(of("::ffff:127.0.0.1"), Source::Loopback);
    }
}
