//! `/v1/me`: what the caller is, and may do.

use crate::api::Api;
use crate::apps::permit;
use crate::guard::{Caller, Need, permit};
use axum::Json;
use axum::extract::State;
use domain::Permits;
use serde::Serialize;
use utoipa::ToSchema;
use wire::PermitOut;

/// As whom the caller is known, and what that may do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeOut {
    /// `admin` (the admin key), `browser` (one that was signed in) or `app`.
    #[schema(example = "app")]
    kind: &'static str,
    /// Whether it may do what only a person may: allow and approve, make keys.
    person: bool,
    #[schema(required, example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    app_id: Option<String>,
    /// Null when the app was let in by its program.
    #[schema(required)]
    key_id: Option<String>,
    /// The app's name.
    #[schema(required, example = "Desk assistant")]
    name: Option<String>,
    /// What it may do; for a person everything.
    permits: Vec<PermitOut>,
    /// The same for a person, a sentence for each.
    words: Vec<String>,
    /// The origins of pages that may use the key.
    origins: Vec<String>,
    /// Requests a minute; null: as many as any.
    #[schema(required)]
    limits: Option<u32>,
}

/// Show what the caller may do
#[utoipa::path(get, path = "/v1/me", tag = "apps", operation_id = "show_me",
    responses((status = 200, description = "As whom the caller is known, and what that may do.", body = MeOut)))]
pub(crate) async fn show(State(api): State<Api>, caller: Caller) -> Json<MeOut> {
    let person = |kind| MeOut {
        kind,
        person: true,
        app_id: None,
        key_id: None,
        name: None,
        permits: PermitOut::all(&Permits::everything()),
        words: permit::words(&Permits::everything(), &api.overview()),
        origins: Vec::new(),
        limits: None,
    };
    Json(match &caller {
        Caller::Admin => person("admin"),
        Caller::Browser { .. } => person("browser"),
        Caller::App(grantee) => MeOut {
            kind: "app",
            person: false,
            app_id: Some(grantee.app.to_string()),
            key_id: grantee.key.map(|id| id.to_string()),
            name: Some(grantee.name.as_str().to_owned()),
            permits: PermitOut::all(&grantee.permits),
            words: permit::words(&grantee.permits, &api.overview()),
            origins: grantee.origins.iter().map(|origin| origin.as_str().to_owned()).collect(),
            limits: grantee.limit,
        },
    })
}

permit!(show: Need::known());
