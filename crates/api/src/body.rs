//! JSON bodies: what is not JSON is a 400, what is JSON but not what the route takes is a 422, each with a pointer.

use crate::api::Api;
use crate::guard::{BODY_LIMIT, Caller, SESSION_LIMIT, check_media_type};
use crate::problem::{Code, FieldError, Problem};
use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;

/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);
/// The same for one with a whole session in it, from another machine say.
const SESSION_DEADLINE: Duration = Duration::from_secs(60);

/// How long somebody with a session waits for room before he is told to come again.
const ROOM_WAIT: Duration = Duration::from_secs(1);

/// A body read as `T`.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        parse(&whole(request, BODY_LIMIT).await?, "").map(JsonBody)
    }
}

/// A body read as `T` that may hold a whole session, and its place among the few that are held at once.
pub(crate) struct BigJsonBody<T>(pub T, pub OwnedSemaphorePermit);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for BigJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let api = request.extensions().get::<Api>().ok_or_else(|| Problem::internal(&"a body was read around the guard"))?;
        let room = tokio::time::timeout(ROOM_WAIT, api.room_for_sessions.clone().acquire_owned()).await;
        let Ok(Ok(room)) = room else { return Err(Problem::of(Code::Overloaded).after(ROOM_WAIT)) };
        parse(&whole(request, SESSION_LIMIT).await?, "").map(|body| BigJsonBody(body, room))
    }
}

/// A body that may be missing: nothing at all is read as `{}`.
pub(crate) struct JsonBodyOrNone<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBodyOrNone<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = whole(request, BODY_LIMIT).await?;
        parse(if bytes.is_empty() { b"{}" } else { &bytes }, "").map(JsonBodyOrNone)
    }
}

/// What came with a request, from somebody who may still do what he asked for when it has come.
async fn whole(request: Request, limit: usize) -> Result<Bytes, Problem> {
    check_media_type(request.headers(), limit)?;
    let caller = request.extensions().get::<Caller>().cloned();
    let bytes = read(request.into_body(), limit).await?;
    if caller.is_some_and(|caller| caller.is_gone()) {
        return Err(Problem::changed_meanwhile());
    }
    Ok(bytes)
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let deadline = if limit > BODY_LIMIT { SESSION_DEADLINE } else { BODY_DEADLINE };
    let collected = tokio::time::timeout(deadline, Limited::new(body, limit).collect());
    match collected.await {
        Err(_) => Err(Problem::of(Code::BodyTimeout)),
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(crate::guard::too_large(limit)),
        Ok(Err(_)) => Err(Problem::new(Code::BadJson, "The body broke off before its end.")),
    }
}

/// Reads the JSON object that stands at `base` (a JSON pointer) of the body.
pub(crate) fn parse<T: DeserializeOwned>(json: &[u8], base: &str) -> Result<T, Problem> {
    let json = std::str::from_utf8(json).map_err(|_| not_json("it is not UTF-8", base.to_owned()))?;
    syntax(json, base)?;
    // serde would read a struct from an array as well, by position.
    if !json.trim_start().starts_with('{') {
        return Err(Problem::invalid(vec![FieldError::at(base, "must be an object")]));
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    serde_path_to_error::deserialize(&mut reader).map_err(|e| match e.inner().classify() {
        Category::Data => {
            let says = sentence(e.inner());
            Problem::invalid(vec![FieldError::at(pointer(base, e.path(), &says), says)])
        }
        // What only shows when a value is really read: half a surrogate pair, say.
        Category::Syntax | Category::Eof | Category::Io => not_json(&e.inner().to_string(), pointer(base, e.path(), "")),
    })
}

fn not_json(says: &str, at: String) -> Problem {
    Problem::new(Code::BadJson, format!("The body is not JSON: {says}.")).with_errors(vec![FieldError::at(at, says)])
}

/// A look at the syntax alone, so that a slip of the pen is never told as a wrong field.
fn syntax(json: &str, base: &str) -> Result<(), Problem> {
    if serde_json::from_str::<IgnoredAny>(json).is_ok() {
        return Ok(());
    }
    // Once more, slower, for the place.
    let mut reader = serde_json::Deserializer::from_str(json);
    let (at, says) = match serde_path_to_error::deserialize::<_, serde_json::Value>(&mut reader) {
        Err(e) => (pointer(base, e.path(), ""), e.inner().to_string()),
        Ok(_) => (base.to_owned(), "something follows after the end".to_owned()),
    };
    Err(not_json(&says, at))
}

/// What serde says, without the place in the text.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((before, _)) => before.to_owned(),
        None => text,
    }
}

/// The JSON pointer of the field that an error is about; a missing or unknown field is named by its message only.
fn pointer(base: &str, path: &Path, says: &str) -> String {
    let mut pointer = base.to_owned();
    let mut last = "";
    for segment in path {
        let text = match segment {
            Segment::Map { key } => {
                last = key;
                key.replace('~', "~0").replace('/', "~1")
            }
            Segment::Seq { index } => index.to_string(),
            Segment::Enum { .. } | Segment::Unknown => continue,
        };
        pointer.push('/');
        pointer.push_str(&text);
    }
    let named = ["unknown field `", "missing field `", "duplicate field `"].iter().find_map(|p| says.strip_prefix(p));
    if let Some(name) = named.and_then(|rest| rest.split('`').next()).filter(|name| *name != last) {
        pointer.push('/');
        pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// For a field that may be absent but not null: `deserialize_with` together with `default`.
pub(crate) fn given<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(rename = "to")]
        _to: String,
        #[serde(rename = "lines", default)]
        _lines: Vec<Line>,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[serde(rename = "n/a")]
        _n: u8,
    }

    fn told(json: &str) -> String {
        let problem = parse::<Order>(json.as_bytes(), "/order").unwrap_err().to_out();
        format!("{} {} | {}", problem.status, problem.errors[0].pointer.clone().unwrap(), problem.errors[0].detail)
    }

    #[track_caller]
    fn check(json: &str, expected: &str) {
        assert_eq!(told(json), expected, "{json}");
    }

    #[test]
    fn a_wrong_field_is_named_by_its_pointer() {
        check(r#"{"to":1}"#, "422 /order/to | invalid type: integer `1`, expected a string");
        check(r#"{}"#, "422 /order/to | missing field `to`");
        check(r#"{"to":"x","cc":1}"#, "422 /order/cc | unknown field `cc`, expected `to` or `lines`");
        check(r#"{"to":"x","to":"y"}"#, "422 /order/to | duplicate field `to`");
        check(
            r#"{"to":"x","lines":[{"n/a":1},{"n/a":300}]}"#,
            "422 /order/lines/1/n~1a | invalid value: integer `300`, expected u8",
        );
        check(r#"{"to":"x","lines":[{"n/a":1},{"b":2}]}"#, "422 /order/lines/1/b | unknown field `b`, expected `n/a`");
        check("[]", "422 /order | must be an object");
        check(" null", "422 /order | must be an object");
    }

    #[test]
    fn what_is_not_json_is_told_apart_from_what_does_not_fit() {
        check(r#"{"to":1,"lines":[{"n/a":}]}"#, "400 /order/lines/0/n~1a | expected value at line 1 column 25");
        check("", "400 /order | EOF while parsing a value at line 1 column 0");
        check("{} {}", "400 /order | something follows after the end");
    }
}
