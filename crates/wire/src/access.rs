use domain::{ChannelId, ChatId, Peer, Permit, Permits, Program, Reach, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A right, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Permit)]
#[serde(deny_unknown_fields)]
pub struct PermitOut {
    /// `channels:read`, `channels:manage`, `messages:read`, `messages:send`, `messages:send:ask`, `events:read`,
    /// `webhooks:manage` or `apps:manage`.
    #[schema(example = "messages:send:ask")]
    pub scope: String,
    /// Only for these channels; null: for all.
    #[serde(default)]
    #[schema(example = json!(["ch_01j5a9k3m4n5p6q7r8s9t0v1w2"]))]
    pub channels: Option<Vec<String>>,
    /// Only for messages to and from these chats; null: for all. Of scopes about messages.
    #[serde(default)]
    #[schema(example = json!(["15550100123@s.whatsapp.net"]))]
    pub recipients: Option<Vec<String>>,
}

/// What of a permit cannot be read, and where in it: `/channels/0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermitError {
    pub pointer: String,
    pub message: String,
}

impl PermitOut {
    pub fn all(permits: &Permits) -> Vec<PermitOut> {
        permits.iter().map(PermitOut::from).collect()
    }

    /// # Errors
    ///
    /// What of it names nothing, or names nothing at all.
    pub fn permit(&self) -> Result<Permit, PermitError> {
        let bad = |pointer: &str, message: String| PermitError { pointer: pointer.to_owned(), message };
        let scope = self.scope.parse().map_err(|e: domain::ScopeError| bad("/scope", e.to_string()))?;
        let channels: Reach<ChannelId> = reach(self.channels.as_deref(), "channels", |text| text.parse())?;
        let recipients: Reach<ChatId> =
            reach(self.recipients.as_deref(), "recipients", |text| text.parse().map(domain::Recipient::into_chat))?;
        Permit::new(scope, channels, recipients).ok_or_else(|| bad("", "would permit nothing".to_owned()))
    }
}

fn reach<T: Ord + Clone, E: std::fmt::Display>(
    named: Option<&[String]>,
    place: &str,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<Reach<T>, PermitError> {
    let Some(named) = named else { return Ok(Reach::All) };
    if named.is_empty() {
        let message = "names none; leave it out, or make it null, for all".to_owned();
        return Err(PermitError { pointer: format!("/{place}"), message });
    }
    let items = named
        .iter()
        .enumerate()
        .map(|(n, text)| read(text).map_err(|e| PermitError { pointer: format!("/{place}/{n}"), message: e.to_string() }));
    Ok(Reach::only(items.collect::<Result<Vec<T>, _>>()?))
}

impl From<&Permit> for PermitOut {
    fn from(permit: &Permit) -> Self {
        PermitOut {
            scope: permit.scope.as_str().to_owned(),
            channels: permit.channels.named().map(|ids| ids.iter().map(ToString::to_string).collect()),
            recipients: permit.recipients.named().map(|chats| chats.iter().map(ToString::to_string).collect()),
        }
    }
}

/// The far end of a connection, as far as the system tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Peer)]
pub struct PeerOut {
    /// The way in: `tcp` (loopback), `unix` or `tls`.
    #[schema(example = "tcp")]
    pub door: String,
    #[schema(example = "127.0.0.1")]
    pub address: Option<String>,
    pub program: Option<ProgramOut>,
}

/// A process of this machine, as the system names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Program)]
pub struct ProgramOut {
    #[schema(example = 4711)]
    pub pid: u32,
    /// Of its executable.
    #[schema(example = "/usr/bin/python3")]
    pub path: String,
    /// The user that it runs as.
    #[schema(example = 1000)]
    pub uid: u32,
}

impl From<&Peer> for PeerOut {
    fn from(peer: &Peer) -> Self {
        PeerOut {
            door: peer.door.as_str().to_owned(),
            address: peer.address.clone(),
            program: peer.program.as_ref().map(ProgramOut::from),
        }
    }
}

impl From<&Program> for ProgramOut {
    fn from(program: &Program) -> Self {
        ProgramOut { pid: program.pid, path: program.path.display().to_string(), uid: program.uid }
    }
}

/// Of `app.*`: which program asks for what, or may or may not from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AppEventData)]
pub struct AppEventData {
    /// Of `app.requested` and its answers: `/v1/apps/requests/{id}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub request_id: Option<String>,
    /// Of `app.allowed` and `app.revoked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub app_id: Option<String>,
    /// Of `app.revoked`, when it is about one key alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// What the program calls itself.
    #[schema(example = "Till")]
    pub app_name: String,
    /// What it asks for, or may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permits: Option<Vec<PermitOut>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<PeerOut>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Of `app.allowed`: until WhatIsUp quits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub once: Option<bool>,
    /// Of `app.revoked`: `by_hand`, `rotated`, `until_quit`, `disabled` or `deleted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// For a person.
    pub summary: String,
}

/// Of `access.attempts`: many keys that are none were tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AccessEventData)]
pub struct AccessEventData {
    /// The one who tried most.
    pub peer: PeerOut,
    pub failures: u32,
    pub since: String,
    /// For a person.
    pub summary: String,
}

impl AccessEventData {
    pub(crate) fn of(peer: &Peer, failures: u32, since: Timestamp) -> Self {
        AccessEventData {
            peer: peer.into(),
            failures,
            since: since.to_string(),
            summary: format!("{failures} tries with a key that opens nothing, most of them from {}.", peer.from_where()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Scope;

    #[test]
    fn a_permit_survives_its_json() {
        let channels = Reach::only([ChannelId::new(Timestamp::EPOCH, 1)]);
        let chats = Reach::only(["15550100123@s.whatsapp.net".parse().unwrap()]);
        for permit in [Permit::of(Scope::EventsRead), Permit::new(Scope::MessagesSend, channels, chats).unwrap()] {
            let json = serde_json::to_string(&PermitOut::from(&permit)).unwrap();
            assert_eq!(serde_json::from_str::<PermitOut>(&json).unwrap().permit(), Ok(permit));
        }
    }

    #[test]
    fn a_list_of_none_is_no_permit_for_all() {
        let says = |json: &str| serde_json::from_str::<PermitOut>(json).unwrap().permit().unwrap_err().pointer;
        assert_eq!(says(r#"{"scope":"messages:read","channels":[]}"#), "/channels");
        assert_eq!(says(r#"{"scope":"messages:read","recipients":[]}"#), "/recipients");
        assert_eq!(says(r#"{"scope":"messages:read","recipients":["+15550100123","x"]}"#), "/recipients/1");
        assert_eq!(says(r#"{"scope":"admin"}"#), "/scope");
        assert!(serde_json::from_str::<PermitOut>(r#"{"scope":"messages:read","channel":"ch_1"}"#).is_err());
    }
}
