//! The control panel over HTTP: drive the phones, make things go wrong, watch.
//!
//! [`router`] is for nesting under any path of an application that guards it; [`serve`] is the panel alone on a loopback
//! port, guarded against web pages. The calls are described at `/openapi.json` and in docs/sandbox.md.

mod body;
mod events;
mod faults;
mod guard;
mod messages;
mod phones;
mod problem;
mod state;
mod view;

use std::net::SocketAddr;

use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use axum::{Json, Router};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::guard::{Names, guard};
use self::problem::Problem;
use crate::phone::Phones;

#[derive(OpenApi)]
#[openapi(info(
    title = "WhatIsUp sandbox",
    description = "Drives the simulated phones of a loopback WhatsApp and makes things go wrong on it."
))]
struct Docs;

/// All control calls, with paths relative to wherever the router is nested. It does not guard itself.
pub fn router(phones: Phones) -> Router {
    let (router, docs) = OpenApiRouter::with_openapi(Docs::openapi())
        .routes(routes!(state::show))
        .routes(routes!(state::counters))
        .routes(routes!(state::reset))
        .routes(routes!(phones::list, phones::create))
        .routes(routes!(phones::show, phones::change))
        .routes(routes!(phones::scan))
        .routes(routes!(phones::scan_any))
        .routes(routes!(phones::enter_code))
        .routes(routes!(phones::unlink))
        .routes(routes!(messages::list, messages::send))
        .routes(routes!(messages::send_many))
        .routes(routes!(messages::conversations))
        .routes(routes!(messages::arrivals))
        .routes(routes!(messages::release))
        .routes(routes!(messages::edit))
        .routes(routes!(messages::revoke))
        .routes(routes!(messages::react))
        .routes(routes!(messages::tell_receipt))
        .routes(routes!(messages::read))
        .routes(routes!(messages::typing))
        .routes(routes!(faults::list, faults::inject, faults::heal))
        .routes(routes!(events::stream))
        .split_for_parts();
    router
        .route("/openapi.json", get(move || std::future::ready(Json(docs.clone()))))
        .fallback(no_such_call)
        .method_not_allowed_fallback(wrong_method)
        .with_state(phones)
}

/// Why the control port cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error("{0} is not a loopback address")]
    NotLoopback(SocketAddr),
    #[error("control port: {0}")]
    Io(#[from] std::io::Error),
}

/// A listener for [`serve`]; loopback only.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ControlError> {
    if !address.ip().is_loopback() {
        return Err(ControlError::NotLoopback(address));
    }
    Ok(TcpListener::bind(address).await?)
}

/// Serves the panel until told to stop. Event streams are cut then, not waited for.
pub async fn serve(listener: TcpListener, phones: Phones, stop: CancellationToken) -> Result<(), ControlError> {
    let address = listener.local_addr()?;
    if !address.ip().is_loopback() {
        return Err(ControlError::NotLoopback(address));
    }
    let guarded = router(phones).layer(from_fn_with_state(Names::of(address), guard));
    tokio::select! {
        outcome = async { axum::serve(listener, guarded).await } => Ok(outcome?),
        () = stop.cancelled() => Ok(()),
    }
}

async fn no_such_call(uri: Uri) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no_such_call", format!("there is no {}", uri.path()))
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this path does not take that method")
}
