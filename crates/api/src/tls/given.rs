//! A certificate and its key from PEM files.

use super::{TlsError, Worn, worn};
use domain::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// What tells a file that was changed.
pub(super) type Mark = (SystemTime, u64);

pub(super) fn mark(path: &Path) -> Option<Mark> {
    let about = std::fs::metadata(path).ok()?;
    Some((about.modified().ok()?, about.len()))
}

pub(super) fn read(certificate: &Path, key: &Path, provider: &CryptoProvider, now: Timestamp) -> Result<Worn, TlsError> {
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&bytes(certificate)?).filter_map(Result::ok).collect();
    if chain.is_empty() {
        return Err(TlsError::NotPem { path: certificate.to_owned(), what: "certificate" });
    }
    warn_when_open(key);
    let secret = PrivateKeyDer::from_pem_slice(&bytes(key)?)
        .map_err(|_| TlsError::NotPem { path: key.to_owned(), what: "private key" })?;
    let worn = worn(chain, secret, provider, false).map_err(|why| TlsError::Unusable {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        why,
    })?;
    if worn.shown.until <= now {
        return Err(TlsError::Ended { path: certificate.to_owned(), until: worn.shown.until });
    }
    Ok(worn)
}

fn bytes(path: &Path) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    std::fs::read(path).map(Zeroizing::new).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })
}

#[cfg(unix)]
fn warn_when_open(key: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    if std::fs::metadata(key).is_ok_and(|about| about.permissions().mode() & 0o077 != 0) {
        tracing::warn!(path = %key.display(), "others can read the certificate's key; mend it with: chmod 600");
    }
}

#[cfg(not(unix))]
fn warn_when_open(_: &Path) {}
