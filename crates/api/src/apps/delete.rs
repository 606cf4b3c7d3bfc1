use crate::api::Api;
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::AppPath;
use crate::problem::Problem;
use axum::extract::State;
use axum::http::StatusCode;
use domain::Scope;

/// Delete an app
///
/// Its keys end at once and its open streams with them; its webhooks are paused. What it did stays in the audit log.
#[utoipa::path(delete, path = "/v1/apps/{id}", tag = "apps", operation_id = "delete_app",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 204, description = "Deleted.")))]
pub(crate) async fn delete(State(api): State<Api>, by: By, AppPath(id): AppPath) -> Result<StatusCode, Problem> {
    api.access.delete_app(id, by.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

permit!(delete: Need::scope(Scope::AppsManage).audits_itself());
