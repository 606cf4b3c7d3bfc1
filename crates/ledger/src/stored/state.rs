use super::{StoredIdentity, Unreadable, by_word, from_json, to_json};
use domain::{Cause, PairingMethod, PairingPrompt, Reason, Setback, State, Timestamp};
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize)]
struct StoredState {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scanned: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    round: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity: Option<StoredIdentity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_attempt_at: Option<i64>,
}

/// What a state carries. Of a pairing prompt only its method: a code links a device and outlives nothing.
pub(crate) fn state_detail(state: &State) -> String {
    to_json(&match state {
        State::Disconnected { since: _, reason } => StoredState {
            reason: Some(reason.as_str().to_owned()),
            until: match reason {
                Reason::Banned { until } => Some(until.as_millis()),
                Reason::New
                | Reason::Stopped
                | Reason::PairingExpired
                | Reason::PairingFailed
                | Reason::LoggedOut
                | Reason::Unlinked
                | Reason::KeysRotated
                | Reason::AccountLocked
                | Reason::Replaced
                | Reason::ClientOutdated
                | Reason::VaultLocked
                | Reason::VaultMissing
                | Reason::VaultRefused
                | Reason::WrongKey
                | Reason::AuthStateDamaged
                | Reason::StorageFailed => None,
            },
            ..StoredState::default()
        },
        State::Pairing { since: _, prompt, round } => StoredState {
            method: Some(prompt.method().as_str().to_owned()),
            scanned: Some(matches!(prompt, PairingPrompt::Scanned { .. })),
            round: Some(*round),
            cause: prompt.setback().map(|s| s.cause.as_str().to_owned()),
            next_attempt_at: prompt.setback().and_then(|s| s.next_attempt_at).map(Timestamp::as_millis),
            ..StoredState::default()
        },
        State::Connected { since: _, identity } => {
            StoredState { identity: Some(StoredIdentity::of(identity)), ..StoredState::default() }
        }
        State::Reconnecting { since: _, attempt, next_attempt_at, cause } => StoredState {
            cause: Some(cause.as_str().to_owned()),
            attempt: Some(*attempt),
            next_attempt_at: next_attempt_at.map(Timestamp::as_millis),
            ..StoredState::default()
        },
    })
}

pub(crate) fn state(kind: &str, since: i64, detail: &str) -> Result<State, Unreadable> {
    const WHAT: &str = "a channel's state";
    let missing = || Unreadable { what: WHAT };
    let since = Timestamp::from_millis(since);
    let stored: StoredState = from_json(detail, WHAT)?;
    Ok(match kind {
        "disconnected" => State::Disconnected { since, reason: reason(&stored.reason.ok_or_else(missing)?, stored.until)? },
        "pairing" => {
            let method = by_word(&METHODS, |m| m.as_str(), &stored.method.ok_or_else(missing)?, WHAT)?;
            let prompt = match stored.scanned {
                Some(true) => PairingPrompt::Scanned { method },
                Some(false) | None => {
                    let cause = stored.cause.map(|word| by_word(&CAUSES, |c| c.as_str(), &word, WHAT)).transpose()?;
                    let next_attempt_at = stored.next_attempt_at.map(Timestamp::from_millis);
                    PairingPrompt::Waiting { method, setback: cause.map(|cause| Setback { cause, next_attempt_at }) }
                }
            };
            State::Pairing { since, prompt, round: stored.round.unwrap_or(0) }
        }
        "connected" => State::Connected { since, identity: stored.identity.unwrap_or_default().into_identity()? },
        "reconnecting" => State::Reconnecting {
            since,
            attempt: stored.attempt.unwrap_or(0),
            next_attempt_at: stored.next_attempt_at.map(Timestamp::from_millis),
            cause: by_word(&CAUSES, |c| c.as_str(), &stored.cause.ok_or_else(missing)?, WHAT)?,
        },
        _ => return Err(missing()),
    })
}

