use super::rates::Level;
use super::standing::Owner;
use super::{body, fields};
use crate::api::Api;
use crate::connection::{Seat, Vouched};
use crate::guard::{Asker, Caller};
use crate::problem::Problem;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use std::sync::Arc;

/// Within the look at who asks, outside of what a route needs: each key has limits of its own, and who has no good one shares one
/// with all the others. That keys are looked at first costs microseconds, and so a good one is never refused for others' bad ones.
pub(crate) async fn within(State(api): State<Api>, route: Option<MatchedPath>, request: Request, next: Next) -> Response {
    // All that the form of a refusal depends on.
    let asked: HeaderMap =
        request.headers().get_all(header::ACCEPT).iter().map(|form| (header::ACCEPT, form.clone())).collect();
    let mut level = None;
    let mut response = match admitted(&api, route.as_ref().map_or("", MatchedPath::as_str), request, next, &mut level).await {
        Ok(response) => response,
        Err(problem) => problem.into_answer(&asked),
    };
    if let Some(level) = level {
        fields::tell(response.headers_mut(), &level);
    }
    response
}

async fn admitted(
    api: &Api,
    route: &str,
    request: Request,
    next: Next,
    level: &mut Option<Level>,
) -> Result<Response, Problem> {
    let caller = request.extensions().get::<Asker>().and_then(|asker| asker.0.as_ref().ok()).cloned();
    let turn = match &caller {
        // Whether the process lives must be told in any case.
        None if route == "/livez" => None,
        None => {
            let now = api.limits.unknown();
            refuse(&now, "requests of callers without a key").inspect_err(|_| *level = Some(now))?;
            Some(api.limits.turn_at_once()?)
        }
        Some(caller) => {
            if let Some(seat) = request.extensions().get::<Arc<Seat>>() {
                seat.vouch(vouched(caller));
            }
            if let Some(now) = api.limits.known(caller) {
                *level = Some(now);
                refuse(&now, "requests with this key")?;
            }
            if is_send(request.method(), route)
                && let Some(now) = api.limits.send(caller)
            {
                refuse(&now, "messages with this key").inspect_err(|_| *level = Some(now))?;
            }
            Some(api.limits.turn().await?)
        }
    };
    let response = next.run(request).await;
    drop(turn);
    if !body::is_stream(response.headers()) {
        return Ok(response);
    }
    let stream = api.limits.streams.open(caller.as_ref().map(Owner::of))?;
    let (parts, body) = response.into_parts();
    Ok(Response::from_parts(parts, body::counted(body, stream)))
}

/// The app; `None` is a person.
fn vouched(caller: &Caller) -> Option<Vouched> {
    match caller {
        Caller::Admin | Caller::Browser { .. } => None,
        Caller::App(grantee) => Some(Vouched { app: grantee.app, gone: grantee.gone.clone() }),
    }
}

fn refuse(level: &Level, what: &str) -> Result<(), Problem> {
    level.refusal(what).map_or(Ok(()), Err)
}

fn is_send(method: &Method, route: &str) -> bool {
    *method == Method::POST && route == "/v1/channels/{id}/messages"
}
