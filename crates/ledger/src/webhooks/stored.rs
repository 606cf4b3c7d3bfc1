//! How receivers are written into columns. Frozen with the schema. Address, headers and secrets as they are in a file, which is
//! encrypted, and sealed on a server.

use super::{Delivery, DeliveryStatus, Endpoint, EndpointStatus, SigningSecret};
use crate::LedgerError;
use crate::batch::{Batch, signed};
use crate::sealing::Sealing;
use crate::sql::{Row, query, query_scalar};
use crate::stored::{from_json, to_json, unreadable};
use domain::{EventFilter, PauseReason, Timestamp};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

/// Secrets that sign at once.
pub(super) const SECRETS_KEPT: usize = 2;

macro_rules! endpoint_columns {
    () => {
        "n, id, url, description, channels, kinds, headers, secrets, concurrency, status, status_reason, status_since, \
         failing_since, planned_through, created_at, updated_at, app_id, trusted_addresses"
    };
}
pub(super) const BY_ID: &str = concat!("SELECT ", endpoint_columns!(), " FROM endpoints WHERE id = $1");
pub(super) const OF_APP: &str = concat!("SELECT ", endpoint_columns!(), " FROM endpoints WHERE app_id = $1 ORDER BY n");
pub(super) const ALL: &str = concat!("SELECT ", endpoint_columns!(), " FROM endpoints ORDER BY n");
/// Those that nobody else is changing.
pub(super) const ALL_LOCKED: &str =
    concat!("SELECT ", endpoint_columns!(), " FROM endpoints ORDER BY n /*+FOR NO KEY UPDATE SKIP LOCKED+*/");

/// What is sealed where others could read it: an address may carry a token.
const URL: &str = "endpoints.url";
const HEADERS: &str = "endpoints.headers";
const SECRETS: &str = "endpoints.secrets";

macro_rules! delivery_columns {
    () => {
        "d.n AS n, d.id AS id, e.id AS endpoint_id, d.seq AS seq, d.event_id AS event_id, d.kind AS kind, \
         d.channel_id AS channel_id, d.status AS status, d.attempts AS attempts, d.next_attempt_at AS next_attempt_at, \
         d.created_at AS created_at, d.finished_at AS finished_at"
    };
}
pub(super) use delivery_columns;

#[derive(Serialize, Deserialize)]
struct StoredSecret {
    secret: String,
    created_at: i64,
    expires_at: Option<i64>,
}

fn secrets_to(secrets: &[SigningSecret]) -> String {
    let stored: Vec<_> = secrets
        .iter()
        .map(|s| StoredSecret {
            secret: s.secret.expose_secret().to_owned(),
            created_at: s.created_at.as_millis(),
            expires_at: s.expires_at.map(Timestamp::as_millis),
        })
        .collect();
    to_json(&stored)
}

fn secrets_from(text: &str) -> Result<Vec<SigningSecret>, LedgerError> {
    let stored: Vec<StoredSecret> = from_json(text, "a webhook's secrets")?;
    Ok(stored
        .into_iter()
        .map(|s| SigningSecret {
            secret: s.secret.into(),
            created_at: Timestamp::from_millis(s.created_at),
            expires_at: s.expires_at.map(Timestamp::from_millis),
        })
        .collect())
}

impl EndpointStatus {
    pub(super) fn word(&self) -> &'static str {
        match self {
            EndpointStatus::Active => "active",
            EndpointStatus::Paused { .. } => "paused",
            EndpointStatus::Disabled { .. } => "disabled",
        }
    }

    fn reason(&self) -> Option<&'static str> {
        match self {
            EndpointStatus::Paused { reason, .. } => Some(reason.as_str()),
            EndpointStatus::Active | EndpointStatus::Disabled { .. } => None,
        }
    }

    fn since(&self) -> Option<Timestamp> {
        match self {
            EndpointStatus::Active => None,
            EndpointStatus::Paused { since, .. } | EndpointStatus::Disabled { since } => Some(*since),
        }
    }
}

fn status_from(word: &str, reason: Option<&str>, since: Option<i64>) -> Result<EndpointStatus, LedgerError> {
    const WHAT: &str = "a webhook's status";
    let since = since.map(Timestamp::from_millis);
    match (word, since) {
        ("active", _) => Ok(EndpointStatus::Active),
        ("paused", Some(since)) => {
            let reason = PauseReason::ALL.into_iter().find(|r| Some(r.as_str()) == reason);
            Ok(EndpointStatus::Paused { reason: reason.ok_or(unreadable(WHAT))?, since })
        }
        ("disabled", Some(since)) => Ok(EndpointStatus::Disabled { since }),
        _ => Err(unreadable(WHAT).into()),
    }
}

