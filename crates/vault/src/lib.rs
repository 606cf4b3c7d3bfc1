//! The one place that holds keys: a 32-byte key per channel, one for the ledger, and the admin key of the API.
//!
//! They live in the OS keychain (Secret Service, macOS Keychain, Windows Credential Manager), in a key file when a person
//! chose so, or wrapped by a master key that was handed to the process, in a file or a database (see [`MasterKey`]). Keychain calls may block for as long as a person takes to answer a prompt, so they
//! run on a thread of their own and every caller has a deadline: see [`Vault`].

mod entry;
mod error;
mod key;
mod key_file;
mod keychain;
mod master;
mod queue;
mod replace;
mod scope;
mod store;
mod vault;

pub use entry::KeyOf;
pub use error::VaultError;
pub use key::{AdminKey, Key32};
pub use master::{CREDENTIAL, MasterKey, MasterKeyError, MasterKeys, NotAMasterKey, SealedEntries, SealedEntry, SealedFile};
pub use scope::{Installation, Namespace, Scope};
pub use store::{Access, VaultReport, Wrapping};
pub use vault::Vault;
