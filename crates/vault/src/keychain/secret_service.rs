//! Linux and the BSDs: whatever answers as `org.freedesktop.secrets` on the session bus (gnome-keyring, KWallet, KeePassXC).

use crate::VaultError;
use crate::entry::Entry;
use crate::store::{Access, Unlock};
use keyring_core::CredentialStore;
use secret_service::blocking::SecretService;
use secret_service::{EncryptionType, Error};
use std::collections::HashMap;
use std::sync::Arc;
use zbus_secret_service_keyring_store::Store;

pub(super) const NAME: &str = "Secret Service";

pub(super) fn connect() -> keyring_core::Result<Arc<CredentialStore>> {
    Ok(Store::new()?)
}

pub(super) fn build(store: &Arc<CredentialStore>, entry: &Entry) -> keyring_core::Result<keyring_core::Entry> {
    store.build(entry.service, &entry.account, Some(&HashMap::from([("label", entry.label.as_str())])))
}

/// Looks at the default collection's `Locked` property, which never raises a prompt. No secret travels, so the
/// session needs no encryption.
pub(super) fn access() -> Result<Access, VaultError> {
    let service = SecretService::connect(EncryptionType::Plain).map_err(|e| explain_service(&e))?;
    match service.get_default_collection() {
        Ok(collection) => match collection.is_locked() {
            Ok(true) => Ok(Access::Locked),
            Ok(false) => Ok(Access::Open),
            Err(e) => Err(explain_service(&e)),
        },
        // A keychain that was never set up: unlocking is what sets it up.
        Err(Error::NoResult) => Ok(Access::Locked),
        Err(e) => Err(explain_service(&e)),
    }
}

pub(super) fn unlock() -> Option<Unlock> {
    Some(Box::new(|| {
        let service = SecretService::connect(EncryptionType::Plain).map_err(|e| explain_service(&e))?;
        match service.get_default_collection() {
            Ok(collection) => collection.unlock().map_err(|e| explain_service(&e)),
            Err(Error::NoResult) => service.create_collection("Login", "default").map(drop).map_err(|e| explain_service(&e)),
            Err(e) => Err(explain_service(&e)),
        }
    }))
}

pub(super) fn explain(why: &(dyn std::error::Error + Send + Sync + 'static)) -> VaultError {
    match why.downcast_ref::<Error>() {
        Some(e) => explain_service(e),
        None => VaultError::Refused(why.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn explain_service(error: &Error) -> VaultError {
    match error {
        Error::Locked => VaultError::Locked,
        Error::Prompt => VaultError::Refused("the keychain's password window was dismissed".into()),
        Error::Unavailable => VaultError::Missing,
        Error::PromptDisconnected => VaultError::Refused("the keychain went away while its password window was up".into()),
        Error::Zbus(e) => explain_bus(e),
        Error::ZbusFdo(e) => explain_name(e.to_string().as_str(), e),
        Error::NoResult => VaultError::Refused("the keychain has no collection to keep keys in".into()),
        other => VaultError::Refused(other.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "not our enum, and it is open")]
fn explain_bus(error: &zbus::Error) -> VaultError {
    match error {
        zbus::Error::Address(_)
        | zbus::Error::Connection(..)
        | zbus::Error::InputOutput(_)
        | zbus::Error::InterfaceNotFound => VaultError::Missing,
        zbus::Error::MethodError(name, _, _) => explain_name(name.as_str(), error),
        zbus::Error::FDO(e) => explain_name(e.to_string().as_str(), error),
        other => VaultError::Refused(other.to_string()),
    }
}

/// By the D-Bus name of the error, which is how the bus says that nobody keeps secrets on it.
fn explain_name(name: &str, error: &dyn std::fmt::Display) -> VaultError {
    const NOBODY: [&str; 4] = ["ServiceUnknown", "NameHasNoOwner", ".Spawn.", "UnknownObject"];
    if NOBODY.iter().any(|part| name.contains(part)) {
        VaultError::Missing
    } else if name.contains("Secret.Error.IsLocked") {
        VaultError::Locked
    } else {
        VaultError::Refused(error.to_string())
    }
}
