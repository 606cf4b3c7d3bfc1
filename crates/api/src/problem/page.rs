use super::Problem;
use crate::html;
use axum::response::{IntoResponse, Response};

/// A problem for somebody who opened an address in a browser.
pub(super) fn of(problem: &Problem) -> Response {
    let (title, detail) = (html::escape(problem.code().title()), html::escape(problem.detail()));
    let body = format!("<h1>{title}</h1>\n<p>{detail}</p>\n<p><a href=\"/\">Open the dashboard</a></p>");
    (problem.status(), html::page(problem.code().title(), &body)).into_response()
}
