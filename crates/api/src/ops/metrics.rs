use crate::api::Api;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Metrics
///
/// In the OpenMetrics text form that Prometheus reads.
#[utoipa::path(get, path = "/metrics", tag = "ops", operation_id = "metrics",
    responses((status = 200, description = "Metrics.", body = String, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(api): State<Api>) -> Response {
    let _ = api;
    "".into_response()
}
