use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// The QR that links a phone, and how long it is good for. A new one follows by itself (`channel.pairing` tells).
#[derive(Serialize, ToSchema)]
#[schema(as = Qr)]
pub(crate) struct QrOut {
    /// What the QR encodes.
    pub text: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// Which QR of this attempt it is, from 1.
    pub round: u32,
    /// The QR as an SVG image, black on white with its quiet zone.
    pub svg: String,
}

/// Show the QR
///
/// In the form that `Accept` asks for: JSON (also when anything will do), an SVG or PNG image, or text that draws it in a terminal.
#[utoipa::path(get, path = "/v1/channels/{id}/qr", tag = "channels", operation_id = "show_qr",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The QR to scan.", content(
        (QrOut = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"), (String = "text/plain")))))]
pub(crate) async fn qr(State(api): State<Api>) -> Result<Response, Problem> {
    let _ = api;
    Err(Problem::of(Code::Unavailable))
}
