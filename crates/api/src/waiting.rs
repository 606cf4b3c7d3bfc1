//! What the API's port answers while the application cannot start yet, because the keychain is locked, say.

use crate::bind::Sockets;
use crate::connection::{Crowd, Reception};
use crate::guard::door;
use crate::limits::Limits;
use crate::problem::ProblemOut;
use crate::serve;
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Seconds after which another try makes sense.
const RETRY: &str = "5";

/// Answers `/livez` with 200 and everything else with 503 and the reason, until closed.
#[derive(Debug)]
pub struct WaitingRoom {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl WaitingRoom {
    /// Answers on `sockets`: why nothing works yet, as a stable word, a headline and what to do.
    pub fn open(sockets: Sockets, code: &str, title: &str, detail: &str) -> Self {
        let problem = ProblemOut {
            kind: format!("/docs/problems#{code}"),
            title: title.to_owned(),
            status: StatusCode::SERVICE_UNAVAILABLE.as_u16(),
            code: code.to_owned(),
            detail: detail.to_owned(),
            errors: Vec::new(),
            channel: None,
        };
        let at = Arc::new(serve::door(&sockets.addresses(), None));
        let router = Router::new()
            .route("/livez", get(|| std::future::ready("ok\n")))
            .fallback(move || std::future::ready(not_yet(&problem)))
            .layer(from_fn_with_state(at, door));
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let reception = Reception::new(router, Crowd::new(Limits::default().room()), tasks.clone(), stop.clone());
        for listener in sockets.loopback {
            tasks.spawn(reception.clone().at_loopback(listener));
        }
        if let Some(socket) = sockets.socket {
            tasks.spawn(reception.at_socket(socket));
        }
        // At public addresses nothing can be said before the certificate can be read; who connects there goes again.
        tasks.close();
        WaitingRoom { stop, tasks }
    }

    /// Lets go of the port.
    pub async fn close(self) {
        self.stop.cancel();
        self.tasks.wait().await;
    }
}

fn not_yet(problem: &ProblemOut) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/problem+json"), (header::RETRY_AFTER, RETRY)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(problem)).into_response()
}
