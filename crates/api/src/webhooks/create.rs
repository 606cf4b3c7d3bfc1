use super::{MOST, MOST_OF_APP, WebhookMade, WebhookOut, field, header};
use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Caller, Need, permit};
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header as names};
use domain::{EndpointId, EventFilter, Scope};
use ledger::{Endpoint, EndpointStatus, SigningSecret};
use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A webhook to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookIn {
    /// Where events are posted: http or https, no credentials in it.
    #[schema(example = "http://127.0.0.1:8080/hooks/whatsapp", max_length = 2000)]
    url: String,
    /// For people: at most 200 characters.
    #[serde(default)]
    #[schema(example = "Orders to the till", max_length = 200)]
    description: String,
    /// Only events of these channels; empty: all.
    #[serde(default)]
    #[schema(example = json!([]), max_items = 200)]
    channels: Vec<String>,
    /// Only these types (`message.received`) or families (`message.*`); empty: all.
    #[serde(default)]
    #[schema(example = json!(["message.*"]), max_items = 64)]
    types: Vec<String>,
    /// Headers to send along, at most 20; their values are never shown again.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, example = json!({"authorization": "Bearer …"}))]
    headers: BTreeMap<String, String>,
    /// How many deliveries may be under way at once: 1 keeps the order of events.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 16, default = 1)]
    concurrency: u32,
}

fn one() -> u32 {
    1
}

permit!(create: Need::scope(Scope::WebhooksManage));

/// Make a webhook
///
/// A program's own gets what that program may see, and has an address on the public internet; only a person names one on this machine
/// or in its networks. It gets the events that happen from now on. The secret in the answer is shown this once: the receiver checks signatures with it.
#[utoipa::path(post, path = "/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = WebhookIn,
    responses((status = 201, description = "Made.", body = WebhookMade, headers(("Location" = String, description = "The webhook's address.")))))]
pub(crate) async fn create(
    State(api): State<Api>,
    caller: Caller,
    JsonBody(given): JsonBody<WebhookIn>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<WebhookMade>), Problem> {
    let mut errors = Vec::new();
    let url = field::url(&api, &caller, &given.url, &mut errors);
    let description = field::description(&given.description, &mut errors);
    let filter = EventFilter {
        channels: field::channels(&api, &caller, &given.channels, &mut errors),
        kinds: field::types(&given.types, &mut errors),
    };
    let mut headers = Vec::new();
    let wanted = given.headers.into_iter().map(|(name, value)| (name, Some(value))).collect();
    header::merge(&mut headers, &wanted, &mut errors);
    let concurrency = field::concurrency(given.concurrency, &mut errors);
    let (Some(url), true) = (url, errors.is_empty()) else { return Err(Problem::invalid(errors)) };
    let there = api.ledger.endpoints().await?;
    if there.len() >= MOST {
        return Err(too_many(format!("There are {MOST} webhooks already, which is the most there may be.")));
    }
    if caller.app().is_some() && there.iter().filter(|endpoint| endpoint.app == caller.app()).count() >= MOST_OF_APP {
        return Err(too_many(format!("There are {MOST_OF_APP} webhooks of this app already, which is the most it may have.")));
    }

    let now = api.now();
    let shown = ::webhooks::fresh_secret();
    let secret = SecretString::from(shown.as_str());
    let endpoint = Endpoint {
        id: EndpointId::new(now, rand::random()),
        url,
        description,
        filter,
        headers,
        secrets: vec![SigningSecret { secret, created_at: now, expires_at: None }],
        concurrency,
        status: EndpointStatus::Active,
        failing_since: None,
        app: caller.app(),
        trusted_addresses: caller.is_person(),
        created_at: now,
        updated_at: now,
    };
    let webhook = WebhookOut::of(&endpoint, &[]);
    let location = WebhookOut::location(endpoint.id);
    api.ledger.create_endpoint(endpoint).await?;
    Ok((StatusCode::CREATED, [(names::LOCATION, location)], Json(WebhookMade { webhook, secret: shown.to_string() })))
}

fn too_many(says: String) -> Problem {
    Problem::new(Code::Conflict, says)
}
