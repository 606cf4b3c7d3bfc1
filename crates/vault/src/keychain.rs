//! The keychain of the operating system, whichever that is.

#[cfg(target_os = "macos")]
#[path = "keychain/apple.rs"]
mod platform;
#[cfg(all(unix, not(target_os = "macos")))]
#[path = "keychain/secret_service.rs"]
mod platform;
#[cfg(windows)]
#[path = "keychain/windows.rs"]
mod platform;

use crate::VaultError;
use crate::entry::Entry;
use crate::store::{Access, Store, Unlock};
use keyring_core::{CredentialStore, Error};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Secrets are kept as base64 text: Windows allows 2560 bytes, and KDE Wallet only UTF-8.
pub(crate) struct Keychain {
    /// Kept between calls, because making one costs a key exchange; let go after an error, because it dies with
    /// the keychain's process.
    connected: Option<Arc<CredentialStore>>,
}

impl Keychain {
    pub fn new() -> Self {
        Keychain { connected: None }
    }

    /// Does `act` on an entry; once more on a new connection when the kept one turns out to be dead.
    fn with<T>(&mut self, entry: &Entry, act: impl Fn(&keyring_core::Entry) -> Result<T, Error>) -> Result<T, Error> {
        if let Some(store) = &self.connected {
            match platform::build(store, entry).and_then(|e| act(&e)) {
                Err(Error::PlatformFailure(why)) => {
                    tracing::debug!(reason = %why, "connecting to the keychain anew");
                    self.connected = None;
                }
                done => return done,
            }
        }
        let store = platform::connect()?;
        let done = platform::build(&store, entry).and_then(|e| act(&e));
        self.connected = Some(store);
        done
    }
}

impl Store for Keychain {
    fn name(&self) -> &'static str {
        platform::NAME
    }

    fn place(&self) -> Option<String> {
        None
    }

    fn access(&mut self) -> Result<Access, VaultError> {
        platform::access()
    }

    fn read(&mut self, entry: &Entry) -> Result<Option<Zeroizing<String>>, VaultError> {
        match self.with(entry, keyring_core::Entry::get_password) {
            Ok(text) => Ok(Some(Zeroizing::new(text))),
            Err(Error::NoEntry) => Ok(None),
            Err(e) => Err(explain(e)),
        }
    }

    fn write(&mut self, entry: &Entry, secret: &str) -> Result<(), VaultError> {
        self.with(entry, |e| e.set_password(secret)).map_err(explain)
    }

    fn delete(&mut self, entry: &Entry) -> Result<(), VaultError> {
        match self.with(entry, keyring_core::Entry::delete_credential) {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(e) => Err(explain(e)),
        }
    }

    fn unlock(&self) -> Option<Unlock> {
        platform::unlock()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn explain(error: Error) -> VaultError {
    match error {
        Error::PlatformFailure(why) | Error::NoStorageAccess(why) => platform::explain(why.as_ref()),
        Error::BadEncoding(mut bytes) => {
            zeroize::Zeroize::zeroize(&mut bytes);
            VaultError::Damaged("an entry of the keychain is not text".into())
        }
        Error::BadDataFormat(mut bytes, _) => {
            zeroize::Zeroize::zeroize(&mut bytes);
            VaultError::Damaged("an entry of the keychain cannot be read".into())
        }
        Error::BadStoreFormat(why) => VaultError::Damaged(why),
        Error::Ambiguous(_) => VaultError::Damaged("the keychain has two entries of one name".into()),
        other => VaultError::Refused(other.to_string()),
    }
}
