use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::params::ChannelPath;
use crate::problem::{Code, FieldError, Problem};
use axum::Json;
use axum::extract::State;
use domain::{PairingPrompt, Phone, PhoneError, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The phone to link by a code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PairingCodeIn {
    /// The number of the account, with country code.
    #[schema(example = "+15550100123")]
    phone: String,
}

/// The code to type on the phone: *Linked devices › Link a device › Link with phone number instead*.
#[derive(Serialize, ToSchema)]
#[schema(as = PairingCode)]
pub(crate) struct PairingCodeOut {
    #[schema(example = "ABCD-EFGH")]
    code: String,
    /// RFC 3339, UTC.
    expires_at: String,
    #[schema(example = "+15550100123")]
    phone: String,
}

permit!(pairing_code: Need::scope(Scope::ChannelsManage).of_channel("id"));

/// Ask for a pairing code
///
/// The way to link without a camera. Starts the channel when it is stopped.
#[utoipa::path(post, path = "/v1/channels/{id}/pairing-code", tag = "channels", operation_id = "request_pairing_code",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = PairingCodeIn,
    responses((status = 200, description = "The code to type on the phone.", body = PairingCodeOut)))]
pub(crate) async fn pairing_code(
    State(api): State<Api>,
    ChannelPath(id): ChannelPath,
    JsonBody(given): JsonBody<PairingCodeIn>,
) -> Result<Json<PairingCodeOut>, Problem> {
    let phone: Phone =
        given.phone.parse().map_err(|e: PhoneError| Problem::invalid(vec![FieldError::at("/phone", e.to_string())]))?;
    match api.engine.pairing_code(id, phone).await? {
        PairingPrompt::Code { code, expires_at, phone } => {
            Ok(Json(PairingCodeOut { code: as_shown(&code), expires_at: expires_at.to_string(), phone: phone.to_string() }))
        }
        PairingPrompt::Passkey { .. } => Err(Problem::new(
            Code::PairingCodeUnavailable,
            format!("WhatsApp asks for a passkey of the account instead of giving a code: see GET /v1/channels/{id}/passkey."),
        )),
        PairingPrompt::Waiting { .. } | PairingPrompt::Qr { .. } | PairingPrompt::Scanned { .. } => {
            Err(Problem::of(Code::PairingCodeUnavailable))
        }
    }
}

/// Four and four, as the phone shows it.
fn as_shown(code: &str) -> String {
    match code.split_at_checked(4) {
        Some((first, rest)) if code.len() == 8 => format!("{first}-{rest}"),
        Some(_) | None => code.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_code_is_shown_as_on_the_phone() {
        assert_eq!(super::as_shown("4HNC92RA"), "4HNC-92RA");
        assert_eq!(super::as_shown("4HNC-92RA"), "4HNC-92RA");
    }
}
