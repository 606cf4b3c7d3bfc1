use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
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

/// Ask for a pairing code
///
/// The way to link without a camera. Starts the channel when it is stopped.
#[utoipa::path(post, path = "/v1/channels/{id}/pairing-code", tag = "channels", operation_id = "request_pairing_code",
    params(("id" = String, Path, description = "The channel.", example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = PairingCodeIn,
    responses((status = 200, description = "The code to type on the phone.", body = PairingCodeOut)))]
pub(crate) async fn pairing_code(State(api): State<Api>, Json(given): Json<PairingCodeIn>) -> Result<Json<PairingCodeOut>, Problem> {
    let _ = (api, PairingCodeOut { code: String::new(), expires_at: String::new(), phone: given.phone });
    Err(Problem::of(Code::Unavailable))
}
