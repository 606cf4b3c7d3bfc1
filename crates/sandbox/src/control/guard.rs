//! Keeps web pages out of the stand-alone control port: exact `Host`, and no `Origin` but its own.
//!
//! A page can make a browser send requests to loopback, and DNS rebinding can make them look same-origin; neither can
//! forge these two headers. Inside the application the router sits behind the application's own guard instead.

use std::net::SocketAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::problem::Problem;

/// The names under which a control port may be addressed.
#[derive(Clone, Debug)]
pub struct Names(Vec<String>);

impl Names {
    pub fn of(address: SocketAddr) -> Self {
        let port = address.port();
        Self(["127.0.0.1", "localhost", "[::1]"].iter().map(|host| format!("{host}:{port}")).collect())
    }

    fn allows(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let refused = |code, detail| Err(Problem::new(StatusCode::FORBIDDEN, code, detail));
        let host = single(headers, &header::HOST);
        if !host.is_some_and(|host| self.0.iter().any(|name| name.eq_ignore_ascii_case(host))) {
            return refused("foreign_host", "address this port as 127.0.0.1, localhost or [::1] with its port");
        }
        if headers.contains_key(header::ORIGIN) {
            let origin = single(headers, &header::ORIGIN).and_then(|origin| origin.strip_prefix("http://"));
            if !origin.is_some_and(|origin| self.0.iter().any(|name| name == origin)) {
                return refused("foreign_origin", "web pages may not control the sandbox");
            }
        }
        Ok(())
    }
}

/// The header's value, if it is there exactly once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        (_, _) => None,
    }
}

pub async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    match names.allows(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}
