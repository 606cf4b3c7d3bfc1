//! A certificate authority of the moment and a certificate of it for this machine, as PEM files.

use crate::place::Place;
use crate::program::Account;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct Certificate {
    /// What a client is to trust.
    pub ca: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
}

impl Certificate {
    /// For `localhost`, `127.0.0.1` and `::1`, with a key that only `owner` reads.
    pub fn write(place: &Place, owner: Option<Account>) -> Certificate {
        let (ca, certificate, key) = made().expect("these parameters are sound");
        let paths =
            Certificate { ca: place.join("ca.pem"), certificate: place.join("server.pem"), key: place.join("server.key") };
        for (path, text, mode) in [(&paths.ca, ca, 0o644), (&paths.certificate, certificate, 0o644), (&paths.key, key, 0o600)] {
            fs::write(path, text).expect("just made");
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
            if let Some(Account { uid, gid }) = owner {
                chown(path, Some(uid), Some(gid)).expect("root may give away");
            }
        }
        paths
    }
}

fn made() -> Result<(String, String, String), rcgen::Error> {
    let mut ca = CertificateParams::new(Vec::new())?;
    ca.distinguished_name.push(DnType::CommonName, "A test's CA");
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);
    let mut leaf = CertificateParams::new(["localhost", "127.0.0.1", "::1"].map(String::from).to_vec())?;
    leaf.distinguished_name.push(DnType::CommonName, "A test's server");
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;
    Ok((ca_certificate.pem(), certificate.pem(), key.serialize_pem()))
}
