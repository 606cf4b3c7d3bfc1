use crate::problem::{Code, Problem};
use axum::http::{HeaderMap, header};

/// Where a request says that it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No page started it, or the browser does not say.
    Unsaid,
    /// The dashboard that we serve ourselves.
    Own,
    /// The page inside the desktop shell.
    Shell,
}

/// Absent, one of our own, or the shell's; everything else (`null` too) is refused.
pub(super) fn check(headers: &HeaderMap, own: &[String], shell: Option<&str>) -> Result<Origin, Problem> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => Ok(Origin::Unsaid),
        (Some(one), None) if own.iter().any(|o| o.as_bytes() == one.as_bytes()) => Ok(Origin::Own),
        (Some(one), None) if shell.is_some_and(|s| s.as_bytes() == one.as_bytes()) => Ok(Origin::Shell),
        (Some(_), _) => Err(Problem::of(Code::OriginNotAllowed)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(origins: &[&str], shell: Option<&str>) -> Result<Origin, Code> {
        let mut headers = HeaderMap::new();
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        check(&headers, &["http://127.0.0.1:9487".to_owned(), "http://localhost:9487".to_owned()], shell).map_err(|p| p.code())
    }

    #[test]
    fn own_and_shell_origins_pass_and_all_others_are_refused() {
        assert_eq!(answer(&[], None), Ok(Origin::Unsaid));
        assert_eq!(answer(&["http://localhost:9487"], None), Ok(Origin::Own));
        assert_eq!(answer(&["tauri://localhost"], Some("tauri://localhost")), Ok(Origin::Shell));
        for other in [
            "null",
            "",
            "http://127.0.0.1:9488",
            "https://127.0.0.1:9487",
            "http://127.0.0.1",
            "https://evil.example",
            "tauri://localhost",
        ] {
            assert_eq!(answer(&[other], None), Err(Code::OriginNotAllowed), "{other}");
        }
        assert_eq!(answer(&["http://localhost:9487", "https://evil.example"], None), Err(Code::OriginNotAllowed));
    }
}
