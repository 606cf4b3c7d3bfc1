use super::KeyOut;
use crate::api::Api;
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::KeyPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::Scope;

/// Revoke a key
///
/// It opens nothing from now on, and what it has open (event streams) ends at once. There is no way back.
#[utoipa::path(post, path = "/v1/apps/{id}/keys/{key}/revoke", tag = "apps", operation_id = "revoke_key",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2"),
        ("key" = String, Path, description = "The key.", example = "key_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "Revoked; also when it had been before.", body = KeyOut)))]
pub(crate) async fn revoke(State(api): State<Api>, by: By, KeyPath(app, key): KeyPath) -> Result<Json<KeyOut>, Problem> {
    let key = api.access.revoke_key(app, key, by.into()).await?;
    Ok(Json(KeyOut::of(&key, api.now())))
}

permit!(revoke: Need::scope(Scope::AppsManage).audits_itself());
