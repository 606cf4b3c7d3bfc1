use super::{AppOut, field, permit};
use crate::api::Api;
use crate::body::{JsonBody, given};
use crate::by::By;
use crate::guard::{Need, permit};
use crate::params::AppPath;
use crate::problem::Problem;
use access::AppPatch;
use axum::Json;
use axum::extract::State;
use domain::Scope;
use serde::Deserialize;
use utoipa::ToSchema;
use wire::PermitOut;

/// What to change; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppPatch)]
pub(crate) struct AppPatchIn {
    /// 1 to 64 visible characters.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, example = "Desk assistant", min_length = 1, max_length = 64)]
    name: Option<String>,
    /// The whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 32)]
    permits: Option<Vec<PermitOut>>,
    /// The whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 16, example = json!([]))]
    origins: Option<Vec<String>>,
    /// The whole list.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false, max_items = 16, example = json!([]))]
    programs: Option<Vec<String>>,
    /// Requests a minute for each of its keys; null: as many as any.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<u32>, example = 60, minimum = 1, maximum = 100000)]
    limits: Option<Option<u32>>,
    /// True shuts it out at once, its open streams too; false lets it in again.
    #[serde(default, deserialize_with = "given")]
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

/// Change an app
///
/// It takes effect at once: open streams end, and resume with what the app may do then. What gives an app more than it has, or lets
/// it in again, is for a person; what takes something away is also for apps with `apps:manage`.
#[utoipa::path(patch, path = "/v1/apps/{id}", tag = "apps", operation_id = "patch_app",
    params(("id" = String, Path, description = "The app.", example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")),
    request_body = AppPatchIn,
    responses((status = 200, description = "The app as it is now.", body = AppOut)))]
pub(crate) async fn patch(
    State(api): State<Api>,
    by: By,
    AppPath(id): AppPath,
    JsonBody(given): JsonBody<AppPatchIn>,
) -> Result<Json<AppOut>, Problem> {
    let by = access::By::from(by);
    let mut errors = Vec::new();
    let patch = AppPatch {
        name: given.name.map(|name| field::name(&name, &mut errors)),
        permits: given.permits.map(|permits| permit::read(&permits, "/permits", &mut errors)),
        origins: given.origins.map(|origins| field::origins(&origins, &mut errors)),
        programs: match given.programs {
            Some(programs) if by.actor.is_person() => Some(field::programs(programs, &mut errors).await),
            Some(programs) => Some(field::fewer_programs(&programs, &api.access.app(id).await?.programs)?),
            None => None,
        },
        limits: given.limits.map(|limits| limits.map(|n| field::limit(n, &mut errors))),
        disabled: given.disabled,
    };
    if !errors.is_empty() {
        return Err(Problem::invalid(errors));
    }
    let app = api.access.patch_app(id, patch, by).await?;
    Ok(Json(api.app_out(&app).await?))
}

permit!(patch: Need::scope(Scope::AppsManage).audits_itself());
