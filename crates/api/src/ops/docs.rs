//! `/docs`: the OpenAPI document as pages for people, written here so that nothing is downloaded and no script runs.

mod concepts;
mod example;
mod problems;
mod reference;

use crate::api::Api;
use crate::html;
use crate::problem::{Code, Problem};
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

pub(crate) async fn docs(State(api): State<Api>) -> Html<String> {
    let document: Value = serde_json::from_slice(&api.document).unwrap_or_default();
    html::page("API", &reference::render(&document, &api.base_url()))
}

pub(crate) async fn problems() -> Html<String> {
    html::page("Problems", &problems::render())
}

pub(crate) async fn concept(Path(name): Path<String>, request: Request) -> Response {
    match concepts::find(&name) {
        Some(concept) => html::page(concept.title(), &concept.render()).into_response(),
        None => Problem::of(Code::NotFound).into_answer(request.headers()),
    }
}

pub(crate) async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")], html::STYLE).into_response()
}
