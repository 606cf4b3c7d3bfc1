//! What one endpoint gets next. Pure: the driver tells what happened and what time it is.
//!
//! A *lane* knows the first deliveries that are owed to an endpoint, in the order of `seq`. Each waits, is being sent, or
//! was delivered and is being written down: until that is done it counts as under way, so that after a crash no more comes
//! again than may be under way. With a concurrency of 1 only the first in order is ever tried, so order
//! holds and a delivery that fails holds up the rest. With more, each waits for itself; but when as many in a row
//! failed as may be under way, the endpoint as a whole backs off: one at a time, and only what has been tried before.

use domain::{DeliveryId, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// No wait is longer: the longest of the schedule, or the longest that a receiver may ask for, and a tenth.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600 * 11 / 10);

/// Where a delivery stands in the order of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub seq: u64,
    pub delivery: DeliveryId,
}

/// A delivery that is owed, as the ledger has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    pub place: Place,
    /// Those that failed.
    pub attempts: u32,
    pub next_attempt_at: Option<Timestamp>,
    pub created_at: Timestamp,
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    Send(Place),
    /// Ask the ledger for what is owed.
    Load,
    /// Nothing until then.
    Wait(Timestamp),
    /// Nothing until something happens.
    Idle,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    attempts: u32,
    /// As the ledger has it, to tell whether it changed there.
    stored: Option<Timestamp>,
    /// When it may be tried, by the clock as it is set now.
    due: Timestamp,
    stage: Stage,
    /// Somebody changed something while it was under way: the ledger is asked when it is settled.
    doubtful: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Sending,
    Delivered,
}

#[derive(Debug)]
pub(crate) struct Lane {
    concurrency: usize,
    open: bool,
    /// The ledger cannot be written.
    held: bool,
    entries: BTreeMap<Place, Entry>,
    /// Failures since the last success.
    misses: usize,
    /// Whether the ledger may owe more than is known here.
    more: bool,
    /// Whether the ledger would tell something new: a delivery was settled since it was asked, or it was told of.
    room: bool,
}

impl Lane {
    pub fn new() -> Self {
        Lane { concurrency: 1, open: false, held: false, entries: BTreeMap::new(), misses: 0, more: true, room: true }
    }

    /// How many at once, and whether at all. What is under way goes on to its end.
    pub fn set(&mut self, concurrency: u32, open: bool) {
        self.concurrency = concurrency.max(1) as usize;
        self.open = open;
    }

