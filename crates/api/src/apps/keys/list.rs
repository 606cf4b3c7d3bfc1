use super::KeyOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::params::AppPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Serialize;
use utoipa::ToSchema;

/// An app's keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    items: Vec<KeyOut>,
    /// Always null for now: a list of keys is short and comes whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List an app's keys
///
/// When and from where each was last used, and how often today. The keys themselves are never shown again.
#[utoipa::path(get, path = "/v1/apps/{id}/keys", tag = "apps", operation_id = "list_keys",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Its keys, newest first.", body = KeyList)))]
pub(crate) async fn list(State(api): State<Api>, AppPath(id): AppPath) -> Result<Json<KeyList>, Problem> {
    api.access.app(id).await?;
    let mut keys = api.access.keys(Some(id)).await?;
    keys.sort_by_key(|key| std::cmp::Reverse((key.made_at, key.id)));
    let now = api.now();
    Ok(Json(KeyList { items: keys.iter().map(|key| KeyOut::of(key, now)).collect(), next_cursor: None }))
}

permit!(list: Need::scope(Scope::AppsManage));
