//! Copies of auth-state for a backup, beside a process that may have it open.

use super::disk::Disk;
use super::files::Files;
use super::seal::Seal;
use domain::ChannelId;
use socket::StoreError;
use std::path::Path;
use vault::Key32;

/// The channels that have an auth-state below `data_dir`, in the order of their ids. What is about to be shredded does not count.
///
/// # Errors
/// When the directory cannot be read.
pub fn kept_auth_states(data_dir: &Path) -> Result<Vec<ChannelId>, StoreError> {
    Ok(Disk::kept_in(&data_dir.join("sessions"))?)
}

/// Writes the channel's auth-state, as it is at this moment, into the new file `into`, sealed with the same key.
///
/// # Errors
/// `WrongKey` when `key` does not open it; others when it cannot be read, or the copy cannot be written.
pub async fn copy_auth_state(data_dir: &Path, channel: ChannelId, key: &Key32, into: &Path) -> Result<(), StoreError> {
    let files = Files::new(&data_dir.join("sessions"), channel);
    Ok(Seal::new(key).copied(files.database(), into.to_owned()).await?)
}

/// Whether `key` opens the channel's auth-state.
///
/// # Errors
/// As [`copy_auth_state`].
pub async fn try_auth_state(data_dir: &Path, channel: ChannelId, key: &Key32) -> Result<(), StoreError> {
    let files = Files::new(&data_dir.join("sessions"), channel);
    Ok(Seal::new(key).tried_on(files.database()).await?)
}
