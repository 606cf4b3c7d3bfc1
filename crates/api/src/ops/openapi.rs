use crate::api::Api;
use crate::guard::{Need, permit};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

permit!(openapi: Need::known().or_cookie_alone());

/// This description
#[utoipa::path(get, path = "/v1/openapi.json", tag = "ops", operation_id = "openapi",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json")))]
pub(crate) async fn openapi(State(api): State<Api>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], api.document.clone()).into_response()
}
