//! Whether the connection still lives, by measurement: WhatsApp is pinged when it was quiet, and must answer.

use std::time::Duration;

/// Quiet for so long, we ping. Within the rhythm of WhatsApp Web itself (15 to 30 s), and before whatsapp-rust's own.
const QUIET: Duration = Duration::from_secs(17);
/// An unanswered ping older than this is a dead connection. Together: noticed within half a minute.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// All is well; look again after this.
    Wait(Duration),
    Ping,
    Dead,
}

/// What to do, given how long ago the last frame came in and, if a ping is out, how long ago that went.
pub(super) fn beat(quiet: Duration, pinged: Option<Duration>) -> Beat {
    match pinged {
        // Anything that came in since the ping is an answer.
        Some(ago) if ago < quiet => match ANSWER_WITHIN.checked_sub(ago) {
            Some(rest) if !rest.is_zero() => Beat::Wait(rest),
            _ => Beat::Dead,
        },
        Some(_) | None => match QUIET.checked_sub(quiet) {
            Some(rest) if !rest.is_zero() => Beat::Wait(rest),
            _ => Beat::Ping,
        },
    }
}

/// How long a ping's own answer is waited for.
pub(super) const PING_TIMEOUT: Duration = ANSWER_WITHIN;

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn a_connection_that_talks_is_left_alone() {
        assert_eq!(beat(secs(0), None), Beat::Wait(QUIET));
        assert_eq!(beat(secs(10), None), Beat::Wait(secs(7)));
    }

    #[test]
    fn silence_is_probed_once_and_then_believed() {
        assert_eq!(beat(QUIET, None), Beat::Ping);
        assert_eq!(beat(QUIET + secs(4), Some(secs(4))), Beat::Wait(secs(6)));
        assert_eq!(beat(QUIET + secs(10), Some(secs(10))), Beat::Dead);
    }

    #[test]
    fn any_frame_after_the_ping_is_an_answer() {
        assert_eq!(beat(secs(3), Some(secs(4))), Beat::Wait(secs(14)));
        assert_eq!(beat(secs(18), Some(secs(40))), Beat::Ping);
    }

    #[test]
    fn a_dead_connection_is_noticed_within_half_a_minute() {
        assert!(QUIET + ANSWER_WITHIN <= secs(30));
    }
}
