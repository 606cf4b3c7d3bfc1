use super::origin::Origin;
use super::{fetch_site, head, headers, host, origin};
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{DoorKind, Peer};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::watch;

/// The names by which we are asked, and the pages that may ask.
#[derive(Debug, Default)]
pub(crate) struct Door {
    pub tcp: Names,
    pub unix: Names,
    pub tls: Names,
    /// The page in the desktop shell: `tauri://localhost`, on Windows `http://tauri.localhost`.
    pub shell_origin: Option<HeaderValue>,
    /// The pages from which apps may use their keys; `None` while nobody can be let in.
    pub app_origins: Option<watch::Receiver<Arc<BTreeSet<String>>>>,
}

/// The names of one way in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// With the port, where it is not the scheme's own.
    pub hosts: Vec<String>,
    /// The dashboard, as it is served there.
    pub origins: Vec<String>,
}

impl Door {
    fn admit(&self, request: &Request) -> Result<Origin, Problem> {
        head::check(request.headers(), request.uri())?;
        let names = match request.extensions().get::<Peer>().map_or(DoorKind::Tcp, |peer| peer.door) {
            DoorKind::Tcp => &self.tcp,
            DoorKind::Unix => &self.unix,
            // Of the very address that was asked, where it is one of many.
            DoorKind::Tls => request.extensions().get::<Arc<Names>>().map_or(&self.tls, AsRef::as_ref),
        };
        host::check(request.headers(), request.uri(), &names.hosts)?;
        let of_app = |origin: &str| self.app_origins.as_ref().is_some_and(|all| all.borrow().contains(origin));
        let origin = origin::check(request.headers(), &names.origins, self.shell_origin.as_ref(), of_app)?;
        fetch_site::check(request.headers(), &origin)?;
        Ok(origin)
    }
}

/// Around everything that is served.
pub(crate) async fn door(State(door): State<Arc<Door>>, mut request: Request, next: Next) -> Response {
    let origin = match door.admit(&request) {
        Ok(origin) => origin,
        Err(problem) => {
            let mut response = problem.into_answer(request.headers());
            headers::seal(response.headers_mut());
            return response;
        }
    };
    let shared = origin.shared_with(door.shell_origin.as_ref()).cloned();
    let mut response = if shared.is_some() && is_preflight(&request) {
        preflight()
    } else {
        request.extensions_mut().insert(origin);
        next.run(request).await
    };
    headers::seal(response.headers_mut());
    if let Some(with) = &shared {
        share(response.headers_mut(), with);
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

/// Never with credentials: a page of another origin uses a key, not somebody's cookie.
fn share(headers: &mut HeaderMap, with: &HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, with.clone());
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(
            "location, retry-after, idempotent-replayed, content-disposition, ratelimit-limit, ratelimit-remaining, \
             ratelimit-reset, ratelimit-policy",
        ),
    );
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin"));
}
