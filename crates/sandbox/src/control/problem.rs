//! Errors on the wire: `application/problem+json` (RFC 9457) with words for people and a code for programs.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::phone::PhoneError;

/// What went wrong, in the form of RFC 9457.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// `about:blank`: the code says which problem it is.
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    status: u16,
    /// Stable, e.g. `no_such_phone`.
    code: &'static str,
    /// A sentence for a person.
    detail: String,
}

impl Problem {
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("error").to_owned(),
            status: status.as_u16(),
            code,
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(self)).into_response()
    }
}

impl From<PhoneError> for Problem {
    fn from(error: PhoneError) -> Self {
        let (status, code) = match &error {
            PhoneError::NoSuchPhone(_) => (StatusCode::NOT_FOUND, "no_such_phone"),
            PhoneError::NoSuchMessage(_) => (StatusCode::NOT_FOUND, "no_such_message"),
            PhoneError::NoSuchDevice(_) => (StatusCode::NOT_FOUND, "no_such_device"),
            PhoneError::NumberTaken(_) => (StatusCode::CONFLICT, "number_taken"),
            PhoneError::NoCodeRequested => (StatusCode::CONFLICT, "no_code_requested"),
            PhoneError::Pairing(_) => (StatusCode::CONFLICT, "pairing_failed"),
            PhoneError::Offline => (StatusCode::CONFLICT, "phone_offline"),
            PhoneError::BadNumber(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_number"),
            PhoneError::UnreadableQr => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable_qr"),
            PhoneError::UnreadableCode => (StatusCode::UNPROCESSABLE_ENTITY, "unreadable_code"),
            PhoneError::WrongCode => (StatusCode::UNPROCESSABLE_ENTITY, "wrong_code"),
            PhoneError::NoSuchAccount(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_such_account"),
            PhoneError::EmptyText => (StatusCode::UNPROCESSABLE_ENTITY, "empty_text"),
            PhoneError::Refused(_) => (StatusCode::BAD_GATEWAY, "refused_by_network"),
            PhoneError::Timeout | PhoneError::Deadline(_) => (StatusCode::GATEWAY_TIMEOUT, "timeout"),
            PhoneError::Signal(_) | PhoneError::Key(_) | PhoneError::Protocol(_) | PhoneError::Gone => {
                (StatusCode::INTERNAL_SERVER_ERROR, "protocol")
            }
        };
        // Nothing here is secret: a sandbox has no real people. The detail helps its user.
        Self::new(status, code, error.to_string())
    }
}
