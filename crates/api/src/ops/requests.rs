use crate::api::Api;
use axum::extract::{MatchedPath, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

/// How many requests came, by route and status, and how long their answers took.
#[derive(Clone, Debug)]
pub(crate) struct Requests {
    pub answered: Family<Answer, Counter>,
    pub seconds: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Answer {
    method: &'static str,
    /// As declared (`/v1/channels/{id}`), so that ids make no series of their own.
    route: String,
    status: u16,
}

impl Default for Requests {
    fn default() -> Self {
        let seconds = Histogram::new([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0]);
        Requests { answered: Family::default(), seconds }
    }
}

/// The route that answered, for [`count`], which stands outside of the router.
#[derive(Clone)]
struct Route(MatchedPath);

/// Around every route.
pub(crate) async fn mark(route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(route) = route {
        response.extensions_mut().insert(Route(route));
    }
    response
}

/// Around everything: counts, and notes each answer in the log at debug level.
pub(crate) async fn count(State(api): State<Api>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = method(request.method().as_str());
    let response = next.run(request).await;
    let route = match response.extensions().get::<Route>() {
        Some(Route(path)) => path.as_str().to_owned(),
        None if response.status() == StatusCode::OK => "ui".to_owned(),
        None => "none".to_owned(),
    };
    let (status, took) = (response.status().as_u16(), began.elapsed());
    tracing::debug!(
        http.method = method,
        http.route = route,
        http.status = status,
        duration_ms = took.as_secs_f64() * 1e3,
        "answered"
    );
    api.requests.answered.get_or_create(&Answer { method, route, status }).inc();
    api.requests.seconds.observe(took.as_secs_f64());
    response
}

/// Methods that nobody has heard of share one name, so that nobody can make series without end.
fn method(name: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|k| *k == name).unwrap_or("OTHER")
}
