use crate::problem::{Code, Problem};
use axum::http::{HeaderMap, Uri, header};

/// Exactly one `Host`, byte for byte one of `allowed`; an absolute request target must name one of them too.
/// This is what stops a page whose name was rebound to a loopback address.
pub(super) fn check(headers: &HeaderMap, uri: &Uri, allowed: &[String]) -> Result<(), Problem> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Problem::of(Code::BadHost)) };
    if host.is_empty() {
        return Err(Problem::of(Code::BadHost));
    }
    let known = |name: &[u8]| allowed.iter().any(|a| a.as_bytes() == name);
    if !known(host.as_bytes()) || uri.authority().is_some_and(|a| !known(a.as_str().as_bytes())) {
        return Err(Problem::of(Code::HostNotAllowed));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn answer(hosts: &[&str], uri: &str) -> Option<Code> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        let allowed = ["127.0.0.1:9487", "localhost:9487", "[::1]:9487"].map(str::to_owned);
        check(&headers, &uri.parse().unwrap(), &allowed).err().map(|p| p.code())
    }

    #[test]
    fn only_our_own_names_with_our_own_port_are_answered() {
        for ours in ["127.0.0.1:9487", "localhost:9487", "[::1]:9487"] {
            assert_eq!(answer(&[ours], "/"), None, "{ours}");
        }
        for other in [
            "127.0.0.1",
            "127.0.0.1:9488",
            "localhost",
            "localhost.:9487",
            "LOCALHOST:9487",
            "evil.example:9487",
            "[::1]",
            "::1:9487",
            "[::]:9487",
            "127.0.0.1:09487",
            "x@127.0.0.1:9487",
        ] {
            assert_eq!(answer(&[other], "/"), Some(Code::HostNotAllowed), "{other}");
        }
    }

    #[test]
    fn no_host_an_empty_one_and_two_are_bad_requests() {
        for hosts in [&[][..], &[""], &["127.0.0.1:9487", "127.0.0.1:9487"], &["127.0.0.1:9487", "evil.example"]] {
            assert_eq!(answer(hosts, "/"), Some(Code::BadHost), "{hosts:?}");
        }
    }

    #[test]
    fn a_target_that_names_another_host_is_refused() {
        assert_eq!(answer(&["127.0.0.1:9487"], "http://evil.example/v1/info"), Some(Code::HostNotAllowed));
        assert_eq!(answer(&["127.0.0.1:9487"], "http://127.0.0.1:9487/v1/info"), None);
    }
}
