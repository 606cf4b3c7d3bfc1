//! What is served, and behind which layers: outermost the counting, then the door, then panics, then who asks, then how much
//! that one may ask, and around each route what it needs.

use crate::api::Api;
use crate::guard::{Asker, Door, Need, behind, door, identify, known};
use crate::ops::{docs, requests};
use crate::problem::{Code, Problem};
use crate::{limits, routes, ui};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use domain::Peer;
use std::any::Any;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) fn build(api: &Api, at: Arc<Door>, sandbox: Option<Router>) -> Router {
    let (open, _) = routes::open().split_for_parts();
    let (closed, _) = routes::keyed().split_for_parts();
    let pages = Router::new()
        .route("/docs", get(docs::docs))
        .route("/docs/problems", get(docs::problems))
        .route("/docs/concepts/{name}", get(docs::concept));
    let rest = Router::new()
        // Whatever else is below our own prefixes is nowhere, and only told to those with a key.
        .route("/v1", any(nowhere))
        .route("/v1/", any(nowhere))
        .route("/v1/{*rest}", any(nowhere))
        .route("/docs/{*rest}", any(nowhere));
    let rest = match sandbox {
        Some(_) => rest,
        None => rest.route("/sandbox/{*rest}", any(nowhere)),
    };
    let closed = closed
        .merge(behind(Need::known().or_cookie_alone(), pages))
        .merge(behind(Need::known(), rest))
        .method_not_allowed_fallback(wrong_method_of_route)
        .with_state(api.clone());
    let closed = match sandbox {
        Some(sandbox) => {
            let sandbox = sandbox.fallback(nowhere).method_not_allowed_fallback(wrong_method);
            closed.nest("/sandbox", behind(Need::person(), sandbox))
        }
        None => closed,
    };
    let open =
        open.route("/docs/style.css", get(docs::style)).method_not_allowed_fallback(wrong_method).with_state(api.clone());
    open.merge(closed)
        .fallback(dashboard)
        .layer(from_fn_with_state(api.clone(), limits::within))
        .layer(from_fn_with_state(api.clone(), identify))
        .layer(from_fn(requests::mark))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(at, door))
        .layer(from_fn_with_state(api.clone(), requests::count))
}

/// What is no route may be a file of the dashboard: open, because it holds no secret. Else it is nothing.
async fn dashboard(request: Request) -> Response {
    let Some(file) = ui::answer(request.uri().path(), request.headers()) else { return nowhere(request).await };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        return file;
    }
    let mut response = wrong_method().await.into_response();
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
    response
}

async fn nowhere(request: Request) -> Response {
    Problem::of(Code::NotFound).into_answer(request.headers())
}

async fn wrong_method() -> Problem {
    Problem::of(Code::MethodNotAllowed)
}

/// Which methods an address takes is told to those who are known.
async fn wrong_method_of_route(
    State(api): State<Api>,
    Extension(asker): Extension<Asker>,
    Extension(peer): Extension<Peer>,
) -> Problem {
    known(&api, &asker, Some(&peer)).err().unwrap_or_else(|| Problem::of(Code::MethodNotAllowed))
}

/// Its words may quote what must not be logged; its place was told by the hook of panics.
fn panicked(_: Box<dyn Any + Send>) -> Response {
    Problem::internal(&"a route panicked").into_response()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::body::Body;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_panic_is_answered_with_an_incident_and_tells_nothing() {
        let panics = get(|| async { if true { panic!("the secret") } else { "never" } });
        let router = Router::new().route("/", panics).layer(CatchPanicLayer::custom(panicked));
        let answer = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(answer.status(), 500);
        let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.contains("incident") && !text.contains("secret"), "{text}");
    }
}
