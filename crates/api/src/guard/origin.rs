use crate::problem::{Code, Problem};
use axum::http::{HeaderMap, HeaderValue, header};

/// Where a request says that it was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No page started it, or the browser does not say.
    Unsaid,
    /// The dashboard that we serve ourselves.
    Own,
    /// The page inside the desktop shell.
    Shell,
    /// A page from which some app may use its keys; whether this one's key is that app's is still to be seen.
    App(HeaderValue),
}

impl Origin {
    /// The origin with which answers are shared, where it is not our own.
    pub fn shared_with<'a>(&'a self, shell: Option<&'a HeaderValue>) -> Option<&'a HeaderValue> {
        match self {
            Origin::Unsaid | Origin::Own => None,
            Origin::Shell => shell,
            Origin::App(origin) => Some(origin),
        }
    }
}

/// Absent, one of our own, the shell's, or an app's; everything else (`null` too) is refused.
pub(super) fn check(
    headers: &HeaderMap,
    own: &[String],
    shell: Option<&HeaderValue>,
    of_app: impl Fn(&str) -> bool,
) -> Result<Origin, Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(Origin::Unsaid),
        (Some(one), None) if own.iter().any(|o| o.as_bytes() == one.as_bytes()) => Ok(Origin::Own),
        (Some(one), None) if shell == Some(one) => Ok(Origin::Shell),
        (Some(one), None) if one != "null" && one.to_str().is_ok_and(of_app) => Ok(Origin::App(one.clone())),
        (Some(_), _) => Err(Problem::of(Code::OriginNotAllowed)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SHELL: HeaderValue = HeaderValue::from_static("tauri://localhost");
    const DESK: &str = "https://desk.example";

    fn answer(origins: &[&str], shell: Option<HeaderValue>) -> Result<Origin, Code> {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        let own = ["http://127.0.0.1:9487".to_owned(), "http://localhost:9487".to_owned()];
        check(&headers, &own, shell.as_ref(), |origin| origin == DESK || origin == "null").map_err(|p| p.code())
    }

    #[test]
    fn own_and_allowed_origins_pass_and_all_others_are_refused() {
        assert_eq!(answer(&[], None), Ok(Origin::Unsaid));
        assert_eq!(answer(&["http://localhost:9487"], None), Ok(Origin::Own));
        assert_eq!(answer(&["tauri://localhost"], Some(SHELL)), Ok(Origin::Shell));
        assert_eq!(answer(&[DESK], None), Ok(Origin::App(HeaderValue::from_static(DESK))));
        for other in [
            "null",
            "",
            "http://127.0.0.1:9488",
            "https://127.0.0.1:9487",
            "http://127.0.0.1",
            "https://evil.example",
            "https://desk.example:444",
            "http://desk.example",
            "https://desk.example.evil.example",
            "tauri://localhost",
        ] {
            assert_eq!(answer(&[other], None), Err(Code::OriginNotAllowed), "{other}");
        }
        assert_eq!(answer(&["http://localhost:9487", "https://evil.example"], None), Err(Code::OriginNotAllowed));
        assert_eq!(answer(&[DESK, DESK], None), Err(Code::OriginNotAllowed));
    }
}
