use super::Settings;
use crate::api::Api;
use crate::problem::{Code, Problem};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    #[serde(default)]
    #[schema(nullable = false)]
    notifications: Option<NotificationsPatch>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationsPatch {
    #[serde(default)]
    #[schema(nullable = false)]
    paired: Option<bool>,
    #[serde(default)]
    #[schema(nullable = false)]
    disconnected: Option<bool>,
    #[serde(default)]
    #[schema(nullable = false)]
    stuck: Option<bool>,
    #[serde(default)]
    #[schema(nullable = false)]
    recovered: Option<bool>,
}

/// Change settings
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", operation_id = "patch_settings",
    request_body = SettingsPatch,
    responses((status = 200, description = "The settings as they are now.", body = Settings)))]
pub(crate) async fn patch(State(api): State<Api>, Json(given): Json<SettingsPatch>) -> Result<Json<Settings>, Problem> {
    let _ = (api, given.notifications.map(|n| (n.paired, n.disconnected, n.stuck, n.recovered)));
    Err(Problem::of(Code::Unavailable))
}
