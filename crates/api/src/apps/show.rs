use super::AppOut;
use crate::api::{Api, Parts};
use crate::guard::{Need, permit};
use crate::params::AppPath;
use crate::problem::Problem;
use axum::Json;
use axum::extract::State;
use domain::{App, Scope};

impl Parts {
    /// The app with its keys.
    pub(super) async fn app_out(&self, app: &App) -> Result<AppOut, Problem> {
        let keys = self.access.keys(Some(app.id)).await?;
        Ok(AppOut::of(app, &keys, &self.overview(), self.now()))
    }
}

/// Show an app
#[utoipa::path(get, path = "/v1/apps/{id}", tag = "apps", operation_id = "show_app",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    responses((status = 200, description = "The app as it is now, with its keys.", body = AppOut)))]
pub(crate) async fn show(State(api): State<Api>, AppPath(id): AppPath) -> Result<Json<AppOut>, Problem> {
    let app = api.access.app(id).await?;
    Ok(Json(api.app_out(&app).await?))
}

permit!(show: Need::scope(Scope::AppsManage));
