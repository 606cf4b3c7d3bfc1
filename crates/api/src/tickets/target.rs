use axum::http::Uri;
use domain::ChannelId;

/// The name of the ticket within a query.
pub(crate) const PARAMETER: &str = "ticket";
/// The longest address that a ticket is made for, in bytes.
const LONGEST: usize = 2048;

/// The one address that a ticket opens: path and query, but for the ticket itself. The order of the query's parameters counts, how
/// they are escaped does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    path: String,
    query: Vec<(String, String)>,
}

impl Target {
    pub fn of(uri: &Uri) -> Self {
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let query = query.filter(|(name, _)| name != PARAMETER).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Target { path: uri.path().to_owned(), query: query.collect() }
    }

    /// The address as a client names it: a path of ours that may be opened by ticket.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const PLACES: &str = "must be the path, and query, of /v1/events or of a channel's QR: /v1/events?types=message.*";
        if text.len() > LONGEST {
            return Err("must have at most 2048 bytes");
        }
        if !text.starts_with('/') || text.starts_with("//") || text.contains('#') {
            return Err(PLACES);
        }
        let uri: Uri = text.parse().map_err(|_| PLACES)?;
        if !opens(uri.path()) {
            return Err(PLACES);
        }
        if form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).any(|(name, _)| name == PARAMETER) {
            return Err("must not have a ticket in it already");
        }
        Ok(Target::of(&uri))
    }
}

/// Whether a ticket is good for this path at all.
pub(crate) fn opens(path: &str) -> bool {
    let qr = |path: &str| Some(path.strip_prefix("/v1/channels/")?.strip_suffix("/qr")?.parse::<ChannelId>().is_ok());
    path == "/v1/events" || qr(path) == Some(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_ticket_is_for_what_a_browser_loads_by_its_address_alone() {
        for good in ["/v1/events", "/v1/events?after=3&types=message.*", "/v1/channels/ch_01j5a9k3m4n5p6q7r8s9t0v1w2/qr"] {
            assert!(Target::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "v1/events",
            "//evil.example/v1/events",
            "http://evil.example/v1/events",
            "/v1/events/",
            "/v1/events#x",
            "/v1/channels",
            "/v1/channels//qr",
            "/v1/channels/a/b/qr",
            "/v1/channels/qr",
            "/v1/events?ticket=x",
            "/v1/events?%74icket=x",
            "/v1/events /",
        ] {
            assert!(Target::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_ticket_itself_is_no_part_of_the_address_and_escapes_do_not_count() {
        let made = Target::parse("/v1/events?types=message.*").unwrap();
        let of = |uri: &str| Target::of(&uri.parse().unwrap());
        assert_eq!(of("/v1/events?types=message.%2A&ticket=abc"), made);
        assert_eq!(of("/v1/events?ticket=abc&types=message.*"), made);
        assert_ne!(of("/v1/events?ticket=abc"), made);
        assert_ne!(of("/v1/events?types=message.*&channel=x&ticket=abc"), made);
        assert_ne!(of("/v1/channels/x/qr?types=message.*"), made);
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn what_a_ticket_is_for() {
        let seeds = ["/v1/events?after=3&types=message.*", "/v1/channels/ch_01j5a9k3m4n5p6q7r8s9t0v1w2/qr?format=svg"];
        let words =
            ["/v1/", "events", "channels/", "/qr", "?", "&", "=", "ticket=", "%74icket=", "//", "..", "%2f", "#", "http://"];
        ::fuzz::target!("ticket").seeds(seeds).words(words).longest(2100).run(|bytes| {
            let text = String::from_utf8_lossy(bytes);
            let target = Target::parse(&text);
            if let Ok(target) = &target {
                assert!(opens(&target.path) && !target.path.contains(".."));
                assert!(target.query.iter().all(|(name, _)| name != PARAMETER));
                // It opens what it was made for.
                assert_eq!(text.parse::<Uri>().map(|uri| Target::of(&uri)).ok().as_ref(), Some(target));
            }
            target.map(|target| target.query.len())
        });
    }
}
