use super::Settings;
use crate::api::Api;
use crate::guard::{Need, permit};
use axum::Json;
use axum::extract::State;

permit!(show: Need::person());

/// Show the settings
#[utoipa::path(get, path = "/v1/settings", tag = "settings", operation_id = "show_settings",
    responses((status = 200, description = "The settings.", body = Settings)))]
pub(crate) async fn show(State(api): State<Api>) -> Json<Settings> {
    Json(*api.settings.borrow())
}
