//! How values are written into columns. Frozen with the schema: these forms belong to the file, not to the API and not to
//! the domain, which may both change.

use domain::{
    Cause, Content, Desired, FailReason, Identity, Lid, MessageStatus, PairingMethod, PairingPrompt, Phone, Proxy, ProxyCredentials,
    ProxyScheme, Reason, State, Timestamp,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// A column holds what no version of this program wrote.
#[derive(Debug, thiserror::Error)]
#[error("{what} holds something unknown")]
pub(crate) struct Unreadable {
    what: &'static str,
}

pub(crate) fn unreadable(what: &'static str) -> Unreadable {
    Unreadable { what }
}

impl From<Unreadable> for crate::LedgerError {
    fn from(e: Unreadable) -> Self {
        crate::LedgerError::Damaged(e.to_string())
    }
}

fn to_json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("these structs have only string keys and plain values")
}

fn from_json<T: DeserializeOwned>(text: &str, what: &'static str) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|_| Unreadable { what })
}

/// Finds the value whose word is `word`.
fn by_word<T: Copy>(all: &[T], as_str: impl Fn(&T) -> &'static str, word: &str, what: &'static str) -> Result<T, Unreadable> {
    all.iter().copied().find(|value| as_str(value) == word).ok_or(Unreadable { what })
}

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
                Some(false) | None => PairingPrompt::Waiting { method },
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

const CAUSES: [Cause; 15] = [
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
];

pub(crate) fn desired(word: &str) -> Result<Desired, Unreadable> {
    by_word(&[Desired::Running, Desired::Stopped], |d| d.as_str(), word, "a channel's desired state")
}

#[derive(Default, Serialize, Deserialize)]
struct StoredIdentity {
    phone: Option<String>,
    lid: Option<String>,
    push_name: Option<String>,
}

impl StoredIdentity {
    fn of(identity: &Identity) -> Self {
        StoredIdentity {
            phone: identity.phone.as_ref().map(|p| p.digits().to_owned()),
            lid: identity.lid.as_ref().map(|l| l.user().to_owned()),
            push_name: identity.push_name.clone(),
        }
    }

    fn into_identity(self) -> Result<Identity, Unreadable> {
        Ok(Identity { phone: phone(self.phone)?, lid: self.lid.map(Lid::from_user), push_name: self.push_name })
    }
}

pub(crate) fn identity_to(identity: &Identity) -> String {
    to_json(&StoredIdentity::of(identity))
}

pub(crate) fn identity_from(text: &str) -> Result<Identity, Unreadable> {
    from_json::<StoredIdentity>(text, "a channel's account")?.into_identity()
}

pub(crate) fn phone(digits: Option<String>) -> Result<Option<Phone>, Unreadable> {
    digits.map(|d| d.parse().map_err(|_| Unreadable { what: "a phone number" })).transpose()
}

/// With its credentials: the file is encrypted.
#[derive(Serialize, Deserialize)]
struct StoredProxy {
    scheme: String,
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
}

pub(crate) fn proxy_to(proxy: &Proxy) -> String {
    to_json(&StoredProxy {
        scheme: proxy.scheme.as_str().to_owned(),
        host: proxy.host.clone(),
        port: proxy.port,
        user: proxy.credentials.as_ref().map(|c| c.user.clone()),
        password: proxy.credentials.as_ref().map(|c| c.password.clone()),
    })
}

