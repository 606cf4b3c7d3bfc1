use super::AppOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Serialize;
use utoipa::ToSchema;

/// All apps, in the order in which they were let in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AppList {
    items: Vec<AppOut>,
    /// Always null for now: a list of apps is short and comes whole.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List apps
#[utoipa::path(get, path = "/v1/apps", tag = "apps", operation_id = "list_apps",
    responses((status = 200, description = "All apps, in the order in which they were let in.", body = AppList)))]
pub(crate) async fn list(State(api): State<Api>) -> Result<Json<AppList>, Problem> {
    let (apps, keys) = (api.access.apps().await?, api.access.keys(None).await?);
    let (overview, now) = (api.overview(), api.now());
    let items = apps.iter().map(|app| AppOut::of(app, &keys, &overview, now)).collect();
    Ok(Json(AppList { items, next_cursor: None }))
}

permit!(list: Need::scope(Scope::AppsManage));
