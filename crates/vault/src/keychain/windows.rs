//! Windows: the Credential Manager, open for as long as the person is logged on.

use crate::VaultError;
use crate::entry::Entry;
use crate::store::{Access, Unlock};
use keyring_core::CredentialStore;
use std::collections::HashMap;
use std::sync::Arc;
use windows_native_keyring_store::Store;

pub(super) const NAME: &str = "Windows Credential Manager";

pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

/// `Local`: a key never roams to another machine, where the files that it opens are not.
pub(super) fn build(store: &Arc<CredentialStore>, entry: &Entry) -> keyring_core::Result<keyring_core::Entry> {
    let target = entry.full_name();
    store.build(entry.service, &entry.account, Some(&HashMap::from([("target", target.as_str()), ("persistence", "Local")])))
}

pub(super) fn access() -> Result<Access, VaultError> {
    Ok(Access::Unknown)
}

pub(super) fn unlock() -> Option<Unlock> {
    None
}

/// A process without a logon session (a service account, say) has no credential set.
pub(super) fn explain(why: &(dyn std::error::Error + Send + Sync + 'static)) -> VaultError {
    let text = why.to_string();
    if text.to_lowercase().contains("logon session") { VaultError::Missing } else { VaultError::Refused(text) }
}
