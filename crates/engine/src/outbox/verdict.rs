//! What becomes of a message after a try to send it. Pure: the courier and the driver act on it.

use domain::FailReason;
use socket::SendError;
use std::time::Duration;

/// The wait before the next try, by how many came to nothing before. After these it is for a person: the message is wedged.
const RETRY: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(600),
    Duration::from_secs(1_800),
];
/// No message waits longer for its next try (jitter included): what says so was written by a clock that was wrong.
pub(crate) const LONGEST_RETRY: Duration = Duration::from_secs(1_980);

/// What follows from a try that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Once more after `wait`; until then the later ones of its chat are held back, and only those.
    Retry { wait: Duration, setback: FailReason },
    /// It waits for a person; those behind it go on.
    Wedged(FailReason),
}

/// What the socket's own answer to a send means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The connection is gone or going: the message keeps its place and leaves, under the same id, by the next one.
    NotConnected,
    Judged(Verdict),
}

/// `attempts`: tries of this message that came to nothing before this one. `jitter` is in 0..1.
pub(crate) fn refused(error: &SendError, attempts: u32, jitter: f64) -> Refusal {
    Refusal::Judged(match error {
        SendError::NotConnected => return Refusal::NotConnected,
        SendError::TimedOut => again(attempts, FailReason::NoAnswer, jitter),
        SendError::NotNow(_) => again(attempts, FailReason::Internal, jitter),
        SendError::NoSuchRecipient => Verdict::Wedged(FailReason::NoSuchRecipient),
        SendError::Rejected(_) => Verdict::Wedged(FailReason::Internal),
    })
}

/// Written, and no word of WhatsApp on it within the deadline.
pub(crate) fn unanswered(attempts: u32, jitter: f64) -> Verdict {
    again(attempts, FailReason::NoAnswer, jitter)
}

/// WhatsApp answered with this nack code.
pub(crate) fn nacked(code: u16, attempts: u32, jitter: f64) -> Verdict {
    let reason = FailReason::Refused(code);
    if passes(code) { again(attempts, reason, jitter) } else { Verdict::Wedged(reason) }
}

/// Whether a refusal of this kind passes by itself. Codes are named as WhatsApp Web names them (whatsapp-rust keeps its list in
/// `wacore::protocol::nack`); those without a name there follow HTTP's sense, as the server's other errors do.
fn passes(code: u16) -> bool {
    match code {
        // Request timeout, rate limit. StaleGroupAddressingMode: the next try is addressed afresh.
        408 | 421 | 429 => true,
        // UnsupportedAdminRevoke, UnsupportedLIDGroup: they stay unsupported.
        550 | 551 => false,
        // UnhandledError, service unavailable, DBOperationFailed and their like: trouble on WhatsApp's side.
        500..=599 => true,
        // 463 (may not write to strangers for now) and 475 (NewChatMessagesCapped) pass in days, and trying again makes them
        // worse; the others say that this very message is wrong.
        _ => false,
    }
}

fn again(attempts: u32, setback: FailReason, jitter: f64) -> Verdict {
    let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
    match RETRY.get(tried) {
        // Up to a tenth more, so that what was refused together does not come again together.
        Some(wait) => Verdict::Retry { wait: wait.mul_f64(1.0 + fraction(jitter) / 10.0), setback },
        None => Verdict::Wedged(setback),
    }
}

fn fraction(jitter: f64) -> f64 {
    if jitter.is_finite() { jitter.clamp(0.0, 1.0) } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(secs: u64, setback: FailReason) -> Verdict {
        Verdict::Retry { wait: Duration::from_secs(secs), setback }
    }

    #[test]
    fn nothing_is_given_up_for_want_of_a_connection() {
        assert_eq!(refused(&SendError::NotConnected, 1_000, 0.0), Refusal::NotConnected);
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_waits_for_a_person() {
        let judged = |error| match refused(&error, 0, 0.0) {
            Refusal::Judged(verdict) => verdict,
            Refusal::NotConnected => panic!("connected"),
        };
        assert_eq!(judged(SendError::TimedOut), retry(5, FailReason::NoAnswer));
        assert_eq!(judged(SendError::NotNow("pairing")), retry(5, FailReason::Internal));
        assert_eq!(judged(SendError::NoSuchRecipient), Verdict::Wedged(FailReason::NoSuchRecipient));
        assert_eq!(judged(SendError::Rejected("x".into())), Verdict::Wedged(FailReason::Internal));
    }

    #[test]
    fn nacks_are_told_apart_by_code() {
        let passing: Vec<u16> = (400..600).filter(|code| passes(*code)).collect();
        let expected: Vec<u16> = [408, 421, 429].into_iter().chain(500..550).chain(552..600).collect();
        assert_eq!(passing, expected);
        assert_eq!(nacked(479, 0, 0.0), Verdict::Wedged(FailReason::Refused(479)));
        assert_eq!(nacked(503, 0, 0.0), retry(5, FailReason::Refused(503)));
    }

    #[test]
    fn the_waits_grow_and_then_it_is_for_a_person() {
        let waits: Vec<_> = (0..6).map(|n| unanswered(n, 0.0)).collect();
        let no_answer = FailReason::NoAnswer;
        let expected = [5, 30, 120, 600, 1_800].map(|secs| retry(secs, no_answer));
        assert_eq!(waits[..5], expected);
        assert_eq!(waits[5], Verdict::Wedged(no_answer));
        assert_eq!(unanswered(u32::MAX, 0.0), Verdict::Wedged(no_answer));
    }

    #[test]
    fn jitter_adds_a_tenth_at_most() {
        for jitter in [0.0, 0.3, 1.0, 7.0, -1.0, f64::NAN] {
            for attempts in 0..5 {
                let Verdict::Retry { wait, .. } = unanswered(attempts, jitter) else { panic!("a retry") };
                assert!(wait >= RETRY[attempts as usize] && wait <= LONGEST_RETRY, "{wait:?}");
            }
        }
        assert_eq!(unanswered(4, 1.0), Verdict::Retry { wait: LONGEST_RETRY, setback: FailReason::NoAnswer });
    }
}
