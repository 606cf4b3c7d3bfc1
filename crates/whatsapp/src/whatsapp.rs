use crate::auth_state::snapshot::{InstallError, Snapshot};
use crate::auth_state::{AuthStates, AuthStore};
use crate::dialer::trust;
use crate::endpoint::{Endpoint, EndpointError};
use crate::session::{self, Parts};
use async_trait::async_trait;
use domain::ChannelId;
use socket::{Opening, Socket, SocketFactory, StoreError};
use std::sync::Arc;

/// What a loopback WhatsApp is told when nobody says otherwise; the real one is asked which version it wants.
#[cfg(feature = "sandbox")]
const SANDBOX_VERSION: (u32, u32, u32) = (2, 3000, 1_042_742_319);
/// The longest name that the phone's list of linked devices shows without cutting it.
const LONGEST_NAME: usize = 40;

#[derive(Clone, Debug)]
pub struct WhatsAppConfig {
    pub auth_store: AuthStore,
    pub endpoint: Endpoint,
    /// What the phone's list of linked devices calls this one.
    pub device_name: String,
    /// The version of WhatsApp Web to present; `None` asks WhatsApp (once a day), or takes a constant in a sandbox build.
    pub version: Option<(u32, u32, u32)>,
}

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the device name must have 1 to {LONGEST_NAME} visible characters")]
    DeviceName,
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// Opens live sockets through whatsapp-rust.
#[derive(Clone)]
pub struct WhatsApp {
    parts: Arc<Parts>,
}

impl WhatsApp {
    pub fn new(config: WhatsAppConfig) -> Result<Self, ConfigError> {
        let name = config.device_name.trim();
        if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(ConfigError::DeviceName);
        }
        #[cfg(feature = "sandbox")]
        let version = config.version.or(Some(SANDBOX_VERSION));
        #[cfg(not(feature = "sandbox"))]
        let version = config.version;
        let parts = Parts {
            auth_states: AuthStates::new(config.auth_store),
            tls: trust(config.endpoint.authorities())?,
            endpoint: Arc::new(config.endpoint),
            device_name: name.to_owned(),
            version,
        };
        Ok(WhatsApp { parts: Arc::new(parts) })
    }
}

impl WhatsApp {
    /// All of the channel's auth-state, after the end of its socket; `None` when there is none.
    ///
    /// # Errors
    /// `Io` while a socket of the channel stays open; others as [`AuthStore::snapshot`](crate::AuthStore::snapshot).
    pub async fn snapshot(&self, channel: ChannelId) -> Result<Option<Snapshot>, StoreError> {
        Ok(self.parts.auth_states.snapshot(channel).await?)
    }

    /// Makes `snapshot` the auth-state of a channel that has none, while no socket of it can begin.
    ///
    /// # Errors
    /// As [`AuthStore::install`](crate::AuthStore::install).
    pub async fn install(&self, channel: ChannelId, snapshot: &Snapshot) -> Result<(), InstallError> {
        self.parts.auth_states.install(channel, snapshot).await
    }

    /// Takes away what [`WhatsApp::install`] put there.
    ///
    /// # Errors
    /// When the key cannot be deleted, or the rest not be removed.
    pub async fn withdraw(&self, channel: ChannelId) -> Result<(), StoreError> {
        Ok(self.parts.auth_states.shred(channel).await?)
    }
}

impl std::fmt::Debug for WhatsApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WhatsApp").field("endpoint", &self.parts.endpoint.url()).finish_non_exhaustive()
    }
}

#[async_trait]
impl SocketFactory for WhatsApp {
    async fn open(&self, opening: Opening) -> Box<dyn Socket> {
        Box::new(session::start(Arc::clone(&self.parts), opening))
    }

    async fn is_paired(&self, channel: ChannelId) -> Result<bool, StoreError> {
        Ok(self.parts.auth_states.is_paired(channel).await?)
    }

    async fn shred(&self, channel: ChannelId) -> Result<(), StoreError> {
        Ok(self.parts.auth_states.shred(channel).await?)
    }
}