    /// Nothing is sent while what came of it cannot be written down.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
    }

    /// The ledger may owe something new.
    pub fn expect_more(&mut self) {
        (self.more, self.room) = (true, true);
    }

    /// Somebody changed deliveries: what is under way may be owed anew although it is delivered.
    pub fn doubt(&mut self) {
        for entry in self.entries.values_mut().filter(|entry| entry.stage != Stage::Waiting) {
            entry.doubtful = true;
        }
    }

    /// Tries what waits at once: the endpoint was resumed, or changed.
    pub fn hurry(&mut self, now: Timestamp) {
        self.misses = 0;
        for entry in self.waiting_mut() {
            entry.due = now;
        }
    }

    /// The clock was set back: waits stay as long as they were meant to be.
    pub fn clock_set_back(&mut self, by: Duration) {
        for entry in self.waiting_mut() {
            entry.due = entry.due.minus(by);
        }
    }

    /// Takes over what the ledger owes: the first in order, all of it unless `cut_short`.
    pub fn load(&mut self, owed: &[Owed], cut_short: bool, now: Timestamp) {
        (self.more, self.room) = (cut_short, false);
        let known = std::mem::take(&mut self.entries);
        for o in owed {
            let same = known.get(&o.place).filter(|e| e.attempts == o.attempts && e.stored == o.next_attempt_at);
            let due = same.map_or_else(|| due(o, now), |entry| entry.due);
            let entry = Entry { attempts: o.attempts, stored: o.next_attempt_at, due, stage: Stage::Waiting, doubtful: false };
            self.entries.insert(o.place, entry);
        }
        // What is under way is ours, whatever the ledger says by now.
        self.entries.extend(known.into_iter().filter(|(_, entry)| entry.stage != Stage::Waiting));
    }

    /// What to do at `now`.
    pub fn next(&self, now: Timestamp) -> Next {
        let (sending, unwritten) = (self.count(Stage::Sending), self.count(Stage::Delivered));
        let backs_off = self.misses >= self.concurrency;
        let at_once = if backs_off { 1 } else { self.concurrency };
        if !self.open || self.held || sending + unwritten >= at_once {
            return Next::Idle;
        }
        let mut waiting = self.entries.iter().filter(|(_, entry)| entry.stage == Stage::Waiting);
        let chosen = if self.concurrency == 1 {
            waiting.next()
        } else if backs_off && waiting.clone().any(|(_, entry)| entry.attempts > 0) {
            waiting.filter(|(_, entry)| entry.attempts > 0).min_by_key(|(_, entry)| entry.due)
        } else {
            // Those that are due, in order; or else the one that is due first.
            waiting.min_by_key(|(_, entry)| entry.due.max(now))
        };
        match chosen {
            Some((place, entry)) if entry.due <= now => Next::Send(*place),
            // Others may be owed that need not wait, and there is room again to look at them.
            Some(_) if self.more && self.room && self.concurrency > 1 && !backs_off => Next::Load,
            Some((_, entry)) => Next::Wait(entry.due),
            None if self.more && self.room => Next::Load,
            None => Next::Idle,
        }
    }

    pub fn sending(&mut self, place: Place) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.stage = Stage::Sending;
        }
    }

    /// It was delivered, and is to be written down.
    pub fn delivered(&mut self, place: Place) {
        self.misses = 0;
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.stage = Stage::Delivered;
        }
    }

    /// How often it has failed.
    pub fn attempts(&self, place: Place) -> u32 {
        self.entries.get(&place).map_or(0, |entry| entry.attempts)
    }

    /// It failed, and that is written down. Without a time it may be tried as soon as anything may.
    pub fn failed(&mut self, place: Place, next_attempt_at: Option<Timestamp>, now: Timestamp) {
        self.misses = self.misses.saturating_add(1);
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.attempts = entry.attempts.saturating_add(1);
            (entry.stored, entry.due, entry.stage) = (next_attempt_at, next_attempt_at.unwrap_or(now), Stage::Waiting);
        }
    }

    /// It is owed no more, or no more known.
    pub fn settled(&mut self, place: Place) {
        if let Some(entry) = self.entries.remove(&place) {
            self.room = true;
            self.more |= entry.doubtful;
        }
    }

    fn waiting_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut().filter(|entry| entry.stage == Stage::Waiting)
    }

    fn count(&self, stage: Stage) -> usize {
        self.entries.values().filter(|entry| entry.stage == stage).count()
    }
}

