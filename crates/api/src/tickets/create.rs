use super::target::Target;
use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Caller, Need, permit};
use crate::problem::{FieldError, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What to open.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketIn {
    /// Path and query of `/v1/events` or of a channel's `/qr`.
    #[serde(rename = "for")]
    #[schema(example = "/v1/events?types=message.*", max_length = 2048)]
    target: String,
}

/// A ticket for one request: add it to the address as `ticket=…`.
#[derive(Serialize, ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketOut {
    #[schema(example = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    ticket: String,
    /// RFC 3339, UTC.
    expires_at: String,
}

/// Make a ticket
///
/// For what takes no header, such as an `EventSource` or an image of a page: it stands in for the key once, for this address
/// alone, within a minute. What may be seen with it is what the one who made it may see.
#[utoipa::path(post, path = "/v1/tickets", tag = "session", operation_id = "create_ticket",
    request_body = TicketIn,
    responses((status = 201, description = "Made: good once, for a minute.", body = TicketOut)))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(given): JsonBody<TicketIn>,
) -> Result<(StatusCode, Json<TicketOut>), Problem> {
    let target = Target::parse(&given.target).map_err(|says| Problem::invalid(vec![FieldError::at("/for", says)]))?;
    let (ticket, until) = api.passes.issue(caller, target, api.now());
    Ok((StatusCode::CREATED, Json(TicketOut { ticket, expires_at: until.to_string() })))
}

permit!(create: Need::known());
