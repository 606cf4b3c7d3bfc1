use axum::http::{HeaderMap, HeaderValue, header};
use domain::DoorKind;
use std::time::Duration;

/// Browsers keep one cookie jar for all ports of a host: the port in the name keeps two installations apart. It keeps no secret:
/// whoever listens at another port is sent this cookie, too. So it is half of what a browser shows; see [`HEADER`].
pub(crate) fn name(port: u16) -> String {
    format!("whatisup_{port}")
}

/// The field in which the page sends the other half, which it alone was told.
pub(crate) const HEADER: &str = "x-whatisup";

/// What the page says that it was told, when it says one thing.
pub(crate) fn page(headers: &HeaderMap) -> Option<&str> {
    let mut said = headers.get_all(HEADER).iter();
    match (said.next(), said.next()) {
        (Some(one), None) => one.to_str().ok(),
        (None | Some(_), _) => None,
    }
}

/// The session's token, when exactly one cookie of ours came.
pub(crate) fn read(headers: &HeaderMap, port: u16) -> Option<&str> {
    let name = name(port);
    let mut ours = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(n, _)| *n == name)
        .map(|(_, value)| value);
    match (ours.next(), ours.next()) {
        (Some(one), None) => Some(one),
        (None | Some(_), _) => None,
    }
}

/// `Secure` where it came by TLS; on loopback it is plain HTTP.
pub(crate) fn write(port: u16, token: &str, life: Duration, door: DoorKind) -> HeaderValue {
    let secure = match door {
        DoorKind::Tls => "; Secure",
        DoorKind::Tcp | DoorKind::Unix => "",
    };
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}{secure}", name(port), life.as_secs());
    HeaderValue::try_from(text).expect("base64url and digits are good in a header")
}

pub(crate) fn void(port: u16, door: DoorKind) -> HeaderValue {
    write(port, "", Duration::ZERO, door)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_cookie_of_this_port_is_read_and_two_of_it_are_none() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, text.parse().unwrap());
            super::read(&headers, 9487).map(str::to_owned)
        };
        assert_eq!(read("a=b; whatisup_9487=token; whatisup_1=no"), Some("token".to_owned()));
        assert_eq!(read("whatisup_9487=one; whatisup_9487=two"), None);
        assert_eq!(read("whatisup_948=token"), None);
    }

    #[test]
    fn what_a_page_was_told_is_said_once() {
        let mut headers = HeaderMap::new();
        assert_eq!(page(&headers), None);
        headers.append(HEADER, "secret".parse().unwrap());
        assert_eq!(page(&headers), Some("secret"));
        headers.append(HEADER, "secret".parse().unwrap());
        assert_eq!(page(&headers), None);
    }
}
