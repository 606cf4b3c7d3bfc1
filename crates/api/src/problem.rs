//! The one map from what went wrong to the wire: RFC 9457 problems with a stable `code`.

mod code;
mod from;
mod page;

pub use code::Code;

use crate::accept;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ChannelId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a client is told when it does not get what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    /// The channel that stands in the way.
    channel: Option<ChannelId>,
    /// Seconds after which another try makes sense.
    retry_after: Option<u64>,
}

/// `application/problem+json`, RFC 9457.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut {
    /// Where the problem is explained, relative to this server.
    #[serde(rename = "type")]
    #[schema(example = "/docs/problems#not_found")]
    pub kind: String,
    #[schema(example = "Not found")]
    pub title: String,
    #[schema(example = 404)]
    pub status: u16,
    /// A stable word to act on.
    #[schema(example = "not_found")]
    pub code: String,
    /// What happened this time and what to do, in plain words.
    pub detail: String,
    /// Which fields are wrong, when fields are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// The channel that stands in the way, when it is another one than the request is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
}

/// One wrong field: of the body (`pointer`, a JSON pointer) or of the query (`parameter`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "/content/text")]
    pub pointer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    pub detail: String,
}

impl FieldError {
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError { pointer: Some(pointer.into()), parameter: None, detail: detail.into() }
    }

    pub fn parameter(name: impl Into<String>, detail: impl Into<String>) -> Self {
        FieldError { pointer: None, parameter: Some(name.into()), detail: detail.into() }
    }
}

impl Problem {
    /// With the sentence that every problem of this code has.
    pub fn of(code: Code) -> Self {
        // What passes by itself says when it is worth another try, in seconds.
        let waits = [
            (Code::QueueFull, 30),
            (Code::NoWorker, 5),
            (Code::IdempotencyInFlight, 1),
            (Code::Overloaded, 1),
            (Code::TooManyStreams, 30),
        ];
        let retry_after = waits.into_iter().find(|(passing, _)| *passing == code).map(|(_, seconds)| seconds);
        Problem { code, detail: code.sentence().to_owned(), errors: Vec::new(), channel: None, retry_after }
    }

    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Problem { detail: detail.into(), ..Problem::of(code) }
    }

    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            _ => Code::Invalid.sentence().to_owned(),
        };
        Problem { errors, ..Problem::new(Code::Invalid, detail) }
    }

    /// The same problem with the fields that caused it.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Problem { errors, ..self }
    }

    /// The same problem with the channel that causes it.
    #[must_use]
    pub fn about(self, channel: ChannelId) -> Self {
        Problem { channel: Some(channel), ..self }
    }

    /// The same problem, which passes by itself after this long.
    #[must_use]
    pub fn after(self, wait: std::time::Duration) -> Self {
        // Rounded up: who comes back a moment too early would only be told again.
        Problem { retry_after: Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)), ..self }
    }

    /// Rights were taken away between the head of a request and what it was to do. Asked again, it gets the answer that is due.
    pub fn changed_meanwhile() -> Self {
        let said = "What this key may do was changed while the request was on its way. Ask again.";
        Problem::new(Code::Unavailable, said).after(std::time::Duration::from_secs(1))
    }

    pub fn no_such(what: &str) -> Self {
        Problem::new(Code::NotFound, format!("There is no such {what}."))
    }

    /// Something of ours failed. The log gets the cause with an incident id; the client gets the id alone.
    pub fn internal(cause: &dyn std::fmt::Display) -> Self {
        let incident = incident();
        tracing::error!(incident.id = incident, error = %cause, "a request could not be answered");
        Problem::new(Code::Internal, format!("Something failed here. The log has the cause under incident {incident}."))
    }

    /// Something of ours cannot work just now, and may again; like [`Problem::internal`] it tells no cause.
    pub fn unavailable(cause: &dyn std::fmt::Display) -> Self {
        let incident = incident();
        tracing::error!(incident.id = incident, error = %cause, "a request could not be answered for now");
        let detail = format!("This cannot be done just now. The log has the cause under incident {incident}.");
        Problem { retry_after: Some(5), ..Problem::new(Code::Unavailable, detail) }
    }

    pub fn code(&self) -> Code {
        self.code
    }

    pub fn status(&self) -> StatusCode {
        self.code.status()
    }

    pub fn detail(&self) -> &str {
        &self.detail
    }

    pub fn to_out(&self) -> ProblemOut {
        ProblemOut {
            kind: format!("/docs/problems#{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            channel: self.channel.map(|id| id.to_string()),
        }
    }
}

fn incident() -> String {
    format!("{:012x}", rand::random::<u64>() >> 16)
}

/// What RFC 6750 has a 401 and a lack of scope say.
fn challenge(code: Code) -> Option<&'static str> {
    match (code, code.status()) {
        (Code::Unauthorized, _) => Some("Bearer realm=\"WhatIsUp\""),
        (Code::ScopeMissing, _) => Some("Bearer realm=\"WhatIsUp\", error=\"insufficient_scope\""),
        (_, StatusCode::UNAUTHORIZED) => Some("Bearer realm=\"WhatIsUp\", error=\"invalid_token\""),
        (_, _) => None,
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.to_out()).expect("strings and numbers always serialise");
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = challenge(self.code) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        // For the layers around it, which tell it on.
        response.extensions_mut().insert(self.code);
        response
    }
}

impl Problem {
    /// The answer to a request with these headers: a person's browser gets a page, a program the problem.
    pub fn into_answer(self, asked: &HeaderMap) -> Response {
        let forms = ["application/problem+json", "application/json", "text/html"];
        if accept::choose(asked, &forms) == Some("text/html") { page::of(&self) } else { self.into_response() }
    }
}
