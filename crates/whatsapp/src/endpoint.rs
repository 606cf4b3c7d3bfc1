use rustls_pki_types::CertificateDer;
use url::Url;

/// Where WhatsApp is, and whom to trust there.
#[derive(Clone, Debug)]
pub struct Endpoint {
    url: Url,
    host: String,
    port: u16,
    authorities: Vec<CertificateDer<'static>>,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("not an address of a WhatsApp: write ws://127.0.0.1:port/ws/chat or wss://…")]
    NotAnAddress,
    #[error("{0} is not on this machine; a sandbox build talks to loopback addresses only")]
    NotLoopback(String),
    #[error("the certificate authority to trust is not a PEM certificate")]
    BadAuthority,
}

impl Endpoint {
    /// The real WhatsApp. A sandbox build can name it and cannot reach it: its dialer refuses.
    pub fn production() -> Self {
        Endpoint::parse(wacore::net::WHATSAPP_WEB_WS_URL).expect("whatsapp-rust's own constant is a wss address")
    }

    /// A loopback WhatsApp by its `ws` or `wss` address, with a PEM of further authorities to trust there.
    ///
    /// A name is resolved here (which may block for a moment) so that a wrong setting is told at the start; the
    /// dialer checks again each time it connects.
    #[cfg(feature = "sandbox")]
    pub fn loopback(url: &str, ca_pem: Option<&str>) -> Result<Self, EndpointError> {
        use rustls_pki_types::pem::PemObject as _;
        use std::net::ToSocketAddrs as _;

        let mut endpoint = Endpoint::parse(url)?;
        let addresses: Vec<_> = (endpoint.host.as_str(), endpoint.port)
            .to_socket_addrs()
            .map_err(|_| EndpointError::NotLoopback(endpoint.host.clone()))?
            .collect();
        crate::dialer::permit(&endpoint.host, &addresses).map_err(|_| EndpointError::NotLoopback(endpoint.host.clone()))?;
        if let Some(pem) = ca_pem {
            endpoint.authorities = CertificateDer::pem_slice_iter(pem.as_bytes())
                .collect::<Result<_, _>>()
                .map_err(|_| EndpointError::BadAuthority)?;
            if endpoint.authorities.is_empty() {
                return Err(EndpointError::BadAuthority);
            }
        }
        Ok(endpoint)
    }

    /// For the test that a production build refuses the sandbox.
    #[cfg(all(test, not(feature = "sandbox")))]
    pub(crate) fn for_test(url: &str) -> Self {
        Endpoint::parse(url).expect("a test gives a good address")
    }

    fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim()).map_err(|_| EndpointError::NotAnAddress)?;
        if !matches!(url.scheme(), "ws" | "wss") {
            return Err(EndpointError::NotAnAddress);
        }
        let host = url.host_str().filter(|h| !h.is_empty()).ok_or(EndpointError::NotAnAddress)?;
        let host = host.trim_matches(['[', ']']).to_owned();
        let port = url.port_or_known_default().ok_or(EndpointError::NotAnAddress)?;
        Ok(Endpoint { url, host, port, authorities: Vec::new() })
    }

    pub fn url(&self) -> &str {
        self.url.as_str()
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn secure(&self) -> bool {
        self.url.scheme() == "wss"
    }

    pub(crate) fn authorities(&self) -> &[CertificateDer<'static>] {
        &self.authorities
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_real_whatsapp_is_reached_by_tls() {
        let real = Endpoint::production();
        assert!(real.secure() && real.port() == 443 && real.authorities().is_empty());
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn only_an_address_of_this_machine_is_taken() {
        for url in ["ws://127.0.0.1:4000/ws/chat", "wss://localhost:4000", "ws://[::1]:4000/x"] {
            assert!(Endpoint::loopback(url, None).is_ok(), "{url}");
        }
        for url in ["ws://192.0.2.1:80/", "ws://[2001:db8::1]:80/", "wss://0.0.0.0/", "ws://10.0.0.1"] {
            assert!(matches!(Endpoint::loopback(url, None), Err(EndpointError::NotLoopback(_))), "{url}");
        }
        for url in ["", "127.0.0.1:4000", "http://127.0.0.1", "ws://"] {
            assert_eq!(Endpoint::loopback(url, None).unwrap_err(), EndpointError::NotAnAddress, "{url}");
        }
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn an_authority_that_is_no_certificate_is_refused() {
        assert_eq!(Endpoint::loopback("wss://127.0.0.1:1", Some("hello")).unwrap_err(), EndpointError::BadAuthority);
    }
}
