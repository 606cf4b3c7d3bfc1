use crate::address::{self, AddressPolicy, Reach, Refused};
use hyper::header::{HeaderName, HeaderValue};
use std::net::IpAddr;
use url::{Host, Url};

/// The address of a receiver: an http or https URL that may be dialled as far as can be told without asking for its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target(Url);

/// Why a text is not the address of a receiver.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    #[error("not a URL such as https://example.com/hooks")]
    NotAUrl,
    #[error("only http and https are delivered to")]
    Scheme,
    #[error("a user name and password do not belong into the URL: use a header of its own")]
    Credentials,
    #[error("longer than 2000 characters")]
    TooLong,
    #[error("{0} {1}")]
    Forbidden(IpAddr, Refused),
    #[error("{0} {1}")]
    ForbiddenName(String, Refused),
    #[error("{0} gives out a cloud's credentials, and nothing is ever delivered there")]
    Metadata(String),
}

/// Why a custom header cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    #[error("not a header name")]
    Name,
    #[error("this header is set here and cannot be another")]
    Reserved,
    #[error("a header value has visible ASCII characters and blanks only, 4096 at the most")]
    Value,
}

const LONGEST_URL: usize = 2000;
const LONGEST_VALUE: usize = 4096;
/// What the delivery itself sets, or what belongs to the connection.
const RESERVED: [&str; 14] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "accept-encoding",
];

impl Target {
    /// Reads a URL. A fragment is dropped: it is never sent.
    pub fn parse(text: &str, reach: Reach, policy: AddressPolicy) -> Result<Self, TargetError> {
        if text.len() > LONGEST_URL {
            return Err(TargetError::TooLong);
        }
        let mut url = Url::parse(text.trim()).map_err(|_| TargetError::NotAUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Credentials);
        }
        match url.host().ok_or(TargetError::NotAUrl)? {
            Host::Domain(name) => check_name(name, policy)?,
            Host::Ipv4(ip) => check_address(IpAddr::V4(ip), reach, policy)?,
            Host::Ipv6(ip) => check_address(IpAddr::V6(ip), reach, policy)?,
        }
        if url.port() == Some(0) {
            return Err(TargetError::NotAUrl);
        }
        url.set_fragment(None);
        // As it is kept, it is read again: escapes and slashes that were left out make it longer.
        if url.as_str().len() > LONGEST_URL {
            return Err(TargetError::TooLong);
        }
        Ok(Target(url))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    pub(crate) fn host(&self) -> Host<&str> {
        self.0.host().unwrap_or(Host::Domain(""))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or(if self.is_secure() { 443 } else { 80 })
    }

    /// For the request line.
    pub(crate) fn path(&self) -> &str {
        &self.0[url::Position::BeforePath..url::Position::AfterQuery]
    }

    /// For the `host` header.
    pub(crate) fn authority(&self) -> &str {
        &self.0[url::Position::BeforeHost..url::Position::AfterPort]
    }
}

fn check_address(ip: IpAddr, reach: Reach, policy: AddressPolicy) -> Result<(), TargetError> {
    address::refusal(ip, reach, policy).map_or(Ok(()), |why| Err(TargetError::Forbidden(ip, why)))
}

/// The names under which clouds give out their credentials.
const METADATA: [&str; 3] = ["metadata.google.internal", "metadata.goog", "instance-data"];
/// Names of this machine and of local networks (RFC 6761, 6762, 8375, and the one that ICANN reserved): no resolver is asked to know
/// whether these are public.
const LOCAL: [&str; 6] = ["localhost", "local", "internal", "home.arpa", "lan", "localdomain"];

fn check_name(name: &str, policy: AddressPolicy) -> Result<(), TargetError> {
    let name = name.trim_end_matches('.');
    let is_of = |zone: &str| name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    if METADATA.into_iter().any(is_of) {
        return Err(TargetError::Metadata(name.to_owned()));
    }
    if !policy.private && LOCAL.into_iter().any(is_of) {
        return Err(TargetError::ForbiddenName(name.to_owned(), Refused::Private));
    }
    Ok(())
}

/// Checks a custom header of an endpoint.
pub fn check_header(name: &str, value: &str) -> Result<(), HeaderError> {
    header(name, value).map(drop)
}

