//! TLS for the doors that other machines may use: a certificate that was given or one that we make ourselves, its fingerprint,
//! and another one in its place while connections go on.

mod given;
mod self_made;

use domain::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use vault::Key32;

/// How often it is looked whether there is another certificate, or has to be.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long before a given certificate's end that is told in the log.
const WARN_BEFORE: Duration = Duration::from_secs(14 * 24 * 3600);

/// Where the certificate comes from.
#[derive(Clone)]
pub enum Certificate {
    /// PEM files: the certificate with its chain, and its key. They are read again when they change.
    Given { certificate: PathBuf, key: PathBuf },
    /// We make it ourselves for `names`, and another one before it ends. It is kept at `kept`, sealed with `seal`.
    SelfMade { names: Vec<String>, kept: PathBuf, seal: Key32 },
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Certificate::Given { certificate, .. } => {
                f.debug_struct("Given").field("certificate", certificate).finish_non_exhaustive()
            }
            Certificate::SelfMade { names, .. } => f.debug_struct("SelfMade").field("names", names).finish_non_exhaustive(),
        }
    }
}

impl Certificate {
    /// What others would be shown. One of our own that is not there yet is made and kept.
    ///
    /// # Errors
    /// When it cannot be used.
    pub fn look(&self, now: Timestamp) -> Result<Shown, TlsError> {
        Ok(self.worn(&rustls::crypto::ring::default_provider(), now)?.shown)
    }

    fn worn(&self, provider: &CryptoProvider, now: Timestamp) -> Result<Worn, TlsError> {
        match self {
            Certificate::Given { certificate, key } => given::read(certificate, key, provider, now),
            Certificate::SelfMade { names, kept, seal } => self_made::kept_or_new(names, kept, seal, provider, now),
        }
    }
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: {source}")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} holds no {what} in PEM")]
    NotPem { path: PathBuf, what: &'static str },
    #[error("{certificate} and {key} do not belong together, or cannot be used: {why}")]
    Unusable { certificate: PathBuf, key: PathBuf, why: String },
    #[error("{path} has ended: it was good until {until}")]
    Ended { path: PathBuf, until: Timestamp },
    #[error("no certificate could be made: {0}")]
    Making(String),
}

/// The certificate as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// SHA-256 of the certificate, as browsers and openssl print it.
    pub fingerprint: String,
    pub self_made: bool,
    pub until: Timestamp,
}

/// What is worn just now.
struct Worn {
    key: Arc<CertifiedKey>,
    shown: Shown,
}

/// Speaks TLS on what connects. All clones show the same certificate.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    wardrobe: Arc<Wardrobe>,
}

struct Wardrobe {
    source: Certificate,
    provider: Arc<CryptoProvider>,
    worn: RwLock<Arc<CertifiedKey>>,
    shown: watch::Sender<Shown>,
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("shown", &*self.wardrobe.shown.borrow()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Wardrobe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wardrobe").field("source", &self.source).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Wardrobe {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.worn.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl Tls {
    /// Reads the certificate, or makes one.
    pub fn open(source: Certificate, now: Timestamp) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let worn = source.worn(&provider, now)?;
        tracing::info!(fingerprint = worn.shown.fingerprint, until = %worn.shown.until, "the certificate for other machines");
        let wardrobe = Arc::new(Wardrobe {
            source,
            provider: provider.clone(),
            worn: RwLock::new(worn.key),
            shown: watch::Sender::new(worn.shown),
        });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| TlsError::Making(e.to_string()))?
            .with_no_client_auth()
            .with_cert_resolver(wardrobe.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Tls { acceptor: TlsAcceptor::from(Arc::new(config)), wardrobe })
    }

    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// The certificate that is shown, and every other one that comes in its place.
    pub fn shown(&self) -> watch::Receiver<Shown> {
        self.wardrobe.shown.subscribe()
    }

    /// Looks after the certificate until `shutdown`: reads it again when its files change, makes another one before ours ends.
    /// `now` is asked again each time.
    pub async fn keep(self, now: impl Fn() -> Timestamp, shutdown: CancellationToken) {
        let mut marks = self.marks();
        let mut warned = false;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let (now_there, now) = (self.marks(), now());
            if now_there != marks || self.is_due(now) {
                marks = now_there;
                warned = false;
                self.change(now);
            }
            let until = self.wardrobe.shown.borrow().until;
            if !warned && now.plus(WARN_BEFORE) >= until {
                warned = true;
                tracing::warn!(%until, "the certificate for other machines ends soon");
            }
        }
    }

    /// Puts another certificate in the place of this one, if there is a good one.
    pub(crate) fn change(&self, now: Timestamp) {
        match self.wardrobe.source.worn(&self.wardrobe.provider, now) {
            Ok(next) => {
                tracing::info!(fingerprint = next.shown.fingerprint, until = %next.shown.until, "another certificate for other machines");
                *self.wardrobe.worn.write().unwrap_or_else(PoisonError::into_inner) = next.key;
                self.wardrobe.shown.send_replace(next.shown);
            }
            Err(error) => {
                tracing::warn!(%error, "the certificate for other machines stays as it is: the new one cannot be used")
            }
        }
    }

    fn is_due(&self, now: Timestamp) -> bool {
        match &self.wardrobe.source {
            Certificate::Given { .. } => false,
            Certificate::SelfMade { .. } => self_made::is_due(self.wardrobe.shown.borrow().until, now),
        }
    }

    /// What changes when the files do.
    fn marks(&self) -> Vec<Option<given::Mark>> {
        match &self.wardrobe.source {
            Certificate::Given { certificate, key } => vec![given::mark(certificate), given::mark(key)],
            Certificate::SelfMade { .. } => Vec::new(),
        }
    }
}

/// Certificate, chain and key as rustls takes them; whether they belong together is checked.
fn worn(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
    self_made: bool,
) -> Result<Worn, String> {
    let first = chain.first().ok_or("no certificate")?;
    let fingerprint = fingerprint(first);
    let until = end(first)?;
    let key = CertifiedKey::from_der(chain, key, provider).map_err(|e| e.to_string())?;
    Ok(Worn { key: Arc::new(key), shown: Shown { fingerprint, self_made, until } })
}

fn fingerprint(certificate: &CertificateDer<'_>) -> String {
    let hex: Vec<String> = Sha256::digest(certificate).iter().map(|byte| format!("{byte:02X}")).collect();
    hex.join(":")
}

fn end(certificate: &CertificateDer<'_>) -> Result<Timestamp, String> {
    let (_, read) = x509_parser::parse_x509_certificate(certificate).map_err(|e| e.to_string())?;
    Ok(Timestamp::from_secs(read.validity().not_after.timestamp()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
