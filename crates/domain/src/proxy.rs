use std::fmt;
use std::str::FromStr;

/// How a channel reaches WhatsApp when not directly.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub scheme: ProxyScheme,
    pub host: String,
    pub port: u16,
    pub credentials: Option<ProxyCredentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyScheme {
    /// HTTP CONNECT.
    Http,
    /// SOCKS5 with names resolved by the proxy.
    Socks5,
}

#[derive(Clone, PartialEq, Eq)]
pub struct ProxyCredentials {
    pub user: String,
    pub password: String,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a proxy: write http://user:password@host:port or socks5://user:password@host:port")]
pub struct ProxyError;

impl Proxy {
    /// The address without its credentials, safe to show.
    pub fn public_url(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{}://{host}:{}", self.scheme.as_str(), self.port)
    }
}

/// `http://user:password@host:port` or `socks5://…`; `https` and other schemes are refused, a port is needed.
impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        let url = url::Url::parse(text.trim()).map_err(|_| ProxyError)?;
        let scheme = match url.scheme() {
            "http" => ProxyScheme::Http,
            "socks5" | "socks5h" => ProxyScheme::Socks5,
            _ => return Err(ProxyError),
        };
        if !matches!(url.path(), "" | "/") || url.query().is_some() {
            return Err(ProxyError);
        }
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or(ProxyError)?;
        let port = url.port().or(if scheme == ProxyScheme::Http { Some(80) } else { Some(1080) }).ok_or(ProxyError)?;
        let plain = |part: &str| {
            percent_encoding::percent_decode_str(part).decode_utf8().map(|s| s.into_owned()).map_err(|_| ProxyError)
        };
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            (user, password) => Some(ProxyCredentials { user: plain(user)?, password: plain(password.unwrap_or(""))? }),
        };
        Ok(Proxy { scheme, host: host.trim_matches(['[', ']']).to_owned(), port, credentials })
    }
}

impl ProxyScheme {
    pub fn as_str(self) -> &'static str {
        match self {
            ProxyScheme::Http => "http",
            ProxyScheme::Socks5 => "socks5",
        }
    }
}

// Credentials stay out of logs: Debug shows the public form only.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({})", self.public_url())
    }
}

impl fmt::Debug for ProxyCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_scheme_host_port_and_credentials() {
        let p: Proxy = "socks5://ada:p%40ss@[::1]:9050".parse().unwrap();
        assert_eq!((p.scheme, p.host.as_str(), p.port), (ProxyScheme::Socks5, "::1", 9050));
        assert_eq!(p.credentials.as_ref().map(|c| c.password.as_str()), Some("p@ss"));
        assert_eq!(p.public_url(), "socks5://[::1]:9050");
        assert!(!format!("{p:?}").contains("p@ss"));
    }

    #[test]
    fn refuses_what_is_no_proxy() {
        for text in ["", "localhost:8080", "https://proxy.example:1", "http://", "ftp://x:1", "http://x:1/path"] {
            assert!(text.parse::<Proxy>().is_err(), "{text}");
        }
    }
}
