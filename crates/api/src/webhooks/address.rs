//! The URL of a receiver, as far as it can be judged without asking for its name. What a name resolves to is judged by the one
//! who dials.

use url::{Host, Url};
use webhooks::{AddressPolicy, Reach, Target};

/// The URL as it is stored, or why it cannot be a receiver's.
pub(super) fn check(given: &str, reach: Reach, policy: AddressPolicy) -> Result<String, String> {
    let target = Target::parse(given, reach, policy).map_err(|e| e.to_string())?;
    let url = Url::parse(target.as_str()).map_err(|e| e.to_string())?;
    if let Some(Host::Domain(name)) = url.host() {
        let name = name.trim_end_matches('.');
        // RFC 6761: these names are this machine, whatever a resolver says.
        let loopback = name == "localhost" || name.ends_with(".localhost");
        if reach == Reach::LoopbackOnly && !loopback {
            return Err(format!(
                "{name} is not a loopback address, and a sandbox build delivers to this machine only; write it as \
                 http://127.0.0.1:8080/hooks"
            ));
        }
    }
    Ok(target.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const TRUSTED: AddressPolicy = AddressPolicy::TRUSTED;

    #[track_caller]
    fn refused(url: &str, reach: Reach) -> String {
        check(url, reach, TRUSTED).unwrap_err()
    }

    #[test]
    fn receivers_are_reached_by_http_or_https() {
        assert_eq!(
            check(" http://127.0.0.1:8080/hooks?a=b ", Reach::Anywhere, TRUSTED).unwrap(),
            "http://127.0.0.1:8080/hooks?a=b"
        );
        assert_eq!(check("https://EXAMPLE.org", Reach::Anywhere, TRUSTED).unwrap(), "https://example.org/");
        for url in ["", "example.org/hooks", "ftp://example.org/", "file:///etc/passwd", "http://", "http://example.org:0/"] {
            refused(url, Reach::Anywhere);
        }
        for url in ["http://ada@example.org/", "http://ada:secret@example.org/", "http://:secret@example.org/"] {
            assert!(refused(url, Reach::Anywhere).contains("header"), "{url}");
        }
        assert!(refused(&format!("http://example.org/{}", "x".repeat(2048)), Reach::Anywhere).contains("longer"));
    }

    #[test]
    fn what_gives_out_credentials_is_never_delivered_to() {
        for url in [
            "http://169.254.169.254/latest",
            "http://[::ffff:169.254.169.254]/",
            "http://0xa9fea9fe/",
            "http://2852039166/",
            "http://[fe80::1]/",
            "http://[fd00:ec2::254]/",
            "http://metadata.google.internal/",
            "http://Metadata.Google.Internal./",
            "http://100.100.100.200/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://224.0.0.1/",
        ] {
            refused(url, Reach::Anywhere);
        }
    }

    #[test]
    fn a_sandbox_build_delivers_to_this_machine_only() {
        for url in
            ["http://127.0.0.1:1/", "http://127.9.9.9/", "http://localhost:8080/", "http://hooks.localhost/", "http://[::1]/"]
        {
            assert!(check(url, Reach::LoopbackOnly, TRUSTED).is_ok(), "{url}");
        }
        for url in ["http://192.168.0.1/", "https://example.org/", "http://localhost.example.org/", "http://[fd00::1]/"] {
            assert!(refused(url, Reach::LoopbackOnly).contains("sandbox"), "{url}");
            assert!(check(url, Reach::Anywhere, TRUSTED).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_app_adds_no_receiver_on_this_machine_or_its_networks() {
        for url in ["http://127.0.0.1:8080/", "http://localhost/", "http://[::1]/", "http://192.168.0.1/", "http://nas.local/"]
        {
            let says = check(url, Reach::Anywhere, AddressPolicy::PUBLIC).unwrap_err();
            assert!(says.contains("only a person"), "{url}: {says}");
        }
        assert!(check("https://example.org/hooks", Reach::Anywhere, AddressPolicy::PUBLIC).is_ok());
    }
}
