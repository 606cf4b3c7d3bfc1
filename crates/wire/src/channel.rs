use crate::PersonOut;
use domain::{ChannelView, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A channel: one WhatsApp account lent to programs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Channel)]
pub struct ChannelOut {
    #[schema(example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub id: String,
    #[schema(example = "Front desk")]
    pub name: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// What the user wants: `running` or `stopped`.
    #[schema(example = "running")]
    pub desired: String,
    pub state: StateOut,
    /// How the state should feel at a glance: `idle`, `connected`, `working`, `attention` or `broken`.
    #[serde(default)]
    #[schema(example = "connected")]
    pub tone: String,
    /// Since when the channel is flagged as stuck in reconnecting.
    pub stuck_since: Option<String>,
    /// Since when the channel has been losing its connection again and again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping_since: Option<String>,
    /// Whether credentials exist, so that a start needs no QR.
    pub paired: bool,
    /// The linked account, as last seen.
    pub account: Option<PersonOut>,
    pub proxy: Option<ProxyOut>,
}

/// The state of a channel. `status` is `disconnected`, `pairing`, `connected` or `reconnecting`; the fields that a
/// state does not have are absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChannelState)]
pub struct StateOut {
    #[schema(example = "connected")]
    pub status: String,
    /// When this state began.
    pub since: String,
    /// What is going on and what to do, for a person.
    pub summary: String,
    /// Disconnected: why, as a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Disconnected because of a temporary ban: until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub banned: Option<BannedOut>,
    /// Reconnecting, or pairing when WhatsApp could not be asked for something to show: why, as a stable word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Reconnecting: how many tries have been made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Reconnecting, or pairing with a `cause`: when the next try is due; absent while one is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// Pairing: `qr`, `code` or `passkey`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Pairing: `waiting` for something to show, `shown`, or `scanned`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Pairing: until when what is shown is good. The QR itself is at `/v1/channels/{id}/qr`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Pairing: which QR of this attempt is shown, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Ban)]
pub struct BannedOut {
    pub until: String,
}

/// A proxy, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ProxyInfo)]
pub struct ProxyOut {
    #[schema(example = "socks5://127.0.0.1:9050")]
    pub url: String,
    pub has_credentials: bool,
}

impl From<&ChannelView> for ChannelOut {
    fn from(v: &ChannelView) -> Self {
        ChannelOut {
            id: v.id.to_string(),
            name: v.name.clone(),
            created_at: v.created_at.to_string(),
            desired: v.desired.as_str().to_owned(),
            state: StateOut::from(&v.state),
            tone: v.tone().as_str().to_owned(),
            stuck_since: v.stuck_since.map(|t| t.to_string()),
            flapping_since: v.flapping_since.map(|t| t.to_string()),
            paired: v.paired,
            account: v.identity.as_ref().map(|i| PersonOut::from(&i.person())),
            proxy: v.proxy.as_ref().map(|p| ProxyOut { url: p.public_url(), has_credentials: p.credentials.is_some() }),
        }
    }
}

impl From<&State> for StateOut {
    fn from(state: &State) -> Self {
        use domain::{PairingPrompt, Reason};
        let base =
            StateOut { status: state.kind().as_str().to_owned(), since: state.since().to_string(), ..StateOut::default() };
        match state {
            State::Disconnected { reason, .. } => StateOut {
                summary: reason.sentence().to_owned(),
                reason: Some(reason.as_str().to_owned()),
                banned: if let Reason::Banned { until } = reason { Some(BannedOut { until: until.to_string() }) } else { None },
                ..base
            },
            State::Pairing { prompt, round, .. } => {
                let setback = prompt.setback();
                let (step, summary) = match prompt {
                    PairingPrompt::Waiting { setback: Some(setback), .. } => ("waiting", setback.cause.sentence()),
                    PairingPrompt::Waiting { setback: None, .. } => ("waiting", "Asking WhatsApp for something to scan."),
                    PairingPrompt::Qr { .. } => ("shown", "Scan the QR with the phone that owns the account."),
                    PairingPrompt::Code { .. } => ("shown", "Type the code on the phone that owns the account."),
                    PairingPrompt::Passkey { .. } => {
                        ("shown", "WhatsApp wants a passkey of this account before it links a device.")
                    }
                    PairingPrompt::Scanned { .. } => ("scanned", "The phone agreed; setting the link up."),
                };
                StateOut {
                    summary: summary.to_owned(),
                    method: Some(prompt.method().as_str().to_owned()),
                    step: Some(step.to_owned()),
                    cause: setback.map(|s| s.cause.as_str().to_owned()),
                    next_attempt_at: setback.and_then(|s| s.next_attempt_at).map(|t| t.to_string()),
                    expires_at: prompt.expires_at().map(|t| t.to_string()),
                    round: Some(*round),
                    ..base
                }
            }
            State::Connected { .. } => StateOut { summary: "Connected.".to_owned(), ..base },
            State::Reconnecting { attempt, next_attempt_at, cause, .. } => StateOut {
                summary: cause.sentence().to_owned(),
                cause: Some(cause.as_str().to_owned()),
                attempt: Some(*attempt),
                next_attempt_at: next_attempt_at.map(|t| t.to_string()),
                ..base
            },
        }
    }
}