pub(super) async fn insert(batch: &mut Batch, endpoint: &Endpoint, planned_through: u64) -> Result<(), LedgerError> {
    let n: i64 = query_scalar(
        "INSERT INTO endpoints (id, url, description, channels, kinds, headers, secrets, concurrency, status, planned_through, \
         created_at, updated_at) VALUES ($1, '', '', '[]', '[]', '[]', '[]', 1, 'active', $2, $3, $3) RETURNING n",
    )
    .bind(endpoint.id.to_string())
    .bind(signed(planned_through))
    .bind(endpoint.created_at.as_millis())
    .fetch_one(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    update(batch, n, endpoint).await
}

pub(super) async fn update(batch: &mut Batch, n: i64, endpoint: &Endpoint) -> Result<(), LedgerError> {
    let channels: Vec<String> = endpoint.filter.channels.iter().map(ToString::to_string).collect();
    let id = endpoint.id.to_string();
    let sealing = batch.sealing.clone();
    let seal = |place: &str, plain: String| sealing.close(place, &id, plain);
    query(
        "UPDATE endpoints SET url = $2, description = $3, channels = $4, kinds = $5, headers = $6, secrets = $7, concurrency = $8, \
         status = $9, status_reason = $10, status_since = $11, failing_since = $12, updated_at = $13, app_id = $14, \
         trusted_addresses = $15 WHERE n = $1",
    )
    .bind(n)
    .bind(seal(URL, endpoint.url.clone()))
    .bind(&endpoint.description)
    .bind(to_json(&channels))
    .bind(to_json(&endpoint.filter.kinds))
    .bind(seal(HEADERS, to_json(&endpoint.headers)))
    .bind(seal(SECRETS, secrets_to(&endpoint.secrets)))
    .bind(i64::from(endpoint.concurrency))
    .bind(endpoint.status.word())
    .bind(endpoint.status.reason())
    .bind(endpoint.status.since().map(Timestamp::as_millis))
    .bind(endpoint.failing_since.map(Timestamp::as_millis))
    .bind(endpoint.updated_at.as_millis())
    .bind(endpoint.app.map(|app| app.to_string()))
    .bind(endpoint.trusted_addresses)
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}

pub(super) fn endpoint(row: &Row, sealing: &Sealing) -> Result<Endpoint, LedgerError> {
    let open = |place: &str, column: &str| sealing.open(place, row.get("id"), row.get(column));
    let channels: Vec<String> = from_json(row.get("channels"), "a webhook's channels")?;
    let channels = channels.iter().map(|id| id.parse()).collect::<Result<Vec<_>, _>>();
    Ok(Endpoint {
        id: row.get::<&str>("id").parse().map_err(|_| unreadable("a webhook's id"))?,
        url: open(URL, "url")?,
        description: row.get("description"),
        filter: EventFilter {
            channels: channels.map_err(|_| unreadable("a webhook's channels"))?,
            kinds: from_json(row.get("kinds"), "a webhook's types")?,
        },
        headers: from_json(&open(HEADERS, "headers")?, "a webhook's headers")?,
        secrets: secrets_from(&open(SECRETS, "secrets")?)?,
        concurrency: u32::try_from(row.get::<i64>("concurrency")).unwrap_or(1),
        status: status_from(row.get("status"), row.get("status_reason"), row.get("status_since"))?,
        failing_since: row.get::<Option<i64>>("failing_since").map(Timestamp::from_millis),
        app: row.get::<Option<&str>>("app_id").map(str::parse).transpose().map_err(|_| unreadable("a webhook's app"))?,
        trusted_addresses: row.get("trusted_addresses"),
        created_at: Timestamp::from_millis(row.get("created_at")),
        updated_at: Timestamp::from_millis(row.get("updated_at")),
    })
}

/// Of [`delivery_columns`].
pub(super) fn delivery(row: &Row) -> Result<Delivery, LedgerError> {
    let moment = |column: &str| row.get::<Option<i64>>(column).map(Timestamp::from_millis);
    let statuses = [DeliveryStatus::Pending, DeliveryStatus::Delivered, DeliveryStatus::Skipped];
    let status = statuses.into_iter().find(|s| s.as_str() == row.get::<&str>("status"));
    Ok(Delivery {
        id: row.get::<&str>("id").parse().map_err(|_| unreadable("a delivery's id"))?,
        endpoint: row.get::<&str>("endpoint_id").parse().map_err(|_| unreadable("a webhook's id"))?,
        seq: row.get::<i64>("seq").unsigned_abs(),
        event_id: row.get::<&str>("event_id").parse().map_err(|_| unreadable("an event's id"))?,
        kind: row.get("kind"),
        channel: row
            .get::<Option<&str>>("channel_id")
            .map(|id| id.parse().map_err(|_| unreadable("a delivery's channel")))
            .transpose()?,
        status: status.ok_or(unreadable("a delivery's status"))?,
        attempts: u32::try_from(row.get::<i64>("attempts")).unwrap_or(u32::MAX),
        next_attempt_at: moment("next_attempt_at"),
        created_at: Timestamp::from_millis(row.get("created_at")),
        finished_at: moment("finished_at"),
    })
}
