use super::*;
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::path::Path;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

fn self_made(dir: &Path, names: &[&str]) -> Certificate {
    Certificate::SelfMade {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        kept: dir.join("tls.sealed"),
        seal: Key32::from_bytes([7; 32]),
    }
}

fn shown(source: Certificate, now: Timestamp) -> Shown {
    Tls::open(source, now).unwrap().shown().borrow().clone()
}

/// A certificate and its key as PEM, good until a day in 2040 or, if `ended`, in 2020.
fn pem(ended: bool) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut about = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    about.not_before = rcgen::date_time_ymd(2019, 1, 1);
    about.not_after = rcgen::date_time_ymd(if ended { 2020 } else { 2040 }, 1, 1);
    (about.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn given(dir: &Path, (certificate, key): &(String, String)) -> Certificate {
    let paths = (dir.join("cert.pem"), dir.join("key.pem"));
    fs::write(&paths.0, certificate).unwrap();
    fs::write(&paths.1, key).unwrap();
    Certificate::Given { certificate: paths.0, key: paths.1 }
}

fn refused(source: Certificate) -> String {
    Tls::open(source, NOW).unwrap_err().to_string()
}

#[test]
fn ours_stays_the_same_over_starts_until_it_nears_its_end_or_has_to_be_good_for_more() {
    let dir = tempfile::tempdir().unwrap();
    let first = shown(self_made(dir.path(), &["192.0.2.1", "home.example"]), NOW);
    assert!(first.self_made && first.until > NOW.plus(YEAR));
    assert_eq!(first.fingerprint.len(), 32 * 3 - 1);
    assert_eq!(shown(self_made(dir.path(), &["home.example", "192.0.2.1"]), NOW), first);
    let more = shown(self_made(dir.path(), &["192.0.2.1", "home.example", "other.example"]), NOW);
    assert_ne!(more.fingerprint, first.fingerprint);
    let late = NOW.plus(YEAR + Duration::from_secs(5 * 24 * 3600));
    let renewed = shown(self_made(dir.path(), &["192.0.2.1", "home.example", "other.example"]), late);
    assert_ne!(renewed.fingerprint, more.fingerprint);
    assert!(renewed.until > more.until);
}

#[test]
fn its_key_is_not_to_be_found_on_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    shown(self_made(dir.path(), &["localhost"]), NOW);
    let kept = fs::read(dir.path().join("tls.sealed")).unwrap();
    let sealer = seal::Sealer::new(&[7; 32], "tls");
    let json = String::from_utf8(sealer.open(b"certificate 1", &kept).unwrap().to_vec()).unwrap();
    let key = json.split("\"key\":\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(key));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(dir.path().join("tls.sealed")).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn with_another_key_of_the_database_there_is_another_certificate() {
    let dir = tempfile::tempdir().unwrap();
    let first = shown(self_made(dir.path(), &["localhost"]), NOW);
    let Certificate::SelfMade { names, kept, .. } = self_made(dir.path(), &["localhost"]) else { unreachable!() };
    let second = shown(Certificate::SelfMade { names, kept, seal: Key32::from_bytes([8; 32]) }, NOW);
    assert_ne!(first.fingerprint, second.fingerprint);
}

#[test]
fn a_given_one_is_shown_and_what_cannot_be_used_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let good = pem(false);
    assert!(!shown(given(dir.path(), &good), NOW).self_made);
    assert!(refused(given(dir.path(), &(good.0.clone(), pem(false).1))).contains("do not belong together"));
    assert!(refused(given(dir.path(), &pem(true))).contains("has ended"));
    assert!(refused(given(dir.path(), &("nothing".to_owned(), good.1.clone()))).contains("holds no certificate"));
    assert!(refused(given(dir.path(), &(good.0.clone(), "nothing".to_owned()))).contains("holds no private key"));
    let absent = Certificate::Given { certificate: dir.path().join("absent.pem"), key: dir.path().join("key.pem") };
    assert!(refused(absent).contains("absent.pem"));
}

#[test]
fn files_that_change_are_read_again_and_a_bad_change_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let tls = Tls::open(given(dir.path(), &pem(false)), NOW).unwrap();
    let (first, marks) = (tls.shown().borrow().clone(), tls.marks());
    given(dir.path(), &(pem(false).0, "half a key".to_owned()));
    assert_ne!(tls.marks(), marks);
    tls.change(NOW);
    assert_eq!(*tls.shown().borrow(), first);
    given(dir.path(), &pem(false));
    tls.change(NOW);
    assert_ne!(tls.shown().borrow().fingerprint, first.fingerprint);
}
