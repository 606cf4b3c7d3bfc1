//! Which end of a connection means what: the table between whatsapp-rust's words and ours.

use domain::{Cause, Timestamp};
use socket::{Close, Invalidation};
use std::time::Duration;
use wacore::types::events::{ConnectFailureReason, Event};

/// For a ban whose end WhatsApp did not tell.
const UNTOLD_BAN: Duration = Duration::from_secs(3600);
/// A connection that ends without a word and was silent for so long had died before.
pub(super) const SILENCE: Duration = Duration::from_secs(15);

/// What an event says of the end, if it says one. `leaving`: we are taking ourselves off the account.
#[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
pub(super) fn verdict(event: &Event, leaving: bool, now: Timestamp) -> Option<Close> {
    match event {
        Event::LoggedOut(_) if leaving => Some(Close::Invalidated(Invalidation::LoggedOut)),
        Event::LoggedOut(out) => Some(of_failure(out.reason, now)),
        Event::StreamReplaced(_) => Some(Close::Replaced),
        Event::TemporaryBan(ban) => {
            let span = Duration::from_secs(u64::try_from(ban.expire.num_seconds()).unwrap_or(0));
            Some(Close::Banned { until: now.plus(span) })
        }
        Event::ClientOutdated(_) => Some(Close::ClientOutdated),
        Event::ConnectFailure(failure) => Some(of_failure(failure.reason, now)),
        Event::PairError(_) => Some(Close::PairingFailed),
        _ => None,
    }
}

/// A refused login. Only what WhatsApp itself treats as the end of the session invalidates it.
fn of_failure(reason: ConnectFailureReason, now: Timestamp) -> Close {
    match reason {
        ConnectFailureReason::LoggedOut => Close::Invalidated(Invalidation::Unlinked),
        ConnectFailureReason::AccountLocked => Close::Invalidated(Invalidation::AccountLocked),
        ConnectFailureReason::UnknownLogout => Close::Invalidated(Invalidation::KeysRotated),
        ConnectFailureReason::TempBanned => Close::Banned { until: now.plus(UNTOLD_BAN) },
        ConnectFailureReason::ClientOutdated | ConnectFailureReason::BadUserAgent => Close::ClientOutdated,
        ConnectFailureReason::ServiceUnavailable | ConnectFailureReason::InternalServerError => {
            Close::Lost(Cause::ServiceUnavailable)
        }
        ConnectFailureReason::Generic
        | ConnectFailureReason::CatExpired
        | ConnectFailureReason::CatInvalid
        | ConnectFailureReason::NotFound
        | ConnectFailureReason::ClientUnknown
        | ConnectFailureReason::Experimental
        | ConnectFailureReason::Unknown(_) => Close::Lost(Cause::ClosedByServer),
    }
}

/// What is known when a run has ended and no event has said why.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Traces {
    /// The phone has agreed on this connection.
    pub just_paired: bool,
    /// The encrypted connection stood.
    pub handshaken: bool,
    /// How the pipe ended, or why it did not open.
    pub pipe: Option<Cause>,
    /// The code of a `<stream:error>`, 0 when it had none.
    pub stream_error: Option<u16>,
    /// How long nothing had come in.
    pub silent: Duration,
}

pub(super) fn deduced(traces: Traces) -> Close {
    if traces.just_paired {
        return Close::Restart;
    }
    match traces.stream_error {
        Some(515) => return Close::Restart,
        Some(429 | 500..=599) => return Close::Lost(Cause::ServiceUnavailable),
        Some(_) => return Close::Lost(Cause::ClosedByServer),
        None => {}
    }
    match traces.pipe {
        // The pipe stood and the other side let go in the middle of the handshake.
        Some(Cause::ClosedByServer | Cause::ConnectionLost) if !traces.handshaken => Close::Lost(Cause::ConnectionLost),
        Some(cause) => Close::Lost(cause),
        None if !traces.handshaken => Close::Lost(Cause::HandshakeFailed),
        None if traces.silent >= SILENCE => Close::Lost(Cause::NoAnswer),
        None => Close::Lost(Cause::ClosedByServer),
    }
}

