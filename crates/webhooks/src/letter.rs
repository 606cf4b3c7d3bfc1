use crate::target::header;
use crate::{AddressPolicy, Reach, Target, Trouble, signature};
use bytes::Bytes;
use domain::Timestamp;
use hyper::HeaderMap;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use ledger::{Endpoint, LoggedEvent, SigningSecret};
use secrecy::ExposeSecret as _;
use wire::EventOut;

const AGENT: &str = concat!("WhatIsUp/", env!("CARGO_PKG_VERSION"));
const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// What one attempt sends: an event, addressed and signed.
#[derive(Clone)]
pub(crate) struct Letter {
    pub target: Target,
    pub policy: AddressPolicy,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// When it was signed.
    pub at: Timestamp,
}

/// Writes what `endpoint` gets of `event`. The body is the same JSON as on the event stream. Custom headers that cannot be
/// sent are left out; an endpoint that cannot be addressed or signed for gets nothing.
pub(crate) fn write(endpoint: &Endpoint, event: &LoggedEvent, at: Timestamp, reach: Reach) -> Result<Letter, Trouble> {
    let policy = AddressPolicy { private: endpoint.trusted_addresses };
    let target = Target::parse(&endpoint.url, reach, policy).map_err(|e| match e {
        crate::TargetError::Forbidden(..) | crate::TargetError::ForbiddenName(..) | crate::TargetError::Metadata(_) => {
            Trouble::Forbidden(e.to_string())
        }
        crate::TargetError::NotAUrl
        | crate::TargetError::Scheme
        | crate::TargetError::Credentials
        | crate::TargetError::TooLong => Trouble::BadTarget(e.to_string()),
    })?;
    let id = event.id.to_string();
    let out = EventOut {
        id: id.clone(),
        seq: event.seq,
        kind: event.kind.clone(),
        timestamp: event.at.to_string(),
        channel_id: event.channel.map(|channel| channel.to_string()),
        data: event.data.clone(),
    };
    let body = serde_json::to_vec(&out).map_err(|e| Trouble::BadTarget(e.to_string()))?;
    let live = endpoint.secrets.iter().filter(|secret| is_live(secret, at)).map(|secret| secret.secret.expose_secret());
    let signature = signature::sign(live, &id, at, &body)
        .ok_or_else(|| Trouble::BadTarget("no live secret to sign with: rotate the secret".to_owned()))?;

    let mut headers: HeaderMap = endpoint.headers.iter().filter_map(|(name, value)| header(name, value).ok()).collect();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in [(ID, id), (TIMESTAMP, signature::seconds(at)), (SIGNATURE, signature)] {
        headers.insert(name, HeaderValue::try_from(value).map_err(|e| Trouble::BadTarget(e.to_string()))?);
    }
    Ok(Letter { target, policy, headers, body: body.into(), at })
}

fn is_live(secret: &SigningSecret, at: Timestamp) -> bool {
    secret.expires_at.is_none_or(|end| at < end)
}
