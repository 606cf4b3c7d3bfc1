use super::out::AppRequestOut;
use crate::api::Api;
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::AppRequestName;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;

/// Do not let a program in
///
/// For a person: no key of an app is good for this. Instead of the id the code will do.
#[utoipa::path(post, path = "/v1/apps/requests/{id}/deny", tag = "apps", operation_id = "deny_access",
    params(("id" = String, Path, description = "The request, or its code.", example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Denied: the program hears it.", body = AppRequestOut)))]
pub(crate) async fn deny(
    State(api): State<Api>,
    by: By,
    AppRequestName(name): AppRequestName,
) -> Result<Json<AppRequestOut>, Problem> {
    let request = api.access.deny(name, by.into()).await?;
    Ok(Json(AppRequestOut::of(&request, &api.overview())))
}

permit!(deny: Need::person().audits_itself());
