use super::{BODY_LIMIT, SESSION_LIMIT, media_type};
use crate::api::Api;
use crate::problem::{Code, Problem};
use crate::session::cookie;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use domain::Timestamp;

/// Who asks, once their key or cookie was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A program with the admin key.
    Key,
    /// A browser that was signed in.
    Browser { until: Timestamp },
}

/// Around every route that needs a key, and around signing in, whose ticket takes the key's place.
pub(crate) async fn keyed(State(api): State<Api>, route: Option<MatchedPath>, mut request: Request, next: Next) -> Response {
    let route = route.as_ref().map_or("", MatchedPath::as_str);
    if request.method() == Method::POST && route == "/v1/session" {
        return next.run(request).await;
    }
    let limit = if route == "/v1/channels/import" { SESSION_LIMIT } else { BODY_LIMIT };
    match admit(&api, request.method(), request.headers(), limit) {
        Err(problem) => problem.into_answer(request.headers()),
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
    }
}

fn admit(api: &Api, method: &Method, headers: &HeaderMap, limit: usize) -> Result<Caller, Problem> {
    let caller = caller(api, headers)?;
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads {
        // A page of another origin can make a browser send its cookie, but not a header of ours.
        if matches!(caller, Caller::Browser { .. }) && !headers.contains_key("x-whatisup") {
            return Err(Problem::of(Code::CsrfHeaderMissing));
        }
        media_type::check(headers, limit)?;
    }
    Ok(caller)
}

/// A key that was given counts alone: a wrong one is not made good by a cookie.
fn caller(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let refused = || Problem::of(Code::Unauthorized);
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    match (given.next(), given.next()) {
        (Some(one), None) => {
            let text = one.to_str().map_err(|_| refused())?;
            let (scheme, key) = text.split_once(' ').ok_or_else(refused)?;
            if scheme.eq_ignore_ascii_case("bearer") && api.key.matches(key.trim()) { Ok(Caller::Key) } else { Err(refused()) }
        }
        (Some(_), Some(_)) => Err(refused()),
        (None, _) => {
            let token = cookie::read(headers, api.port()).ok_or_else(refused)?;
            let until = api.sessions.find(token, api.now()).ok_or_else(refused)?;
            Ok(Caller::Browser { until })
        }
    }
}
