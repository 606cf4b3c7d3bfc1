//! macOS: the login keychain. It asks the person by itself, inside the call; there is no way to look first.

use crate::VaultError;
use crate::entry::Entry;
use crate::store::{Access, Unlock};
use apple_native_keyring_store::keychain::Store;
use keyring_core::CredentialStore;
use std::sync::Arc;

pub(super) const NAME: &str = "macOS Keychain";

pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

pub(super) fn build(store: &Arc<CredentialStore>, entry: &Entry) -> keyring_core::Result<keyring_core::Entry> {
    store.build(entry.service, &entry.account, None)
}

pub(super) fn access() -> Result<Access, VaultError> {
    Ok(Access::Unknown)
}

pub(super) fn unlock() -> Option<Unlock> {
    None
}

/// Told apart by what Security.framework says, whose texts follow its status codes (errSecInteractionNotAllowed,
/// errSecNoSuchKeychain, errSecAuthFailed).
pub(super) fn explain(why: &(dyn std::error::Error + Send + Sync + 'static)) -> VaultError {
    let text = why.to_string();
    let lower = text.to_lowercase();
    if lower.contains("interaction is not allowed") || lower.contains("locked") {
        VaultError::Locked
    } else if lower.contains("keychain could not be found") || lower.contains("no keychain is available") {
        VaultError::Missing
    } else {
        VaultError::Refused(text)
    }
}