/// When a delivery that comes from the ledger may be tried. Times of a clock that was set back since are seen through as far
/// as they can be: a delivery made in the future tells by how much, and a wait beyond all bounds is none.
fn due(owed: &Owed, now: Timestamp) -> Timestamp {
    match owed.next_attempt_at {
        Some(at) if owed.attempts > 0 => {
            let at = at.minus(owed.created_at.since(now));
            if at.since(now) > LONGEST_WAIT { now } else { at }
        }
        Some(_) | None => now,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn place(seq: u64) -> Place {
        Place { seq, delivery: DeliveryId::new(Timestamp::EPOCH, seq.into()) }
    }

    fn owed(seq: u64) -> Owed {
        Owed { place: place(seq), attempts: 0, next_attempt_at: None, created_at: NOW }
    }

    fn waits(seq: u64, seconds: u64) -> Owed {
        Owed { attempts: 1, next_attempt_at: Some(later(seconds)), ..owed(seq) }
    }

    fn later(seconds: u64) -> Timestamp {
        NOW.plus(Duration::from_secs(seconds))
    }

    fn lane(concurrency: u32, owed: &[Owed]) -> Lane {
        let mut lane = Lane::new();
        lane.set(concurrency, true);
        lane.load(owed, false, NOW);
        lane
    }

    /// Sends as much as may be sent.
    fn send(lane: &mut Lane, now: Timestamp) -> Vec<u64> {
        let mut sent = Vec::new();
        while let Next::Send(place) = lane.next(now) {
            lane.sending(place);
            sent.push(place.seq);
        }
        sent
    }

    #[test]
    fn at_one_at_a_time_order_holds_and_a_failure_holds_up_the_rest() {
        let mut lane = lane(1, &[owed(1), owed(2), owed(3)]);
        assert_eq!(send(&mut lane, NOW), [1]);
        lane.delivered(place(1));
        assert_eq!(lane.next(NOW), Next::Idle, "a crash now would send it again, and only that");
        lane.settled(place(1));
        assert_eq!(send(&mut lane, NOW), [2]);
        lane.failed(place(2), Some(later(5)), NOW);
        assert_eq!(lane.next(NOW), Next::Wait(later(5)));
        assert_eq!(send(&mut lane, later(5)), [2]);
    }

    #[test]
    fn with_more_at_once_one_that_is_refused_holds_nothing_up() {
        let mut lane = lane(2, &[owed(1), owed(2), owed(3), owed(4)]);
        assert_eq!(send(&mut lane, NOW), [1, 2]);
        lane.failed(place(1), Some(later(5)), NOW);
        lane.delivered(place(2));
        lane.settled(place(2));
        assert_eq!(send(&mut lane, NOW), [3, 4]);
    }

    #[test]
    fn as_many_failures_in_a_row_as_go_at_once_make_it_back_off() {
        let mut lane = lane(2, &[owed(1), owed(2), owed(3), owed(4)]);
        send(&mut lane, NOW);
        lane.failed(place(1), Some(later(6)), NOW);
        lane.failed(place(2), Some(later(5)), NOW);
        assert_eq!(lane.next(NOW), Next::Wait(later(5)), "the untried ones do not burn their schedules");
        assert_eq!(send(&mut lane, later(6)), [2], "one asks whether it is well");
        lane.delivered(place(2));
        lane.settled(place(2));
        assert_eq!(send(&mut lane, later(6)), [1, 3]);
    }

    #[test]
    fn a_paused_lane_sends_nothing_and_a_resumed_one_at_once() {
        let mut lane = lane(1, &[waits(1, 3600), owed(2)]);
        lane.set(1, false);
        assert_eq!(lane.next(later(9999)), Next::Idle);
        lane.set(1, true);
        assert_eq!(lane.next(NOW), Next::Wait(later(3600)));
        lane.hurry(NOW);
        assert_eq!(send(&mut lane, NOW), [1]);
    }

    #[test]
    fn a_lane_asks_for_more_when_it_has_run_out() {
        let mut lane = lane(1, &[]);
        assert_eq!(lane.next(NOW), Next::Idle);
        lane.expect_more();
        assert_eq!(lane.next(NOW), Next::Load);
        lane.load(&[owed(1)], true, NOW);
        send(&mut lane, NOW);
        lane.delivered(place(1));
        assert_eq!(lane.next(NOW), Next::Idle, "asking before anything is written down would bring the same");
        lane.settled(place(1));
        assert_eq!(lane.next(NOW), Next::Load);
    }

    #[test]
    fn those_that_wait_do_not_hide_what_is_owed_behind_them() {
        let mut lane = lane(2, &[]);
        lane.load(&[waits(1, 3600), owed(2)], true, NOW);
        assert_eq!(send(&mut lane, NOW), [2]);
        lane.delivered(place(2));
        lane.settled(place(2));
        assert_eq!(lane.next(NOW), Next::Load);
        lane.load(&[waits(1, 3600), waits(3, 1800)], true, NOW);
        assert_eq!(lane.next(NOW), Next::Wait(later(1800)), "and asking again would bring the same");
    }

    #[test]
    fn what_is_under_way_is_not_taken_up_again_when_the_ledger_is_asked() {
        let mut lane = lane(3, &[owed(1), owed(2), owed(3)]);
        send(&mut lane, NOW);
        lane.delivered(place(1));
        lane.load(&[owed(1), owed(2), owed(3)], false, NOW);
        assert_eq!(lane.next(NOW), Next::Idle);
    }

    #[test]
    fn what_was_asked_for_anew_while_it_was_written_down_is_looked_for() {
        let mut lane = lane(1, &[owed(1)]);
        send(&mut lane, NOW);
        lane.delivered(place(1));
        lane.doubt();
        lane.settled(place(1));
        assert_eq!(lane.next(NOW), Next::Load);
    }

    #[test]
    fn a_delivery_that_was_skipped_is_forgotten_and_one_that_was_asked_for_again_is_due() {
        let mut lane = lane(1, &[waits(1, 3600), owed(2)]);
        lane.load(&[owed(2)], false, NOW);
        assert_eq!(send(&mut lane, NOW), [2]);
        let again = Owed { next_attempt_at: Some(NOW), ..owed(1) };
        lane.failed(place(2), Some(later(300)), NOW);
        lane.load(&[again, waits(2, 300)], false, NOW);
        assert_eq!(send(&mut lane, NOW), [1]);
    }

    #[test]
    fn a_clock_that_is_set_back_lengthens_no_wait() {
        let mut lane = lane(1, &[waits(1, 300)]);
        let back = Duration::from_secs(5 * 3600);
        lane.clock_set_back(back);
        let now = NOW.minus(back);
        assert_eq!(lane.next(now), Next::Wait(now.plus(Duration::from_secs(300))));
        // The ledger still has the old time, also when it is asked again …
        lane.load(&[waits(1, 300)], false, now);
        assert_eq!(lane.next(now), Next::Wait(now.plus(Duration::from_secs(300))));
        // … or after a restart, for all that was made before the clock was set.
        let mut fresh = Lane::new();
        fresh.set(1, true);
        fresh.load(&[waits(1, 300)], false, now);
        assert_eq!(fresh.next(now), Next::Wait(now.plus(Duration::from_secs(300))));
        fresh.load(&[Owed { created_at: Timestamp::EPOCH, ..waits(1, 40 * 3600) }], false, NOW);
        assert_eq!(fresh.next(NOW), Next::Send(place(1)), "no wait is as long as that");
    }

    #[test]
    fn a_clock_that_jumps_ahead_costs_one_try_and_not_the_schedule() {
        let mut lane = lane(1, &[waits(1, 300)]);
        let now = later(7 * 24 * 3600);
        assert_eq!(send(&mut lane, now), [1]);
        lane.failed(place(1), Some(now.plus(Duration::from_secs(300))), NOW);
        assert_eq!(lane.next(now), Next::Wait(now.plus(Duration::from_secs(300))));
    }

    #[test]
    fn nothing_is_sent_while_nothing_can_be_written_down() {
        let mut lane = lane(1, &[owed(1), owed(2)]);
        send(&mut lane, NOW);
        lane.delivered(place(1));
        lane.settled(place(1));
        lane.hold(true);
        assert_eq!(lane.next(NOW), Next::Idle);
        lane.hold(false);
        assert_eq!(send(&mut lane, NOW), [2]);
    }

    #[test]
    fn what_is_not_written_down_yet_counts_as_under_way() {
        let all: Vec<_> = (1..20).map(owed).collect();
        let mut lane = lane(3, &all);
        assert_eq!(send(&mut lane, NOW), [1, 2, 3]);
        for seq in 1..=3 {
            lane.delivered(place(seq));
        }
        assert_eq!(lane.next(NOW), Next::Idle);
        lane.settled(place(2));
        assert_eq!(send(&mut lane, NOW), [4]);
    }

    proptest! {
        /// Whatever fails, and however late it is written down: never more at once than allowed, no hole, in order when one
        /// at a time, and all of it in the end.
        #[test]
        fn everything_is_delivered_once_and_in_order_whatever_fails(
            concurrency in 1_u32..5,
            turns in proptest::collection::vec((0_usize..4, any::<bool>(), any::<bool>()), 0..120),
        ) {
            let mut rows: BTreeMap<u64, Owed> = (1..=20).map(|seq| (seq, owed(seq))).collect();
            let mut lane = Lane::new();
            lane.set(concurrency, true);
            let (mut now, mut sending, mut unwritten, mut delivered) = (NOW, Vec::new(), Vec::new(), Vec::new());
            let calm = std::iter::repeat((0, true, true));
            for (which, well, write) in turns.into_iter().chain(calm).take(400) {
                match lane.next(now) {
                    Next::Send(place) => {
                        prop_assert!(!sending.contains(&place.seq) && !delivered.contains(&place.seq));
                        lane.sending(place);
                        sending.push(place.seq);
                        prop_assert!(sending.len() + unwritten.len() <= concurrency as usize);
                        continue;
                    }
                    Next::Load => {
                        let first: Vec<_> = rows.values().take(7).copied().collect();
                        let cut_short = first.len() < rows.len();
                        lane.load(&first, cut_short, now);
                        continue;
                    }
                    Next::Wait(at) => {
                        prop_assert!(at > now);
                        if sending.is_empty() && unwritten.is_empty() {
                            now = at;
                            continue;
                        }
                    }
                    Next::Idle => {}
                }
                if write && !unwritten.is_empty() {
                    let seq = unwritten.remove(0);
                    rows.remove(&seq);
                    lane.settled(place(seq));
                } else if !sending.is_empty() {
                    let seq = sending.remove(which % sending.len());
                    if well {
                        lane.delivered(place(seq));
                        delivered.push(seq);
                        unwritten.push(seq);
                    } else {
                        let at = now.plus(Duration::from_secs(5));
                        if let Some(row) = rows.get_mut(&seq) {
                            (row.attempts, row.next_attempt_at) = (row.attempts + 1, Some(at));
                        }
                        lane.failed(place(seq), Some(at), NOW);
                    }
                }
            }
            let mut sorted = delivered.clone();
            sorted.sort_unstable();
            prop_assert_eq!(&sorted, &(1..=20).collect::<Vec<_>>());
            if concurrency == 1 {
                prop_assert_eq!(sorted, delivered);
            }
        }
    }
}
