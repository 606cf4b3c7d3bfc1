//! Who is connected, and who has to go when there is no room.
//!
//! A caller is unknown until one of its requests brought a good key or cookie. Only unknown ones are ever asked to leave, the
//! eldest of those from where most come, so whoever has a key gets in however many have none: it needs its place only for
//! the moment until its first request was looked at. An app is known on some of its connections and no more, and all apps
//! together on a part of what there is from where they come: with all of it they could keep the person out who would take their
//! keys back. Who was let in by a key is unknown again when that key is gone.

use domain::AppId;
use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv6Addr};
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

impl Room {
    /// Of so many, apps are never known on the rest: there is room for a person among any number of them.
    fn for_apps(of: usize) -> usize {
        of - of.div_ceil(4)
    }
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
    known: Known,
    leave: CancellationToken,
}

/// As whom a caller is known.
#[derive(Clone, Debug)]
enum Known {
    Not,
    Person,
    App(Vouched),
}

/// The app that somebody was let in as.
#[derive(Clone, Debug)]
pub(crate) struct Vouched {
    pub app: AppId,
    /// Cancelled when it opens nothing any more.
    pub gone: CancellationToken,
}

/// A place for one connection, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    crowd: Arc<Crowd>,
    number: u64,
    source: Source,
    leave: CancellationToken,
}

impl Crowd {
    pub fn new(room: Room) -> Arc<Self> {
        Arc::new(Crowd { room, inside: Mutex::default() })
    }

    /// A place for who comes from `source`; `None` when all are taken by callers that are known.
    pub fn enter(self: &Arc<Self>, source: Source) -> Option<Arc<Seat>> {
        let mut inside = self.locked();
        inside.forget_those_gone();
        if inside.count(|t| t.source == source) >= self.room.per_source {
            inside.send_away(Some(source))?;
        } else {
            let unknown = inside.count(|t| !t.is_known());
            let full = inside.seats.len() >= self.room.most;
            if full || unknown >= self.room.most.saturating_sub(self.room.kept) {
                let busiest = inside.busiest();
                inside.send_away(busiest)?;
            }
        }
        let (number, leave) = (inside.next, CancellationToken::new());
        inside.next += 1;
        inside.seats.insert(number, Taken { source, known: Known::Not, leave: leave.clone() });
        drop(inside);
        Some(Arc::new(Seat { crowd: self.clone(), number, source, leave }))
    }

    /// All connections, and how many of them are of known callers.
    pub fn count(&self) -> (usize, usize) {
        let mut inside = self.locked();
        inside.forget_those_gone();
        (inside.seats.len(), inside.count(Taken::is_known))
    }

    fn locked(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn is_known(&self) -> bool {
        match self.known {
            Known::Not => false,
            Known::Person | Known::App(_) => true,
        }
    }

    /// Which app is known there.
    fn app(&self) -> Option<&Vouched> {
        match &self.known {
            Known::Not | Known::Person => None,
            Known::App(vouched) => Some(vouched),
        }
    }
}

impl Inside {
    /// Whose key is gone is nobody who is known; with a new one it is again.
    fn forget_those_gone(&mut self) {
        for taken in self.seats.values_mut().filter(|t| t.app().is_some_and(|vouched| vouched.gone.is_cancelled())) {
            taken.known = Known::Not;
        }
    }

    fn count(&self, which: impl Fn(&Taken) -> bool) -> usize {
        self.seats.values().filter(|t| which(t)).count()
    }

    /// From where most unknown callers come.
    fn busiest(&self) -> Option<Source> {
        let mut counts: HashMap<Source, usize> = HashMap::new();
        for taken in self.seats.values().filter(|t| !t.is_known()) {
            *counts.entry(taken.source).or_default() += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(source, _)| source)
    }

    /// The eldest unknown one from there goes.
    fn send_away(&mut self, from: Option<Source>) -> Option<()> {
        let number = self.seats.iter().find(|(_, t)| !t.is_known() && Some(t.source) == from).map(|(number, _)| *number)?;
        self.seats.remove(&number)?.leave.cancel();
        Some(())
    }
}

impl Seat {
    /// One of its requests brought a good key, of this app or a person's: it is not asked to leave any more, unless apps have enough
    /// of such places.
    pub fn vouch(&self, app: Option<Vouched>) {
        let room = self.crowd.room;
        let mut inside = self.crowd.locked();
        let Some(taken) = inside.seats.get(&self.number) else { return };
        let known = match (&taken.known, app) {
            (Known::Person, _) => return,
            (Known::App(before), Some(_)) if !before.gone.is_cancelled() => return,
            (Known::Not | Known::App(_), None) => Known::Person,
            (Known::Not | Known::App(_), Some(vouched)) => {
                inside.forget_those_gone();
                let its = inside.count(|t| t.app().is_some_and(|other| other.app == vouched.app));
                let from_there = inside.count(|t| t.app().is_some() && t.source == self.source);
                let all = inside.count(|t| t.app().is_some());
                if its >= room.per_app || from_there >= Room::for_apps(room.per_source) || all >= Room::for_apps(room.most) {
                    return;
                }
                Known::App(vouched)
            }
        };
        if let Some(taken) = inside.seats.get_mut(&self.number) {
            taken.known = known;
        }
    }

    /// From where it came.
    pub fn source(&self) -> Source {
        self.source
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

    fn app(n: u128) -> Vouched {
        Vouched { app: AppId::new(domain::Timestamp::EPOCH, n), gone: CancellationToken::new() }
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
        let app = Some(app(1));
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        seats.iter().for_each(|s| s.vouch(app.clone()));
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
    fn many_apps_do_not_keep_the_person_out_with_good_keys_of_their_own() {
        let crowd = Crowd::new(ROOM);
        // Each of them on no more than it may be: all that one source has.
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        seats.iter().zip(1..).for_each(|(seat, n)| seat.vouch(Some(app(n))));
        assert_eq!(crowd.count(), (4, 3));
        for _ in 0..3 {
            let person = crowd.enter(Source::User(1)).unwrap();
            assert!(!left(&person));
            person.vouch(None);
            assert_eq!(crowd.count().1, 4);
        }
        assert!(seats[..3].iter().all(|s| !left(s)) && left(&seats[3]));
        // And from everywhere.
        let others: Vec<_> = (2..6).map(|user| crowd.enter(Source::User(user)).unwrap()).collect();
        others.iter().zip(5..).for_each(|(seat, n)| seat.vouch(Some(app(n))));
        assert_eq!(crowd.count().1, 6);
        let person = crowd.enter(Source::Loopback).unwrap();
        person.vouch(None);
        assert!(!left(&person));
    }

    #[test]
    fn a_place_is_a_strangers_again_when_the_key_is_gone_that_it_was_given_for() {
        let crowd = Crowd::new(ROOM);
        let seats: Vec<_> = (0..4).map(|_| crowd.enter(Source::User(1)).unwrap()).collect();
        let was = app(1);
        seats[..2].iter().for_each(|s| s.vouch(Some(was.clone())));
        seats[2].vouch(Some(app(2)));
        assert_eq!(crowd.count(), (4, 3));
        was.gone.cancel();
        assert_eq!(crowd.count(), (4, 1));
        // Let in anew, it is known anew.
        seats[1].vouch(Some(app(1)));
        crowd.enter(Source::User(1)).unwrap();
        assert!(left(&seats[0]) && !left(&seats[1]) && !left(&seats[2]) && !left(&seats[3]));
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
