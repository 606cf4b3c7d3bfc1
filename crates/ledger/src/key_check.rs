//! A small file beside the ledger that tells a wrong key from a damaged file, which SQLCipher cannot: a keyed hash of a
//! constant. It says nothing about the key, which is 256 random bits.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

const FILE: &str = "ledger.key-check";
const CONSTANT: &[u8] = b"whatisup ledger key check 1";

pub(crate) enum KeyCheck {
    Right,
    Wrong,
    /// There is no (readable) check to compare with.
    Unknown,
}

fn mac(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(CONSTANT);
    mac
}

pub(crate) fn check(dir: &Path, key: &[u8; 32]) -> io::Result<KeyCheck> {
    let text = match fs::read_to_string(dir.join(FILE)) {
        Ok(text) => text,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => return Ok(KeyCheck::Unknown),
        Err(e) => return Err(e),
    };
    // A damaged check is no evidence against the key.
    let Ok(stored) = hex::decode(text.trim()) else { return Ok(KeyCheck::Unknown) };
    if stored.len() != 32 {
        return Ok(KeyCheck::Unknown);
    }
    Ok(if mac(key).verify_slice(&stored).is_ok() { KeyCheck::Right } else { KeyCheck::Wrong })
}

/// To be called with a key that has opened the ledger.
pub(crate) fn remember(dir: &Path, key: &[u8; 32]) -> io::Result<()> {
    if matches!(check(dir, key)?, KeyCheck::Right) {
        return Ok(());
    }
    let draft = dir.join(format!("{FILE}.new"));
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(format!("{}\n", hex::encode(mac(key).finalize().into_bytes())).as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, dir.join(FILE))?;
    #[cfg(unix)]
    File::open(dir)?.sync_all()?;
    Ok(())
}

/// For a ledger that begins anew.
pub(crate) fn forget(dir: &Path) -> io::Result<()> {
    match fs::remove_file(dir.join(FILE)) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        Ok(()) | Err(_) => Ok(()),
    }
}
