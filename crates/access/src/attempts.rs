//! Those who try keys that are none. Pure: who is told to wait, and when a person is told.

use domain::{Peer, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::time::Duration;

/// Wrong keys of one peer within a minute that are told from right ones at once; the next ones are told to wait.
const A_MINUTE: usize = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// So many wrong keys within `WINDOW` are a person's business.
const MANY: u32 = 50;
const WINDOW: Duration = Duration::from_secs(600);
/// Not more often than that.
const BETWEEN_NOTICES: Duration = Duration::from_secs(3600);
/// Peers that are told apart; more than that share what is left. A flood from many addresses must not fill the memory.
const PEERS: usize = 512;

/// Many wrong keys were tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Many {
    /// The one who tried most.
    pub peer: Peer,
    pub failures: u32,
    pub since: Timestamp,
}

/// Only failures are counted, and only those who fail are told to wait: a good key is never looked up here.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    peers: HashMap<Whence, Record>,
    /// Failures of all per minute, oldest first: the minute's beginning and how many.
    minutes: VecDeque<(Timestamp, u32)>,
    told_at: Option<Timestamp>,
}

/// What makes two connections those of one peer. The port and the process come and go.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Whence(String);

#[derive(Debug)]
struct Record {
    peer: Peer,
    /// Those of the last minute that were answered at once, oldest first.
    answered: VecDeque<Timestamp>,
    last: Timestamp,
    failures: u32,
    since: Timestamp,
}

impl Attempts {
    /// `peer` tried a key that is none. How long it is to be told to wait, if it has tried too often; and whether people are to be told.
    pub fn failed(&mut self, peer: &Peer, now: Timestamp) -> (Option<Duration>, Option<Many>) {
        let whence = self.place(peer, now);
        let record = self.peers.entry(whence).or_insert_with(|| Record {
            peer: peer.clone(),
            answered: VecDeque::new(),
            last: now,
            failures: 0,
            since: now,
        });
        if now.since(record.last) > WINDOW || now < record.since {
            (record.failures, record.since) = (0, now);
        }
        record.failures = record.failures.saturating_add(1);
        record.last = now;
        // After a clock was set back, what lies ahead is of no minute that counts.
        record.answered.retain(|at| *at <= now && now.since(*at) < MINUTE);
        let retry_after = if record.answered.len() >= A_MINUTE {
            record.answered.front().map(|first| MINUTE.saturating_sub(now.since(*first)).max(Duration::from_secs(1)))
        } else {
            record.answered.push_back(now);
            None
        };
        self.count(now);
        (retry_after, self.many(now))
    }

    /// Under which name it is counted: its own, while there is room for it.
    fn place(&mut self, peer: &Peer, now: Timestamp) -> Whence {
        let own = Whence(peer.from_where());
        if self.peers.contains_key(&own) {
            return own;
        }
        if self.peers.len() >= PEERS {
            self.peers.retain(|_, record| record.last <= now && now.since(record.last) < WINDOW);
        }
        if self.peers.len() >= PEERS { Whence("everybody else".to_owned()) } else { own }
    }

    fn count(&mut self, now: Timestamp) {
        self.minutes.retain(|(from, _)| *from <= now && now.since(*from) < WINDOW);
        match self.minutes.back_mut() {
            Some((from, many)) if now.since(*from) < MINUTE => *many = many.saturating_add(1),
            Some(_) | None => self.minutes.push_back((now, 1)),
        }
    }

    fn many(&mut self, now: Timestamp) -> Option<Many> {
        let failures = self.minutes.iter().fold(0_u32, |sum, (_, many)| sum.saturating_add(*many));
        let told = self.told_at.is_some_and(|told| told <= now && now.since(told) < BETWEEN_NOTICES);
        if failures < MANY || told {
            return None;
        }
        let most = self.peers.values().filter(|record| now.since(record.last) < WINDOW).max_by_key(|record| record.failures)?;
        let since = self.minutes.front().map_or(now, |(from, _)| *from);
        self.told_at = Some(now);
        Some(Many { peer: most.peer.clone(), failures, since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{DoorKind, Program};
    use proptest::prelude::*;

    fn peer(n: u32) -> Peer {
        let program = Program { pid: n, path: format!("/usr/bin/{n}").into(), uid: 1000 };
        Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: Some(program) }
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(1_000_000_000 + millis)
    }

    #[test]
    fn ten_a_minute_are_answered_and_the_next_is_told_when() {
        let mut attempts = Attempts::default();
        for n in 0..10 {
            assert_eq!(attempts.failed(&peer(1), at(n * 1000)).0, None);
        }
        let wait = Some(Duration::from_secs(50));
        assert_eq!(attempts.failed(&peer(1), at(10_000)).0, wait);
        assert_eq!(attempts.failed(&peer(2), at(10_000)).0, None);
        assert_eq!(attempts.failed(&peer(1), at(60_000)).0, None);
    }

    #[test]
    fn fifty_within_ten_minutes_are_told_once_an_hour_with_the_worst() {
        let mut attempts = Attempts::default();
        let mut told = Vec::new();
        for n in 0..7200_i64 {
            let who = if n % 3 == 0 { 2 } else { 1 };
            told.extend(attempts.failed(&peer(who), at(n * 1000)).1);
        }
        assert_eq!(told.len(), 2);
        assert_eq!(told[0], Many { peer: peer(1), failures: 50, since: at(0) });
        assert!(told[1].failures > 500 && told[1].failures <= 600, "{}", told[1].failures);
    }

    #[test]
    fn forty_nine_and_a_pause_are_nobodys_business() {
        let mut attempts = Attempts::default();
        for round in 0..5 {
            for n in 0..49 {
                assert_eq!(attempts.failed(&peer(n), at(round * 700_000 + i64::from(n))).1, None);
            }
        }
    }

    #[test]
    fn a_flood_from_everywhere_fills_no_memory_and_is_told_to_wait() {
        let mut attempts = Attempts::default();
        let mut waits = 0;
        for n in 0..20_000 {
            waits += u32::from(attempts.failed(&peer(n), at(i64::from(n))).0.is_some());
        }
        assert!(attempts.peers.len() <= PEERS + 1 && attempts.minutes.len() <= 11);
        assert!(waits > 19_000, "{waits}");
        // When it is over, everybody is somebody again.
        assert_eq!(attempts.failed(&peer(30_000), at(10_000_000)).0, None);
        assert_eq!(attempts.peers.len(), 1);
    }

    proptest! {
        #[test]
        fn within_any_minute_one_peer_gets_ten_plain_answers_at_most(gaps in proptest::collection::vec(0_i64..15_000, 1..200)) {
            let (mut attempts, mut now, mut plain) = (Attempts::default(), 0, Vec::new());
            for gap in gaps {
                now += gap;
                match attempts.failed(&peer(1), at(now)).0 {
                    None => plain.push(now),
                    Some(wait) => prop_assert!(wait <= MINUTE && wait >= Duration::from_secs(1)),
                }
                prop_assert!(plain.iter().filter(|at| now - **at < 60_000).count() <= A_MINUTE);
            }
        }

        #[test]
        fn a_clock_that_jumps_locks_nobody_out(jumps in proptest::collection::vec(-10_000_000_i64..10_000_000, 1..50)) {
            let (mut attempts, mut now) = (Attempts::default(), 0);
            for jump in jumps {
                now += jump;
                if let Some(wait) = attempts.failed(&peer(1), at(now)).0 {
                    prop_assert!(wait <= MINUTE);
                }
            }
        }
    }
}
