use super::HEAD_LIMIT;
use crate::problem::{Code, Problem};
use axum::http::{HeaderMap, Uri};

/// What stands between a field's name and its value, and after that.
const AROUND: usize = ": \r\n".len();

/// A head that arrives in one piece gets past the bound of the connection, which is asked before each piece only.
pub(super) fn check(headers: &HeaderMap, uri: &Uri) -> Result<(), Problem> {
    let fields: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + AROUND).sum();
    let address = uri.path_and_query().map_or(0, |target| target.as_str().len());
    if fields + address > HEAD_LIMIT { Err(Problem::of(Code::HeadTooLarge)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_address_counts_as_much_as_the_fields() {
        let answer = |address: usize, field: usize| {
            let uri: Uri = format!("/{}", "a".repeat(address)).parse().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert("x", "b".repeat(field).parse().unwrap());
            check(&headers, &uri).is_ok()
        };
        assert!(answer(10, 10));
        assert!(answer(30_000, HEAD_LIMIT - 30_000 - 6));
        assert!(!answer(30_000, HEAD_LIMIT - 30_000 - 5));
        assert!(!answer(10, HEAD_LIMIT));
    }
}
