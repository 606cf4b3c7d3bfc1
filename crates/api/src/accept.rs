use axum::http::{HeaderMap, header};

/// Which of `offers` (media types, the default first) the `Accept` header likes best; `None` when it takes none.
pub(crate) fn choose<'a>(headers: &HeaderMap, offers: &[&'a str]) -> Option<&'a str> {
    let given: Vec<&str> =
        headers.get_all(header::ACCEPT).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    let ranges: Vec<Range> = given.into_iter().filter_map(Range::parse).collect();
    if ranges.is_empty() {
        return offers.first().copied();
    }
    let mut best: Option<(&str, (u16, u8))> = None;
    for offer in offers {
        // The most specific range that names an offer decides its weight; a wildcard's share counts as less.
        let Some(range) = ranges.iter().filter(|r| r.names(offer)).max_by_key(|r| r.specificity()) else { continue };
        let rank = (range.weight, range.specificity());
        if range.weight > 0 && best.is_none_or(|(_, b)| rank > b) {
            best = Some((offer, rank));
        }
    }
    best.map(|(offer, _)| offer)
}

struct Range<'a> {
    kind: &'a str,
    subkind: &'a str,
    /// The q-value in thousandths.
    weight: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let (kind, subkind) = parts.next()?.split_once('/')?;
        let weight = parts
            .find_map(|p| p.strip_prefix("q=").or_else(|| p.strip_prefix("Q=")))
            .map_or(1000, |q| q.parse::<f32>().map_or(0, |q| (q.clamp(0.0, 1.0) * 1000.0).round() as u16));
        Some(Range { kind, subkind, weight })
    }

    fn names(&self, offer: &str) -> bool {
        let Some((kind, subkind)) = offer.split_once('/') else { return false };
        (self.kind == "*" && self.subkind == "*")
            || (self.kind.eq_ignore_ascii_case(kind) && (self.subkind == "*" || self.subkind.eq_ignore_ascii_case(subkind)))
    }

    fn specificity(&self) -> u8 {
        u8::from(self.kind != "*") + u8::from(self.subkind != "*")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn chosen(accept: Option<&str>) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert(header::ACCEPT, accept.parse().unwrap());
        }
        choose(&headers, &["application/json", "image/svg+xml", "image/png", "text/plain"])
    }

    #[test]
    fn the_form_that_is_asked_for_is_chosen() {
        assert_eq!(chosen(None), Some("application/json"));
        assert_eq!(chosen(Some("*/*")), Some("application/json"));
        assert_eq!(chosen(Some("image/png")), Some("image/png"));
        assert_eq!(chosen(Some("text/*")), Some("text/plain"));
        assert_eq!(chosen(Some("image/png;q=0.5, image/svg+xml")), Some("image/svg+xml"));
        assert_eq!(chosen(Some("application/json;q=0, */*")), Some("image/svg+xml"));
        // What a browser sends for an image.
        assert_eq!(chosen(Some("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8")), Some("image/svg+xml"));
        assert_eq!(chosen(Some("text/html")), None);
        assert_eq!(chosen(Some("application/json;q=0")), None);
    }
}
