use super::export;
use super::out::{AuditEntryOut, VerifiedOut};
use crate::api::Api;
use crate::guard::{Caller, Need, permit};
use crate::params::{self, Params};
use crate::problem::{Code, FieldError, Problem};
use crate::{accept, cursor};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use domain::{AppId, IdError, Scope, Timestamp};
use ledger::AuditQuery;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const LIST: &str = "audit";
const JSON: &str = "application/json";
const LONGEST: usize = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQueryIn {
    /// How many at most; an export has all.
    #[serde(default)]
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// Where to go on: `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
    /// Only what this app did.
    #[serde(default)]
    #[param(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    app: Option<String>,
    /// Only this action; with `*` at its end all that begin so.
    #[serde(default)]
    #[param(example = "app.*")]
    action: Option<String>,
    /// Only what was done to the thing with this id.
    #[serde(default)]
    #[param(example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    target: Option<String>,
    /// Not before this moment: RFC 3339.
    #[serde(default)]
    #[param(example = "2026-01-31T12:00:00Z")]
    since: Option<String>,
    /// Not after this moment: RFC 3339.
    #[serde(default)]
    #[param(example = "2026-01-31T13:00:00Z")]
    until: Option<String>,
    /// Also hold every entry of the log against its hash and the one before it.
    #[serde(default)]
    #[param(default = false)]
    verify: Option<bool>,
}

/// Entries of the audit log, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditPage {
    items: Vec<AuditEntryOut>,
    #[schema(required)]
    next_cursor: Option<String>,
    /// Whether the whole log is as it was written; null unless `verify` asks for it.
    #[schema(required)]
    verified: Option<VerifiedOut>,
}

/// Read the audit log
///
/// Who did what, newest first: everything that changes access, every change made through the API, and what was refused to somebody
/// who is known. Never a key, a body or the text of a message. With `Accept: application/x-ndjson` all of it as a file, oldest
/// first, an entry a line, each with the text that its hash was made of.
#[utoipa::path(get, path = "/v1/audit", tag = "audit", operation_id = "read_audit",
    params(AuditQueryIn),
    responses((status = 200, description = "Entries.", content(
        (AuditPage = "application/json"), (String = "application/x-ndjson")))))]
pub(crate) async fn read(
    State(api): State<Api>,
    caller: Caller,
    Params(asked): Params<AuditQueryIn>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let form = accept::choose(&headers, &[JSON, export::NDJSON]).ok_or_else(|| Problem::of(Code::NotAcceptable))?;
    let query = query(&asked)?;
    // What was answered before this was asked is in it.
    api.auditor.flush().await;
    let mut response = if form == JSON {
        let page = api.ledger.audit_page(&query).await?;
        let verified = match asked.verify {
            Some(true) => Some(VerifiedOut::from(api.ledger.verify_audit().await?)),
            Some(false) | None => None,
        };
        let next_cursor = page.next.map(|n| cursor::write(LIST, n));
        Json(AuditPage { items: page.entries.iter().map(AuditEntryOut::from).collect(), next_cursor, verified }).into_response()
    } else {
        export::answer(api, caller, query)
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

permit!(read: Need::scope(Scope::AppsManage));

fn query(asked: &AuditQueryIn) -> Result<AuditQuery, Problem> {
    let mut errors = Vec::new();
    let app = asked.app.as_deref().and_then(|text| {
        let parsed = text.parse::<AppId>();
        parsed.map_err(|e: IdError| errors.push(FieldError::parameter("app", e.to_string()))).ok()
    });
    for (name, given) in [("action", &asked.action), ("target", &asked.target)] {
        if given.as_ref().is_some_and(|text| text.len() > LONGEST) {
            errors.push(FieldError::parameter(name, format!("must have at most {LONGEST} bytes")));
        }
    }
    let since = time("since", asked.since.as_deref(), &mut errors);
    let until = time("until", asked.until.as_deref(), &mut errors);
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    Ok(AuditQuery {
        before: asked.cursor.as_deref().map(|c| cursor::read(LIST, c)).transpose()?,
        after: None,
        limit: params::limit(asked.limit, 50, 1000)?,
        app,
        action: asked.action.clone(),
        target: asked.target.clone(),
        since,
        until,
    })
}

fn time(name: &str, given: Option<&str>, errors: &mut Vec<FieldError>) -> Option<Timestamp> {
    let time = Timestamp::parse(given?);
    if time.is_none() {
        errors.push(FieldError::parameter(name, "must be a time such as 2026-01-31T12:00:00Z (RFC 3339)"));
    }
    time
}
