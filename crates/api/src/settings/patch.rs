use super::{Notifications, SETTING, Settings};
use crate::api::Api;
use crate::body::JsonBody;
use crate::guard::{Need, permit};
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

/// What to change; what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    notifications: Option<NotificationsPatch>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationsPatch {
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    paired: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    disconnected: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    stuck: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    flapping: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    recovered: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    webhooks: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    failed: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    apps: Option<bool>,
    #[serde(default, deserialize_with = "crate::body::given")]
    #[schema(nullable = false)]
    asks: Option<bool>,
}

permit!(patch: Need::person());

/// Change settings
#[utoipa::path(patch, path = "/v1/settings", tag = "settings", operation_id = "patch_settings",
    request_body = SettingsPatch,
    responses((status = 200, description = "The settings as they are now.", body = Settings)))]
pub(crate) async fn patch(State(api): State<Api>, JsonBody(given): JsonBody<SettingsPatch>) -> Result<Json<Settings>, Problem> {
    let mut changed = *api.settings.borrow();
    if let Some(notifications) = given.notifications {
        notifications.apply(&mut changed.notifications);
    }
    // Durable first, then believed.
    api.ledger.set_setting(SETTING, &changed).await?;
    api.settings.send_replace(changed);
    Ok(Json(changed))
}

impl NotificationsPatch {
    fn apply(self, to: &mut Notifications) {
        to.paired = self.paired.unwrap_or(to.paired);
        to.disconnected = self.disconnected.unwrap_or(to.disconnected);
        to.stuck = self.stuck.unwrap_or(to.stuck);
        to.flapping = self.flapping.unwrap_or(to.flapping);
        to.recovered = self.recovered.unwrap_or(to.recovered);
        to.webhooks = self.webhooks.unwrap_or(to.webhooks);
        to.failed = self.failed.unwrap_or(to.failed);
        to.apps = self.apps.unwrap_or(to.apps);
        to.asks = self.asks.unwrap_or(to.asks);
    }
}
