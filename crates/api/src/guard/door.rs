use super::origin::Origin;
use super::{fetch_site, headers, host, origin};
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// The names by which we are asked, and the pages that may ask.
#[derive(Debug)]
pub(crate) struct Door {
    pub hosts: Vec<String>,
    pub own_origins: Vec<String>,
    /// The page in the desktop shell: `tauri://localhost`, on Windows `http://tauri.localhost`.
    pub shell_origin: Option<HeaderValue>,
}

impl Door {
    fn admit(&self, request: &Request) -> Result<Origin, Problem> {
        host::check(request.headers(), request.uri(), &self.hosts)?;
        let shell = self.shell_origin.as_ref().and_then(|s| s.to_str().ok());
        let origin = origin::check(request.headers(), &self.own_origins, shell)?;
        fetch_site::check(request.headers(), origin)?;
        Ok(origin)
    }
}

/// Around everything that is served.
pub(crate) async fn door(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let origin = door.admit(&request);
    let mut response = match &origin {
        Err(problem) => problem.clone().into_answer(request.headers()),
        Ok(Origin::Shell) if is_preflight(&request) => preflight(),
        Ok(_) => next.run(request).await,
    };
    headers::seal(response.headers_mut());
    if let (Ok(Origin::Shell), Some(shell)) = (origin, &door.shell_origin) {
        share(response.headers_mut(), shell);
    }
    response
}

fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight() -> Response {
    let allow = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, PATCH, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, accept, last-event-id, idempotency-key, x-whatisup",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
        (HeaderName::from_static("access-control-allow-private-network"), "true"),
    ];
    (StatusCode::NO_CONTENT, allow).into_response()
}

fn share(headers: &mut HeaderMap, with: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, with.clone());
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("location, retry-after, idempotent-replayed, content-disposition"),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}
