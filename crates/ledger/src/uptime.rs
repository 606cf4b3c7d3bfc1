use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, StateKind, Timestamp};

/// A stretch of time in which a channel was one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    pub from: Timestamp,
    pub to: Timestamp,
    pub kind: SegmentKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    /// The channel did not exist yet.
    Absent,
    State(StateKind),
    /// WhatIsUp was not running.
    NotRunning,
}

impl SegmentKind {
    pub fn as_str(self) -> &'static str {
        match self {
            SegmentKind::Absent => "absent",
            SegmentKind::State(kind) => kind.as_str(),
            SegmentKind::NotRunning => "not_running",
        }
    }
}

/// A change that the timeline tells.
type Change = (Timestamp, StateKind);
/// A stretch in which the program ran.
type Run = (Timestamp, Timestamp);

impl Ledger {
    /// What the channel was from `from` to `to`, without gaps, oldest first; neighbours differ.
    pub async fn uptime(&self, channel: ChannelId, from: Timestamp, to: Timestamp) -> Result<Vec<Segment>, LedgerError> {
        let mut reader = self.reader().await?;
        // The last change before the window tells what the channel was when it began.
        let changes = query(
            "SELECT at, state FROM timeline WHERE channel_id = $1 AND at < $3 AND at >= \
             coalesce((SELECT max(at) FROM timeline WHERE channel_id = $1 AND at <= $2), $2) ORDER BY n",
        )
        .bind(channel.to_string())
        .bind(from.as_millis())
        .bind(to.as_millis())
        .fetch_all(&mut reader)
        .await
        .map_err(|e| self.explain(&e))?;
        let changes: Vec<Change> = changes
            .iter()
            .map(|row| Ok((Timestamp::from_millis(row.get(0)), kind(row.get(1))?)))
            .collect::<Result<_, LedgerError>>()?;
        let runs = query("SELECT n, began_at, last_seen_at FROM runs WHERE last_seen_at >= $1 AND began_at < $2 ORDER BY n")
            .bind(from.as_millis())
            .bind(to.as_millis())
            .fetch_all(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        let ours = self.current_run();
        let runs: Vec<Run> = runs
            .iter()
            .map(|row| {
                // The present run goes on, whenever its last sign of life was written.
                let last = if row.get::<i64>(0) == ours { to } else { Timestamp::from_millis(row.get(2)) };
                (Timestamp::from_millis(row.get(1)), last)
            })
            .collect();
        let first_run: Option<i64> =
            query_scalar("SELECT min(began_at) FROM runs").fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        Ok(segments(&changes, &runs, first_run.map(Timestamp::from_millis), from, to))
    }
}

fn kind(word: &str) -> Result<StateKind, LedgerError> {
    [StateKind::Disconnected, StateKind::Pairing, StateKind::Connected, StateKind::Reconnecting]
        .into_iter()
        .find(|k| k.as_str() == word)
        .ok_or_else(|| stored::unreadable("the timeline").into())
}

/// `changes` and `runs` in order; before `first_run` nothing is known of runs.
fn segments(changes: &[Change], runs: &[Run], first_run: Option<Timestamp>, from: Timestamp, to: Timestamp) -> Vec<Segment> {
    let mut cuts: Vec<Timestamp> = vec![from, to];
    cuts.extend(changes.iter().map(|(at, _)| *at));
    cuts.extend(runs.iter().flat_map(|(began, last)| [*began, *last]));
    cuts.extend(first_run);
    cuts.retain(|at| (from..=to).contains(at));
    cuts.sort_unstable();
    cuts.dedup();
    let mut segments: Vec<Segment> = Vec::new();
    for pair in cuts.windows(2) {
        let (begin, end) = (pair[0], pair[1]);
        // The clock may have gone back between two changes: the later line counts.
        let state = changes.iter().rev().find(|(at, _)| *at <= begin).map(|(_, kind)| *kind);
        let running =
            first_run.is_none_or(|first| begin < first) || runs.iter().any(|(began, last)| *began <= begin && end <= *last);
        let kind = match state {
            None => SegmentKind::Absent,
            Some(_) if !running => SegmentKind::NotRunning,
            Some(kind) => SegmentKind::State(kind),
        };
        match segments.last_mut() {
            Some(last) if last.kind == kind => last.to = end,
            Some(_) | None => segments.push(Segment { from: begin, to: end, kind }),
        }
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;
    use SegmentKind::{Absent, NotRunning, State};
    use StateKind::{Connected, Disconnected, Reconnecting};

    fn t(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[track_caller]
    fn check(changes: &[(i64, StateKind)], runs: &[(i64, i64)], window: (i64, i64), expected: &[(i64, i64, SegmentKind)]) {
        let changes: Vec<_> = changes.iter().map(|(at, kind)| (t(*at), *kind)).collect();
        let first = runs.first().map(|(began, _)| t(*began));
        let runs: Vec<_> = runs.iter().map(|(began, last)| (t(*began), t(*last))).collect();
        let expected: Vec<_> =
            expected.iter().map(|(from, to, kind)| Segment { from: t(*from), to: t(*to), kind: *kind }).collect();
        assert_eq!(segments(&changes, &runs, first, t(window.0), t(window.1)), expected);
    }

    #[test]
    fn a_channel_is_what_its_last_line_says() {
        check(
            &[(5, Connected), (20, Reconnecting)],
            &[],
            (10, 30),
            &[(10, 20, State(Connected)), (20, 30, State(Reconnecting))],
        );
    }

    #[test]
    fn before_its_first_line_it_was_not_there() {
        check(&[(20, Disconnected)], &[], (10, 30), &[(10, 20, Absent), (20, 30, State(Disconnected))]);
        check(&[], &[], (10, 30), &[(10, 30, Absent)]);
    }

    #[test]
    fn nothing_is_claimed_for_the_time_between_two_runs() {
        check(
            &[(5, Connected), (25, Reconnecting)],
            &[(0, 15), (24, 40)],
            (10, 30),
            &[(10, 15, State(Connected)), (15, 24, NotRunning), (24, 25, State(Connected)), (25, 30, State(Reconnecting))],
        );
    }

    #[test]
    fn lines_that_change_nothing_make_no_segment() {
        check(&[(5, Connected), (12, Connected)], &[], (10, 30), &[(10, 30, State(Connected))]);
    }
}
