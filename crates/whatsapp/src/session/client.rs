use super::ear::Ear;
use super::inbound::Hook;
use super::shared::Shared;
use crate::auth_state::{AuthStates, FailStop, OpenError};
use crate::dialer::Dialer;
use crate::endpoint::Endpoint;
use crate::http::Http;
use crate::transport::{LastLook, Line, chain};
use domain::Cause;
use futures::FutureExt as _;
use rustls::ClientConfig;
use socket::{Close, Opening};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use wacore::store::traits::Backend;
use wacore::store::{DeviceCommand, DevicePropsOverride};
use wacore::types::events::Subscription;
use waproto::whatsapp::device_props::PlatformType;
use whatsapp_rust::store::persistence_manager::PersistenceManager;
use whatsapp_rust::{CacheConfig, CacheEntryConfig, Client, TokioRuntime};

/// How often changes of the device's own record reach the disk, beside every orderly end.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// The symbol in the phone's list of linked devices. WhatsApp also derives from it what it accepts as the sender of a
/// request for a pairing code ("Chrome (Linux)"); it refuses names of one's own there.
const PLATFORM: PlatformType = PlatformType::CHROME;

/// What all sessions are made from.
pub(crate) struct Parts {
    pub auth_states: AuthStates,
    pub endpoint: Arc<Endpoint>,
    pub tls: Arc<ClientConfig>,
    pub device_name: String,
    pub version: Option<(u32, u32, u32)>,
}

/// A client that has been built and does not run yet.
pub(super) struct Built {
    pub client: Arc<Client>,
    pub persistence: Arc<PersistenceManager>,
    pub paired: bool,
    pub _hearing: Subscription,
}

pub(super) async fn build(
    parts: &Arc<Parts>,
    opening: &Opening,
    shared: &Arc<Shared>,
    store: Arc<FailStop<dyn Backend>>,
    ear: Ear,
) -> Result<Built, Close> {
    let damaged = |e: wacore::store::error::StoreError| {
        let error = OpenError::from(e);
        tracing::error!(channel.id = %opening.channel, %error, "the auth-state cannot be used");
        // Of a write that failed we have heard already.
        shared.verdict().unwrap_or_else(|| error.close())
    };
    let persistence = Arc::new(PersistenceManager::new(store).await.map_err(damaged)?);
    let paired = persistence.get_device_snapshot().pn.is_some();
    // Not kept in the store, and told to WhatsApp at pairing only.
    let props = DevicePropsOverride::new().with_os(parts.device_name.clone()).with_platform_type(PLATFORM);
    persistence.process_command(DeviceCommand::SetDeviceProps(props)).await;
    // whatsapp-rust would write it a moment later. A disk that is full ends the session here, before WhatsApp hears of
    // it and hands out what cannot be kept.
    persistence.flush().await.map_err(damaged)?;

    let dialer = Dialer::new(opening.proxy.clone(), Arc::clone(&parts.tls));
    let line = Line::new(dialer.clone(), Arc::clone(&parts.endpoint), Arc::clone(&shared.pulse), Arc::clone(&shared.gate))
        .after(still_ours(parts, shared));
    let mut builder = Client::builder()
        .with_runtime(TokioRuntime)
        .with_persistence_manager(Arc::clone(&persistence))
        .with_transport_factory(line)
        .with_http_client(Http::new(dialer))
        .with_cache_config(caches())
        .with_inbound_durability_hook(Hook::new(Arc::clone(&opening.inbox), Arc::clone(shared)))
        .with_skip_history_sync(true)
        .with_background_saver_interval(SAVE_EVERY);
    if let Some(version) = parts.version {
        builder = builder.with_version_override(version);
    }
    let built = builder.build().await.map_err(|e| {
        tracing::error!(channel.id = %opening.channel, error = %chain(&e), "the client cannot be built");
        // Building writes too.
        shared.verdict().unwrap_or_else(|| OpenError::behind(&e).close())
    })?;
    let client = built.into_client();
    client.enable_auto_reconnect.store(false, Ordering::Relaxed);
    let hearing = client.subscribe_handler(Arc::new(ear));
    Ok(Built { client, persistence, paired, _hearing: hearing })
}

fn still_ours(parts: &Arc<Parts>, shared: &Arc<Shared>) -> LastLook {
    let (parts, shared) = (Arc::clone(parts), Arc::clone(shared));
    Arc::new(move || {
        let (parts, shared) = (Arc::clone(&parts), Arc::clone(&shared));
        let look = async move {
            parts.auth_states.still_ours(shared.channel).await.map_err(|error| {
                tracing::info!(channel.id = %shared.channel, %error, "not logged in");
                shared.decide(error.close());
                if matches!(error, OpenError::Moved) { Cause::Moving } else { Cause::StorageFailed }
            })
        };
        look.boxed()
    })
}

/// Upstream's caches are sized for one busy client in a process. They allocate as they fill, so this bounds what a
/// channel that once was busy keeps; the store on disk stands behind every one of them.
fn caches() -> CacheConfig {
    let hour = Some(Duration::from_secs(3600));
    CacheConfig {
        group_cache: CacheEntryConfig::new(hour, 64),
        device_registry_cache: CacheEntryConfig::new(hour, 2_048),
        message_retry_counts: CacheEntryConfig::new(hour, 256),
        undecryptable_dispatched: CacheEntryConfig::new(Some(Duration::from_secs(300)), 256),
        pdo_requested: CacheEntryConfig::new(Some(Duration::from_secs(24 * 3600)), 256),
        sender_key_devices_cache: CacheEntryConfig::new(hour, 64),
        seed_msg_secrets_from_history: false,
        ..CacheConfig::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wacore::pair_code::derive_companion_platform;

    #[test]
    fn a_pairing_code_is_asked_for_under_a_name_that_whatsapp_accepts() {
        let props =
            waproto::whatsapp::DeviceProps { os: Some("WhatIsUp".into()), platform_type: Some(PLATFORM), ..Default::default() };
        assert_eq!(derive_companion_platform(&props).1, "Chrome (Linux)");
    }
}