fn reason(word: &str, until: Option<i64>) -> Result<Reason, Unreadable> {
    let reason = by_word(&REASONS, Reason::as_str, word, "a channel's reason")?;
    Ok(match (reason, until) {
        (Reason::Banned { .. }, Some(until)) => Reason::Banned { until: Timestamp::from_millis(until) },
        (reason, _) => reason,
    })
}

const METHODS: [PairingMethod; 3] = [PairingMethod::Qr, PairingMethod::Code, PairingMethod::Passkey];

const REASONS: [Reason; 17] = [
    Reason::New,
    Reason::Stopped,
    Reason::PairingExpired,
    Reason::PairingFailed,
    Reason::LoggedOut,
    Reason::Unlinked,
    Reason::KeysRotated,
    Reason::AccountLocked,
    Reason::Replaced,
    Reason::Banned { until: Timestamp::EPOCH },
    Reason::ClientOutdated,
    Reason::VaultLocked,
    Reason::VaultMissing,
    Reason::VaultRefused,
    Reason::WrongKey,
    Reason::AuthStateDamaged,
    Reason::StorageFailed,
];

const CAUSES: [Cause; 17] = [
    Cause::Starting,
    Cause::Requested,
    Cause::ClosedByServer,
    Cause::ConnectionLost,
    Cause::NoAnswer,
    Cause::Offline,
    Cause::NetworkChanged,
    Cause::Woke,
    Cause::Unreachable,
    Cause::ProxyFailed,
    Cause::ServiceUnavailable,
    Cause::HandshakeFailed,
    Cause::Paired,
    Cause::BanEnded,
    Cause::VaultUnlocked,
    Cause::StorageFailed,
    Cause::Moving,
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn back(state: &State) -> State {
        super::state(state.kind().as_str(), state.since().as_millis(), &state_detail(state)).unwrap()
    }

    #[test]
    fn every_reason_and_cause_survives_the_file() {
        let since = Timestamp::from_secs(7);
        for reason in REASONS {
            // A reason added to the domain and forgotten here would not come back.
            let reason =
                if let Reason::Banned { .. } = reason { Reason::Banned { until: Timestamp::from_secs(99) } } else { reason };
            let state = State::Disconnected { since, reason };
            assert_eq!(back(&state), state);
        }
        for cause in CAUSES {
            let state = State::Reconnecting { since, attempt: 3, next_attempt_at: Some(Timestamp::from_secs(8)), cause };
            assert_eq!(back(&state), state);
        }
    }

    #[test]
    fn a_pairing_code_is_not_written() {
        let prompt = PairingPrompt::Qr { code: "2@secret".into(), expires_at: Timestamp::from_secs(9) };
        let state = State::Pairing { since: Timestamp::EPOCH, prompt, round: 2 };
        assert!(!state_detail(&state).contains("secret"));
        assert_eq!(back(&state), State::Pairing { since: Timestamp::EPOCH, prompt: waiting(None), round: 2 });
    }

    fn waiting(setback: Option<Setback>) -> PairingPrompt {
        PairingPrompt::Waiting { method: PairingMethod::Qr, setback }
    }

    #[test]
    fn why_a_pairing_has_nothing_to_show_survives_the_file() {
        for next_attempt_at in [None, Some(Timestamp::from_secs(8))] {
            let prompt = waiting(Some(Setback { cause: Cause::ProxyFailed, next_attempt_at }));
            let state = State::Pairing { since: Timestamp::EPOCH, prompt, round: 0 };
            assert_eq!(back(&state), state);
        }
    }

    #[test]
    fn a_pairing_written_before_setbacks_were_kept_can_be_read() {
        let old = super::state("pairing", 0, r#"{"method":"qr","scanned":false,"round":1}"#).unwrap();
        assert_eq!(old, State::Pairing { since: Timestamp::EPOCH, prompt: waiting(None), round: 1 });
    }
}