pub(crate) fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), HeaderError> {
    let name = HeaderName::try_from(name).map_err(|_| HeaderError::Name)?;
    if name.as_str().starts_with("webhook-") || RESERVED.contains(&name.as_str()) {
        return Err(HeaderError::Reserved);
    }
    if value.len() > LONGEST_VALUE || !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(HeaderError::Value);
    }
    let mut value = HeaderValue::try_from(value).map_err(|_| HeaderError::Value)?;
    value.set_sensitive(true);
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Result<Target, TargetError> {
        Target::parse(text, Reach::Anywhere, AddressPolicy::TRUSTED)
    }

    #[test]
    fn knows_where_to_send_what() {
        let t = target(" https://Example.com:8443/a%20b/c?d=e#f ").unwrap();
        assert_eq!((t.path(), t.authority(), t.port(), t.is_secure()), ("/a%20b/c?d=e", "example.com:8443", 8443, true));
        let t = target("http://[::1]").unwrap();
        assert_eq!((t.path(), t.authority(), t.port(), t.is_secure()), ("/", "[::1]", 80, false));
    }

    #[test]
    fn refuses_what_cannot_or_must_not_be_delivered_to() {
        assert_eq!(target("example.com/hook"), Err(TargetError::NotAUrl));
        assert_eq!(target("ftp://example.com"), Err(TargetError::Scheme));
        assert_eq!(target("file:///etc/passwd"), Err(TargetError::Scheme));
        assert_eq!(target("http://ada:secret@example.com"), Err(TargetError::Credentials));
        assert_eq!(target(&format!("http://example.com/{}", "x".repeat(2000))), Err(TargetError::TooLong));
        assert_eq!(target(&format!("http:example.com/{}", "ä".repeat(900))), Err(TargetError::TooLong), "as it would be kept");
        for metadata in ["http://169.254.169.254/latest", "http://0xa9fea9fe/", "http://2852039166/", "http://[fe80::1]/"] {
            assert!(matches!(target(metadata), Err(TargetError::Forbidden(..))), "{metadata}");
        }
        let far = Target::parse("http://192.0.2.1/", Reach::LoopbackOnly, AddressPolicy::TRUSTED);
        assert!(matches!(far, Err(TargetError::Forbidden(..))));
    }

    #[test]
    fn an_app_names_nothing_that_is_near() {
        let public = |text: &str| Target::parse(text, Reach::Anywhere, AddressPolicy::PUBLIC);
        for near in
            ["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "10.0.0.1", "192.168.1.1", "[::1]", "[fd00::1]"]
        {
            let url = format!("http://{near}/");
            assert!(matches!(public(&url), Err(TargetError::Forbidden(_, Refused::Private))), "{url}");
            assert!(target(&url).is_ok(), "{url}");
        }
        for near in
            ["localhost", "LOCALHOST.", "hooks.localhost", "printer.local", "nas.lan", "vault.internal", "router.home.arpa"]
        {
            let url = format!("http://{near}/");
            assert!(matches!(public(&url), Err(TargetError::ForbiddenName(_, Refused::Private))), "{url}");
            assert!(target(&url).is_ok(), "{url}");
        }
        for far in ["https://example.com/", "https://localhost.example.com/", "https://mylocal/", "http://192.0.2.1/"] {
            assert!(public(far).is_ok(), "{far}");
        }
    }

    #[test]
    fn nobody_names_where_clouds_keep_credentials() {
        for name in
            ["metadata.google.internal", "Metadata.Google.Internal.", "metadata.goog", "x.metadata.goog", "instance-data"]
        {
            assert!(matches!(target(&format!("http://{name}/")), Err(TargetError::Metadata(_))), "{name}");
        }
    }

    #[test]
    fn headers_cannot_take_the_place_of_ours_nor_smuggle_others_in() {
        assert_eq!(check_header("Authorization", "Bearer x"), Ok(()));
        for name in ["Webhook-Signature", "webhook-id", "Host", "Content-Length", "transfer-encoding"] {
            assert_eq!(check_header(name, "x"), Err(HeaderError::Reserved), "{name}");
        }
        assert_eq!(check_header("a b", "x"), Err(HeaderError::Name));
        assert_eq!(check_header("x-a", "b\r\nc: d"), Err(HeaderError::Value));
        assert_eq!(check_header("x-a", &"b".repeat(4097)), Err(HeaderError::Value));
    }
}