pub(crate) fn proxy_from(text: &str) -> Result<Proxy, Unreadable> {
    let stored: StoredProxy = from_json(text, "a channel's proxy")?;
    Ok(Proxy {
        scheme: by_word(&[ProxyScheme::Http, ProxyScheme::Socks5], |s| s.as_str(), &stored.scheme, "a proxy's scheme")?,
        host: stored.host,
        port: stored.port,
        credentials: stored.user.map(|user| ProxyCredentials { user, password: stored.password.unwrap_or_default() }),
    })
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StoredContent {
    Text { text: String },
    Unsupported { kind: String },
    Undecryptable,
}

pub(crate) fn content_to(content: &Content) -> String {
    to_json(&match content {
        Content::Text { text } => StoredContent::Text { text: text.clone() },
        Content::Unsupported { kind } => StoredContent::Unsupported { kind: kind.clone() },
        Content::Undecryptable => StoredContent::Undecryptable,
    })
}

pub(crate) fn content_from(text: &str) -> Result<Content, Unreadable> {
    Ok(match from_json(text, "a message's content")? {
        StoredContent::Text { text } => Content::Text { text },
        StoredContent::Unsupported { kind } => Content::Unsupported { kind },
        StoredContent::Undecryptable => Content::Undecryptable,
    })
}

/// The column `failure`: `refused:463`, `no_such_recipient`, …
pub(crate) fn failure(status: &MessageStatus) -> Option<String> {
    match status {
        MessageStatus::Failed(FailReason::Refused(code)) => Some(format!("refused:{code}")),
        MessageStatus::Failed(FailReason::NoSuchRecipient) => Some("no_such_recipient".to_owned()),
        MessageStatus::Failed(FailReason::SessionEnded) => Some("session_ended".to_owned()),
        MessageStatus::Failed(FailReason::Internal) => Some("internal".to_owned()),
        MessageStatus::Received
        | MessageStatus::Queued
        | MessageStatus::Sending
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Read
        | MessageStatus::Played => None,
    }
}

pub(crate) fn status(word: &str, failure: Option<&str>) -> Result<MessageStatus, Unreadable> {
    const WHAT: &str = "a message's status";
    const PLAIN: [MessageStatus; 7] = [
        MessageStatus::Received,
        MessageStatus::Queued,
        MessageStatus::Sending,
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
        MessageStatus::Played,
    ];
    if word != "failed" {
        return by_word(&PLAIN, MessageStatus::as_str, word, WHAT);
    }
    let failure = failure.ok_or(Unreadable { what: WHAT })?;
    Ok(MessageStatus::Failed(match failure.strip_prefix("refused:") {
        Some(code) => FailReason::Refused(code.parse().map_err(|_| Unreadable { what: WHAT })?),
        None => by_word(
            &[("no_such_recipient", FailReason::NoSuchRecipient), ("session_ended", FailReason::SessionEnded), ("internal", FailReason::Internal)],
            |(word, _)| word,
            failure,
            WHAT,
        )?
        .1,
    }))
}

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
            let reason = if let Reason::Banned { .. } = reason { Reason::Banned { until: Timestamp::from_secs(99) } } else { reason };
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
        assert_eq!(
            back(&state),
            State::Pairing { since: Timestamp::EPOCH, prompt: PairingPrompt::Waiting { method: PairingMethod::Qr }, round: 2 }
        );
    }

    #[test]
    fn every_status_survives_the_file() {
        for s in [
            MessageStatus::Received,
            MessageStatus::Queued,
            MessageStatus::Sending,
            MessageStatus::Sent,
            MessageStatus::Delivered,
            MessageStatus::Read,
            MessageStatus::Played,
            MessageStatus::Failed(FailReason::Refused(463)),
            MessageStatus::Failed(FailReason::NoSuchRecipient),
            MessageStatus::Failed(FailReason::SessionEnded),
            MessageStatus::Failed(FailReason::Internal),
        ] {
            assert_eq!(status(s.as_str(), failure(&s).as_deref()).unwrap(), s);
        }
        assert!(status("wobbly", None).is_err() && status("failed", None).is_err());
    }

    #[test]
    fn a_proxy_keeps_its_credentials() {
        for text in ["socks5://ada:p%40ss@127.0.0.1:9050", "http://proxy.example:3128"] {
            let proxy: Proxy = text.parse().unwrap();
            assert_eq!(proxy_from(&proxy_to(&proxy)).unwrap(), proxy);
        }
    }
}
