//! A certificate that we make ourselves. Who connects is to compare its fingerprint once, so it stays the same over restarts,
//! and as long as it has to be good for the same names.
//!
//! Kept as JSON, sealed as a whole: the key in it must not be found in the data directory.

use super::{TlsError, Worn, worn};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use seal::Sealer;
use serde::{Deserialize, Serialize};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;
use vault::Key32;
use zeroize::{Zeroize as _, Zeroizing};

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Clients refuse certificates that are good for much longer.
const LIFE: Duration = Duration::from_secs(397 * 24 * 3600);
/// How long before its end another one takes its place.
const RENEW_BEFORE: Duration = Duration::from_secs(30 * 24 * 3600);
const PURPOSE: &str = "tls";
const CONTEXT: &[u8] = b"certificate 1";

/// As it is sealed.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// For what it is good, sorted.
    names: Vec<String>,
    /// DER in base64.
    certificate: String,
    /// PKCS#8 in base64.
    key: String,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.key.zeroize();
    }
}

pub(super) fn is_due(until: Timestamp, now: Timestamp) -> bool {
    now.plus(RENEW_BEFORE) >= until
}

/// The one that is kept, when it is good for these names and for a while; else a new one, with the same key.
pub(super) fn kept_or_new(
    names: &[String],
    path: &Path,
    seal: &Key32,
    provider: &CryptoProvider,
    now: Timestamp,
) -> Result<Worn, TlsError> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    let sealer = Sealer::new(seal.as_bytes(), PURPOSE);
    let kept = read(path, &sealer);
    if let Some(kept) = &kept
        && kept.names == names
        && let Some(worn) = wear(kept, provider)
        && !is_due(worn.shown.until, now)
    {
        return Ok(worn);
    }
    let made = make(names, kept.as_ref(), now)?;
    let json = Zeroizing::new(serde_json::to_vec(&made).map_err(|e| TlsError::Making(e.to_string()))?);
    write(path, &sealer.seal(CONTEXT, &json)).map_err(|source| TlsError::Unreadable { path: path.to_owned(), source })?;
    wear(&made, provider).ok_or_else(|| TlsError::Making("what was made cannot be read".to_owned()))
}

/// `None` also when it was sealed with another key, before the database had this one: then there is a new one, as its log line says.
fn read(path: &Path, sealer: &Sealer) -> Option<Kept> {
    let sealed = std::fs::read(path).ok()?;
    let opened = sealer.open(CONTEXT, &sealed).ok().and_then(|json| serde_json::from_slice(&json).ok());
    if opened.is_none() {
        tracing::warn!(path = %path.display(), "the certificate that is kept cannot be read; there will be another one, with another fingerprint");
    }
    opened
}

fn wear(kept: &Kept, provider: &CryptoProvider) -> Option<Worn> {
    let certificate = CertificateDer::from(STANDARD.decode(&kept.certificate).ok()?);
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(STANDARD.decode(&kept.key).ok()?));
    worn(vec![certificate], key, provider, true).ok()
}

fn make(names: Vec<String>, before: Option<&Kept>, now: Timestamp) -> Result<Kept, TlsError> {
    let failed = |e: rcgen::Error| TlsError::Making(e.to_string());
    let same = before.and_then(|kept| KeyPair::try_from(Zeroizing::new(STANDARD.decode(&kept.key).ok()?).as_slice()).ok());
    let key = match same {
        Some(key) => key,
        None => KeyPair::generate().map_err(failed)?,
    };
    let mut about = CertificateParams::new(names.clone()).map_err(failed)?;
    about.distinguished_name.push(DnType::CommonName, "WhatIsUp");
    about.is_ca = IsCa::ExplicitNoCa;
    about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    about.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Clocks differ; yesterday is good everywhere.
    about.not_before = moment(now.minus(DAY))?;
    about.not_after = moment(now.plus(LIFE))?;
    let made = about.self_signed(&key).map_err(failed)?;
    Ok(Kept { names, certificate: STANDARD.encode(made.der()), key: STANDARD.encode(Zeroizing::new(key.serialize_der())) })
}

fn moment(at: Timestamp) -> Result<time::OffsetDateTime, TlsError> {
    time::OffsetDateTime::from_unix_timestamp(at.as_millis() / 1000).map_err(|e| TlsError::Making(e.to_string()))
}

/// Nobody else may read it, and there is never half of it.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}
