use crate::problem::{Code, Problem};
use axum::http::{HeaderMap, HeaderValue, header};

/// A body is JSON or absent: forms and plain text are what pages of other sites can send without asking.
/// A body that announces itself as too long is refused before it is read.
pub(crate) fn check(headers: &HeaderMap, limit: usize) -> Result<(), Problem> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    let body = length.is_some_and(|n| n > 0) || headers.contains_key(header::TRANSFER_ENCODING);
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) if body => return Err(Problem::of(Code::UnsupportedMediaType)),
        (Some(one), None) if !is_json(one) => return Err(Problem::of(Code::UnsupportedMediaType)),
        (Some(_), Some(_)) => return Err(Problem::of(Code::UnsupportedMediaType)),
        (None | Some(_), None) | (None, Some(_)) => {}
    }
    if length.is_some_and(|n| n > limit as u64) { Err(too_large(limit)) } else { Ok(()) }
}

pub(crate) fn too_large(limit: usize) -> Problem {
    Problem::new(Code::TooLarge, format!("The body is larger than {limit} bytes, which is the most this route takes."))
}

/// `application/json` with no parameter but a charset of UTF-8.
fn is_json(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else { return false };
    let mut parts = text.split(';').map(str::trim);
    let json = parts.next().is_some_and(|t| t.eq_ignore_ascii_case("application/json"));
    json && parts
        .all(|p| p.is_empty() || p.eq_ignore_ascii_case("charset=utf-8") || p.eq_ignore_ascii_case("charset=\"utf-8\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_json_and_nothing_pass() {
        let answer = |kind: Option<&str>, length: &str| {
            let mut headers = HeaderMap::new();
            if let Some(kind) = kind {
                headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            headers.insert(header::CONTENT_LENGTH, length.parse().unwrap());
            check(&headers, crate::guard::BODY_LIMIT).map_err(|p| p.code())
        };
        assert_eq!(answer(None, "0"), Ok(()));
        assert_eq!(answer(Some("application/json"), "2"), Ok(()));
        assert_eq!(answer(Some("Application/JSON; charset=UTF-8"), "2"), Ok(()));
        for other in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json; charset=utf-16",
            "",
        ] {
            assert_eq!(answer(Some(other), "2"), Err(Code::UnsupportedMediaType), "{other}");
            assert_eq!(answer(Some(other), "0"), Err(Code::UnsupportedMediaType), "{other}");
        }
        assert_eq!(answer(None, "2"), Err(Code::UnsupportedMediaType));
        assert_eq!(answer(Some("application/json"), "524289"), Err(Code::TooLarge));
    }
}
