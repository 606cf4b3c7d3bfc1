use super::origin::Origin;
use crate::problem::{Code, Problem};
use axum::http::HeaderMap;

/// Browsers say in `Sec-Fetch-Site` who started a request, also where they send no `Origin` (images, links, frames).
/// `same-site` is refused as well: to a browser every port of this machine is the same site. Pages of an allowed origin may, as
/// long as the browser names that origin.
pub(super) fn check(headers: &HeaderMap, origin: &Origin) -> Result<(), Problem> {
    match origin {
        Origin::Shell | Origin::App(_) => return Ok(()),
        Origin::Unsaid | Origin::Own => {}
    }
    for value in headers.get_all("sec-fetch-site") {
        if !matches!(value.as_bytes(), b"same-origin" | b"none") {
            return Err(Problem::of(Code::CrossSite));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn what_another_page_started_is_refused_even_from_another_port_of_this_machine() {
        let app = Origin::App(HeaderValue::from_static("https://desk.example"));
        let answer = |value: &str, origin: &Origin| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", value.parse().unwrap());
            check(&headers, origin).map_err(|p| p.code())
        };
        for fine in ["same-origin", "none"] {
            assert_eq!(answer(fine, &Origin::Unsaid), Ok(()));
        }
        for bad in ["cross-site", "same-site", "", "whatever"] {
            assert_eq!(answer(bad, &Origin::Unsaid), Err(Code::CrossSite), "{bad}");
            assert_eq!(answer(bad, &Origin::Own), Err(Code::CrossSite), "{bad}");
            assert_eq!(answer(bad, &Origin::Shell), Ok(()), "{bad}");
            assert_eq!(answer(bad, &app), Ok(()), "{bad}");
        }
        assert_eq!(check(&HeaderMap::new(), &Origin::Unsaid), Ok(()));
    }
}
