use super::DeviceError;
use super::install::WriteError;
use crate::auth_state::OpenError;
use socket::StoreError;

/// Why a snapshot did not become a channel's auth-state. Nothing of it stayed, and what was there before is untouched.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    #[error("the channel has an auth-state already")]
    Occupied,
    #[error("what the store gives back is not what it was given")]
    Differs,
    #[error("the snapshot is none of a device: {0}")]
    Malformed(#[from] DeviceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OpenError> for InstallError {
    fn from(error: OpenError) -> Self {
        InstallError::Store(error.into())
    }
}

impl From<WriteError> for InstallError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => OpenError::from(error).into(),
            WriteError::Device(error) => error.into(),
        }
    }
}
