use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use domain::{PairingPrompt, Scope, State as ChannelState};
use serde::Serialize;
use utoipa::ToSchema;

/// What WhatsApp wants signed by a passkey of the account before it links this device.
#[derive(Serialize, ToSchema)]
#[schema(as = Passkey)]
pub(crate) struct PasskeyOut {
    /// WebAuthn's `PublicKeyCredentialRequestOptions`, as WhatsApp gave them.
    #[schema(value_type = Object)]
    challenge: serde_json::Value,
    /// RFC 3339, UTC; null when WhatsApp set no limit.
    #[schema(required)]
    expires_at: Option<String>,
}

permit!(passkey: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Show the passkey request
///
/// On some accounts WhatsApp demands a passkey before it links a device: the channel is then `pairing` with method `passkey`. Its
/// challenge is here and in no event, because only the person who pairs needs it.
#[utoipa::path(get, path = "/v1/channels/{id}/passkey", tag = "channels", operation_id = "show_passkey",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The challenge.", body = PasskeyOut)))]
pub(crate) async fn passkey(State(api): State<Api>, ChannelPath(id): ChannelPath) -> Result<Json<PasskeyOut>, Problem> {
    let view = api.channel(id)?;
    let ChannelState::Pairing { prompt: PairingPrompt::Passkey { challenge, expires_at }, .. } = view.state else {
        return Err(Problem::new(Code::NotPairing, "WhatsApp asks for no passkey on this channel just now."));
    };
    // What is no JSON after all is passed on as the text that it is.
    let challenge = serde_json::from_str(&challenge).unwrap_or(serde_json::Value::String(challenge));
    Ok(Json(PasskeyOut { challenge, expires_at: expires_at.map(|t| t.to_string()) }))
}
