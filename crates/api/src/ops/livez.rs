use crate::guard::{Need, permit};

permit!(livez: Need::open());

/// Whether the process lives
#[utoipa::path(get, path = "/livez", tag = "ops", operation_id = "livez", security(()),
    responses((status = 200, description = "It does.", body = String, content_type = "text/plain", example = json!("ok\n"))))]
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}
