use crate::{Schedule, Trouble};
use domain::Timestamp;
use std::time::Duration;

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered {
        status: u16,
        /// Within its bounds.
        retry_after: Option<Duration>,
    },
    Broke(Trouble),
}

/// What follows from it for the delivery and its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Delivered,
    RetryAt(Timestamp),
    /// The last slot of the schedule failed: the endpoint waits for a person, with all that is owed to it.
    Pause,
    /// The receiver says that it is gone for good.
    Disable,
}

/// How it stood with a delivery and its endpoint when the attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub now: Timestamp,
    /// Attempts of this delivery that had failed before this one.
    pub failed_before: u32,
    /// Since when the endpoint has accepted nothing; `None` when it was well until now.
    pub failing_since: Option<Timestamp>,
}

/// An endpoint is paused when the schedule is used up *and* it has been failing for as long as the schedule is: a receiver
/// that asks for a try every second, an event that alone is refused among others that are accepted, or a clock that jumped
/// ahead must not use the schedule up in no time.
pub(crate) fn verdict(outcome: &Outcome, standing: Standing, schedule: &Schedule, jitter: f64) -> Verdict {
    let asked = match outcome {
        Outcome::Answered { status: 200..=299, .. } => return Verdict::Delivered,
        Outcome::Answered { status: 410, .. } => return Verdict::Disable,
        // Where a redirect leads is nothing to us, so is when.
        Outcome::Answered { status: 300..=399, .. } | Outcome::Broke(_) => None,
        Outcome::Answered { retry_after, .. } => *retry_after,
    };
    let Standing { now, failed_before, failing_since } = standing;
    let failed = failed_before.saturating_add(1);
    let failing_for = now.since(failing_since.unwrap_or(now));
    let exhausted = schedule.is_exhausted(failed);
    if exhausted && failing_for >= schedule.shortest_course() {
        return Verdict::Pause;
    }
    let by_schedule = if exhausted { schedule.last() } else { schedule.wait(failed, jitter) };
    Verdict::RetryAt(now.plus(asked.unwrap_or(by_schedule)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_000_000);

    fn standing(failed_before: u32, failing_for_hours: u64) -> Standing {
        Standing { now: NOW, failed_before, failing_since: Some(NOW.minus(Duration::from_secs(failing_for_hours * 3600))) }
    }

    fn on(status: u16, retry_after: Option<u64>, standing: Standing) -> Verdict {
        let outcome = Outcome::Answered { status, retry_after: retry_after.map(Duration::from_secs) };
        verdict(&outcome, standing, &Schedule::default(), 0.5)
    }

    fn after(seconds: u64) -> Verdict {
        Verdict::RetryAt(NOW.plus(Duration::from_secs(seconds)))
    }

    #[test]
    fn any_success_delivers_and_gone_disables() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(on(status, None, standing(3, 1)), Verdict::Delivered);
        }
        assert_eq!(on(410, Some(5), standing(0, 0)), Verdict::Disable);
    }

    #[test]
    fn anything_else_is_tried_again_by_the_schedule() {
        for status in [101, 301, 302, 304, 308, 400, 401, 404, 413, 429, 500, 503, 599, 999] {
            assert_eq!(on(status, None, standing(0, 0)), after(5), "{status}");
            assert_eq!(on(status, None, standing(1, 0)), after(300), "{status}");
        }
        let broke = Outcome::Broke(Trouble::TimedOut);
        assert_eq!(verdict(&broke, standing(2, 0), &Schedule::default(), 0.5), after(1_800));
    }

    #[test]
    fn a_receiver_may_say_when_but_a_redirect_may_not() {
        assert_eq!(on(429, Some(17), standing(4, 0)), after(17));
        assert_eq!(on(503, Some(86_400), standing(0, 0)), after(86_400));
        assert_eq!(on(302, Some(17), standing(0, 0)), after(5));
    }

    #[test]
    fn the_last_slot_of_an_endpoint_that_failed_all_along_pauses_it() {
        assert_eq!(on(500, None, standing(8, 60)), after(86_400));
        assert_eq!(on(500, None, standing(9, 76)), Verdict::Pause);
        assert_eq!(on(503, Some(1), standing(9, 76)), Verdict::Pause);
    }

    #[test]
    fn the_schedule_is_not_used_up_by_a_receiver_that_asks_for_haste() {
        assert_eq!(on(503, Some(1), standing(9, 0)), after(1));
        assert_eq!(on(503, Some(1), standing(19, 0)), after(1));
    }

    #[test]
    fn an_event_that_alone_is_refused_pauses_nothing() {
        let fresh = Standing { now: NOW, failed_before: 9, failing_since: None };
        assert_eq!(on(422, None, fresh), after(86_400));
    }

    #[test]
    fn a_clock_that_was_set_back_delays_the_pause_and_nothing_else() {
        let ahead = Standing { now: NOW, failed_before: 9, failing_since: Some(NOW.plus(Duration::from_secs(999_999))) };
        assert_eq!(on(500, None, ahead), after(86_400));
    }

    #[test]
    fn a_resumed_endpoint_has_the_whole_schedule_again() {
        assert_eq!(on(500, None, standing(10, 100)), after(5));
        assert_eq!(on(500, None, standing(19, 200)), Verdict::Pause);
    }
}
