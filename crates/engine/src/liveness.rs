use domain::Timestamp;
use socket::Liveness;
use std::time::Duration;

/// How often a connected socket is looked at.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A ping without an answer for this long: the connection is dead.
const PING_DEADLINE: Duration = Duration::from_secs(25);
/// Nothing at all heard for this long, though the socket pings: dead too.
const SILENCE_DEADLINE: Duration = Duration::from_secs(90);

/// Whether a socket that claims to be connected since `connected_since` is not. A socket that measures nothing is believed.
pub(crate) fn is_lost(measured: Liveness, connected_since: Timestamp, now: Timestamp) -> bool {
    let unanswered = measured.ping_unanswered_since.is_some_and(|since| now.since(since.max(connected_since)) >= PING_DEADLINE);
    let silent = measured.last_frame_at.is_some_and(|last| now.since(last.max(connected_since)) >= SILENCE_DEADLINE);
    unanswered || silent
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: Timestamp = Timestamp::from_secs(1_000_000);

    fn after(secs: u64) -> Timestamp {
        T.plus(Duration::from_secs(secs))
    }

    #[test]
    fn connected_is_a_measured_claim() {
        let fresh = Liveness { last_frame_at: Some(T), ping_unanswered_since: None };
        assert!(!is_lost(fresh, T, after(60)));
        assert!(is_lost(fresh, T, after(90)));
        let pinged = Liveness { last_frame_at: Some(after(20)), ping_unanswered_since: Some(after(20)) };
        assert!(!is_lost(pinged, T, after(40)));
        assert!(is_lost(pinged, T, after(45)));
    }

    #[test]
    fn what_was_before_the_connection_does_not_count() {
        let old = Liveness { last_frame_at: Some(Timestamp::EPOCH), ping_unanswered_since: Some(Timestamp::EPOCH) };
        assert!(!is_lost(old, T, after(10)));
        assert!(!is_lost(Liveness::default(), T, after(10_000)));
    }
}
