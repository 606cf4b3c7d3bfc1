use super::out::AppRequestOut;
use crate::api::Api;
use crate::guard::{Need, permit};
use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The programs that wait for an answer, in the order in which they asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppRequestList {
    items: Vec<AppRequestOut>,
    /// Always null: few wait at a time.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// List the programs that ask
///
/// Those that wait for an answer, oldest first. For a person: no app sees it.
#[utoipa::path(get, path = "/v1/apps/requests", tag = "apps", operation_id = "list_access_requests",
    responses((status = 200, description = "Those that wait.", body = AppRequestList)))]
pub(crate) async fn list(State(api): State<Api>) -> Json<AppRequestList> {
    let overview = api.overview();
    let items = api.access.waiting().iter().map(|request| AppRequestOut::of(request, &overview)).collect();
    Json(AppRequestList { items, next_cursor: None })
}

permit!(list: Need::person());
