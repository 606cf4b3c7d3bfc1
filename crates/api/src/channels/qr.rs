use crate::accept;
use crate::api::Api;
use crate::channels::drawing::Drawing;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{ChannelId, ChannelView, PairingMethod, PairingPrompt, Scope, State as ChannelState};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// How long a QR that is on its way is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const TEXT: &str = "text/plain";

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

permit!(qr: Need::scope(Scope::ChannelsManage).of_channel("id").or_ticket());

/// Show the QR
///
/// In the form that `Accept` asks for: JSON (also when anything will do), an SVG or PNG image, or text that draws it in a dark
/// terminal (half blocks without colours of their own: a light terminal shows them inverted).
/// While the channel has asked WhatsApp for one, the answer waits up to five seconds for it.
#[utoipa::path(get, path = "/v1/channels/{id}/qr", tag = "channels", operation_id = "show_qr",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2"),
        ("ticket" = Option<String>, Query, description = "Instead of a key, for an `<img>`: a one-use ticket for exactly this address, from `POST /v1/tickets`.")),
    responses((status = 200, description = "The QR to scan.", content(
        (QrOut = "application/json"), (String = "image/svg+xml"), (Vec<u8> = "image/png"), (String = "text/plain")))))]
pub(crate) async fn qr(State(api): State<Api>, ChannelPath(id): ChannelPath, headers: HeaderMap) -> Result<Response, Problem> {
    let view = once_shown(&api, id).await?;
    let ChannelState::Pairing { prompt: PairingPrompt::Qr { code, expires_at }, round, .. } = view.state else {
        return Err(no_qr(&view));
    };
    let form = accept::choose(&headers, &[JSON, SVG, PNG, TEXT]).ok_or_else(|| Problem::of(Code::NotAcceptable))?;
    let drawing = Drawing::of(&code).map_err(|e| Problem::internal(&e))?;
    let mut response = match form {
        SVG => ([(header::CONTENT_TYPE, SVG)], drawing.svg()).into_response(),
        PNG => ([(header::CONTENT_TYPE, PNG)], drawing.png().map_err(|e| Problem::internal(&e))?).into_response(),
        TEXT => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], drawing.terminal()).into_response(),
        _ => Json(QrOut { svg: drawing.svg(), text: code, expires_at: expires_at.to_string(), round }).into_response(),
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

fn no_qr(channel: &ChannelView) -> Problem {
    if let ChannelState::Pairing { prompt, .. } = &channel.state
        && prompt.method() == PairingMethod::Passkey
    {
        let path = format!("/v1/channels/{}/passkey", channel.id);
        return Problem::new(
            Code::NotPairing,
            format!("WhatsApp asks for a passkey of the account instead of a QR: see GET {path}."),
        );
    }
    Problem::of(if channel.paired { Code::AlreadyPaired } else { Code::NotPairing })
}

/// A channel that has just been started has asked WhatsApp for a QR and gets it in a moment: worth waiting for.
async fn once_shown(api: &Api, id: ChannelId) -> Result<ChannelView, Problem> {
    let mut overview = api.engine.overview();
    let shown = overview.wait_for(|all| !all.get(id).is_some_and(awaits_qr));
    // Whatever came of it, the channel says.
    let _ = tokio::time::timeout(PATIENCE, shown).await;
    api.channel(id)
}

fn awaits_qr(channel: &ChannelView) -> bool {
    matches!(&channel.state, ChannelState::Pairing { prompt: PairingPrompt::Waiting { method: PairingMethod::Qr, .. }, .. })
}
