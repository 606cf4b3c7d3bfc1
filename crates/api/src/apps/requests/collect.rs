use crate::accept;
use crate::api::Api;
use crate::far_end::FarEnd;
use crate::guard::{Need, permit};
use crate::params::{AppRequestPath, Params};
use crate::problem::{Code, FieldError, Problem};
use access::{Collected, PollToken};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use domain::{AppRequestId, Peer};
use futures::stream;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};
use wire::PermitOut;

const STREAM: &str = "text/event-stream";
const JSON: &str = "application/json";
/// The longest that an answer is held back, in seconds.
const LONGEST_WAIT: u64 = 30;
/// How often a silent stream says that it lives.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(15);

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CollectQuery {
    /// For how many seconds the answer may be held back while nobody has decided.
    #[serde(default)]
    #[param(minimum = 0, maximum = 30, default = 0)]
    wait: Option<u64>,
}

/// What became of a request.
#[derive(Serialize, ToSchema)]
pub(crate) struct AppRequestAnswer {
    /// `waiting`, `allowed` (this once, with the key), `denied`, `expired` or `collected` (the key was given out before).
    #[schema(example = "allowed")]
    state: &'static str,
    /// The app that it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    app: Option<String>,
    /// The key: keep it, it is never shown again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "wiu_47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "key_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    key_id: Option<String>,
    /// When the key ends by itself: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    key_expires_at: Option<String>,
    /// Whether the key ends when WhatIsUp quits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    once: Option<bool>,
    /// What it may do: what it asked for, or less.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    permits: Option<Vec<PermitOut>>,
}

impl AppRequestAnswer {
    fn plain(state: &'static str) -> Self {
        AppRequestAnswer { state, app: None, key: None, key_id: None, key_expires_at: None, once: None, permits: None }
    }

    fn of(collected: Collected) -> Self {
        match collected {
            Collected::Waiting => AppRequestAnswer::plain("waiting"),
            Collected::Denied => AppRequestAnswer::plain("denied"),
            Collected::Expired => AppRequestAnswer::plain("expired"),
            Collected::Collected => AppRequestAnswer::plain("collected"),
            Collected::Allowed { app, key } => AppRequestAnswer {
                app: Some(app.id.to_string()),
                key_id: Some(key.key.id.to_string()),
                key_expires_at: key.key.expires_at.map(|at| at.to_string()),
                once: Some(key.key.until_quit),
                permits: Some(PermitOut::all(&app.permits)),
                key: Some(key.secret.expose().to_owned()),
                ..AppRequestAnswer::plain("allowed")
            },
        }
    }

    fn is_waiting(&self) -> bool {
        self.state == "waiting"
    }
}

/// Hear what became of a request
///
/// For the program that asked, with its `poll_token` as bearer. `?wait=` holds the answer back until somebody decides, with
/// `Accept: text/event-stream` each `state` is told as it comes. The key is made when it is collected and told once: an answer
/// that is lost on the way means to ask anew.
#[utoipa::path(get, path = "/v1/apps/requests/{id}", tag = "apps", operation_id = "collect_access",
    params(("id" = String, Path, description = "The request.", example = "req_01j5a9k3m4n5p6q7r8s9t0v1w2"), CollectQuery),
    security(("poll_token" = [])),
    responses((status = 200, description = "How it stands.", content(
        (AppRequestAnswer = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn collect(
    State(api): State<Api>,
    AppRequestPath(id): AppRequestPath,
    Params(asked): Params<CollectQuery>,
    far_end: FarEnd,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wait = asked.wait.unwrap_or(0);
    if wait > LONGEST_WAIT {
        let says = format!("must be from 0 to {LONGEST_WAIT}");
        return Err(Problem::invalid(vec![FieldError::parameter("wait", says)]));
    }
    let form = accept::choose(&headers, &[JSON, STREAM]).ok_or_else(|| Problem::of(Code::NotAcceptable))?;
    let token = token(&headers)?;
    let mut poll = Poll { changed: api.access.changed(), api, id, token, from: far_end.described() };
    let mut response = if form == STREAM {
        // A token that is none is a refusal, not a stream.
        let first = poll.look().await?;
        ([(header::CONTENT_TYPE, STREAM)], poll.into_stream(first)).into_response()
    } else {
        Json(poll.until(Instant::now() + Duration::from_secs(wait)).await?).into_response()
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    Ok(response)
}

permit!(collect: Need::poll_token());

fn token(headers: &HeaderMap) -> Result<PollToken, Problem> {
    let refused = || Problem::new(Code::Unauthorized, "Send the request's poll_token as Authorization: Bearer ….");
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(one), None) = (given.next(), given.next()) else { return Err(refused()) };
    let (scheme, token) = one.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(refused)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(PollToken::from(token.trim().to_owned())) } else { Err(refused()) }
}

/// One program that waits for one answer.
struct Poll {
    api: Api,
    id: AppRequestId,
    token: PollToken,
    from: Peer,
    changed: watch::Receiver<u64>,
}

impl Poll {
    /// How it stands now; makes the key when it is allowed.
    async fn look(&mut self) -> Result<AppRequestAnswer, Problem> {
        self.changed.mark_unchanged();
        match self.api.access.collect(self.id, &self.token, &self.from).await {
            Ok(collected) => Ok(AppRequestAnswer::of(collected)),
            // Whether there is such a request is for the one who made it.
            Err(access::Error::NoSuchRequest) => {
                Err(Problem::new(Code::Unauthorized, "This is not the poll_token of this request."))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Something changed, or the time has come; whether it is worth another look.
    async fn news(&mut self, until: Instant) -> bool {
        tokio::select! {
            () = self.api.0.shutdown.cancelled() => false,
            changed = self.changed.changed() => changed.is_ok(),
            () = tokio::time::sleep_until(until) => false,
        }
    }

    async fn until(&mut self, deadline: Instant) -> Result<AppRequestAnswer, Problem> {
        loop {
            let answer = self.look().await?;
            if !answer.is_waiting() || Instant::now() >= deadline {
                return Ok(answer);
            }
            if !self.news(deadline).await {
                return self.look().await;
            }
        }
    }

    /// Each state as it comes; ends with the last one.
    fn into_stream(self, first: AppRequestAnswer) -> Body {
        Body::from_stream(stream::unfold((self, Next::Say(first)), |(mut poll, next)| async move {
            match next {
                Next::End => None,
                Next::Say(answer) => {
                    let then = if answer.is_waiting() { Next::Wait } else { Next::End };
                    Some((Ok::<_, Infallible>(frame(&answer)), (poll, then)))
                }
                Next::Wait => {
                    poll.news(Instant::now() + HEARTBEAT_EVERY).await;
                    if poll.api.shutdown.is_cancelled() {
                        return None;
                    }
                    // What fails here ends the stream: the program comes back and is told then.
                    let answer = poll.look().await.ok()?;
                    let chunk = if answer.is_waiting() { Bytes::from_static(b": heartbeat\n\n") } else { frame(&answer) };
                    let then = if answer.is_waiting() { Next::Wait } else { Next::End };
                    Some((Ok(chunk), (poll, then)))
                }
            }
        }))
    }
}

enum Next {
    Say(AppRequestAnswer),
    Wait,
    End,
}

fn frame(answer: &AppRequestAnswer) -> Bytes {
    let json = serde_json::to_string(answer).expect("only string keys and plain values");
    Bytes::from(format!("event: state\ndata: {json}\n\n"))
}
