//! Query parameters and ids in the path, with refusals that name them.

use crate::problem::{Code, FieldError, Problem};
use access::RequestName;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use domain::{AppId, AppRequestId, ChannelId, DeliveryId, EndpointId, KeyId, MessageId};
use serde::de::DeserializeOwned;
use std::str::FromStr;

/// The query read as `T`.
pub(crate) struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let reader = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        serde_path_to_error::deserialize(reader).map(Params).map_err(|e| {
            let says = e.inner().to_string();
            let unknown = says.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
            let name = unknown.map_or_else(|| e.path().to_string(), str::to_owned);
            Problem::invalid(vec![FieldError::parameter(name, says)])
        })
    }
}

/// `given`, when it is within `1..=most`; otherwise `default`.
pub(crate) fn limit(given: Option<u32>, default: u32, most: u32) -> Result<u32, Problem> {
    match given {
        None => Ok(default),
        Some(n) if (1..=most).contains(&n) => Ok(n),
        Some(_) => Err(Problem::invalid(vec![FieldError::parameter("limit", format!("must be from 1 to {most}"))])),
    }
}

/// The channel that the path names. A text that is no id names no channel.
pub(crate) struct ChannelPath(pub ChannelId);

impl<S: Send + Sync> FromRequestParts<S> for ChannelPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "channel").await.map(ChannelPath)
    }
}

/// The message that the path names.
pub(crate) struct MessagePath(pub MessageId);

impl<S: Send + Sync> FromRequestParts<S> for MessagePath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "message").await.map(MessagePath)
    }
}

/// The webhook that the path names.
pub(crate) struct WebhookPath(pub EndpointId);

impl<S: Send + Sync> FromRequestParts<S> for WebhookPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "webhook").await.map(WebhookPath)
    }
}

/// The delivery that the path names.
pub(crate) struct DeliveryPath(pub DeliveryId);

impl<S: Send + Sync> FromRequestParts<S> for DeliveryPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "delivery").await.map(DeliveryPath)
    }
}

/// The app that the path names.
pub(crate) struct AppPath(pub AppId);

impl<S: Send + Sync> FromRequestParts<S> for AppPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "app").await.map(AppPath)
    }
}

/// The key, and its app, that the path names.
pub(crate) struct KeyPath(pub AppId, pub KeyId);

impl<S: Send + Sync> FromRequestParts<S> for KeyPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let both = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((app, key)) = both.map_err(|_| Problem::of(Code::NotFound))?;
        let app = app.parse().map_err(|_| Problem::no_such("app"))?;
        Ok(KeyPath(app, key.parse().map_err(|_| Problem::no_such("key"))?))
    }
}

/// The request of a program that the path names.
pub(crate) struct AppRequestPath(pub AppRequestId);

impl<S: Send + Sync> FromRequestParts<S> for AppRequestPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        id(parts, state, "request").await.map(AppRequestPath)
    }
}

/// The same, by its id or by its code.
pub(crate) struct AppRequestName(pub RequestName);

impl<S: Send + Sync> FromRequestParts<S> for AppRequestName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::of(Code::NotFound))?;
        let id = text.parse().map(RequestName::Id).ok();
        id.or_else(|| text.parse().map(RequestName::Code).ok()).map(AppRequestName).ok_or_else(|| Problem::no_such("request"))
    }
}

async fn id<T: FromStr, S: Send + Sync>(parts: &mut Parts, state: &S, what: &str) -> Result<T, Problem> {
    let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::of(Code::NotFound))?;
    text.parse().map_err(|_| Problem::no_such(what))
}