/// Whether the next socket of the channel is expected soon, so that its auth-state may stay open.
pub(super) fn comes_back(close: &Close) -> bool {
    match close {
        Close::Restart | Close::Lost(_) => true,
        Close::Asked
        | Close::PairingExpired
        | Close::PairingFailed
        | Close::Invalidated(_)
        | Close::Replaced
        | Close::Banned { .. }
        | Close::ClientOutdated
        | Close::Vault(_)
        | Close::WrongKey
        | Close::Damaged
        | Close::Storage => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::types::events::{ConnectFailure, LoggedOut, StreamReplaced};

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn refused(code: i32) -> Option<Close> {
        let reason = ConnectFailureReason::from(code);
        let event = if reason.is_logged_out() {
            Event::LoggedOut(LoggedOut::builder().on_connect(true).reason(reason).build())
        } else {
            Event::ConnectFailure(ConnectFailure::builder().reason(reason).build())
        };
        verdict(&event, false, NOW)
    }

    #[test]
    fn a_refused_login_means_what_whatsapp_means_by_it() {
        assert_eq!(refused(401), Some(Close::Invalidated(Invalidation::Unlinked)));
        assert_eq!(refused(403), Some(Close::Invalidated(Invalidation::AccountLocked)));
        assert_eq!(refused(406), Some(Close::Invalidated(Invalidation::KeysRotated)));
        assert_eq!(refused(405), Some(Close::ClientOutdated));
        assert_eq!(refused(402), Some(Close::Banned { until: NOW.plus(UNTOLD_BAN) }));
        assert_eq!(refused(503), Some(Close::Lost(Cause::ServiceUnavailable)));
    }

    #[test]
    fn an_unknown_refusal_never_costs_the_credentials() {
        for code in [400, 413, 414, 415, 418, 501, 999] {
            assert_eq!(refused(code), Some(Close::Lost(Cause::ClosedByServer)), "{code}");
        }
    }

    #[test]
    fn the_servers_good_bye_while_we_leave_is_our_own_logout() {
        let out = Event::LoggedOut(LoggedOut::builder().on_connect(false).reason(ConnectFailureReason::LoggedOut).build());
        assert_eq!(verdict(&out, true, NOW), Some(Close::Invalidated(Invalidation::LoggedOut)));
        assert_eq!(verdict(&out, false, NOW), Some(Close::Invalidated(Invalidation::Unlinked)));
        assert_eq!(verdict(&Event::StreamReplaced(StreamReplaced::builder().build()), false, NOW), Some(Close::Replaced));
    }

    #[test]
    fn an_end_without_a_word_is_read_from_its_traces() {
        let open = Traces { handshaken: true, ..Traces::default() };
        let table = [
            (Traces { just_paired: true, pipe: Some(Cause::ConnectionLost), ..open }, Close::Restart),
            (Traces { stream_error: Some(515), ..open }, Close::Restart),
            (
                Traces { stream_error: Some(503), pipe: Some(Cause::ConnectionLost), ..open },
                Close::Lost(Cause::ServiceUnavailable),
            ),
            (Traces { stream_error: Some(0), ..open }, Close::Lost(Cause::ClosedByServer)),
            (Traces { pipe: Some(Cause::ConnectionLost), ..open }, Close::Lost(Cause::ConnectionLost)),
            (Traces { pipe: Some(Cause::ClosedByServer), ..open }, Close::Lost(Cause::ClosedByServer)),
            (Traces { pipe: Some(Cause::NoAnswer), ..open }, Close::Lost(Cause::NoAnswer)),
            (Traces { silent: Duration::from_secs(21), ..open }, Close::Lost(Cause::NoAnswer)),
            (open, Close::Lost(Cause::ClosedByServer)),
            (Traces { pipe: Some(Cause::ProxyFailed), ..Traces::default() }, Close::Lost(Cause::ProxyFailed)),
            (Traces { pipe: Some(Cause::ConnectionLost), ..Traces::default() }, Close::Lost(Cause::ConnectionLost)),
            (Traces::default(), Close::Lost(Cause::HandshakeFailed)),
        ];
        for (traces, close) in table {
            assert_eq!(deduced(traces), close, "{traces:?}");
        }
    }
}
