//! A snapshot into an empty store, through the store's own methods: whatever it is, it keeps them as it keeps what
//! whatsapp-rust gives it.

use super::{DeviceError, PerMessage, Snapshot};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry, PendingInboundRow, TcTokenEntry,
};

/// Records of one write: a store may hold a batch in memory twice.
const BATCH: usize = 500;

#[derive(Debug, thiserror::Error)]
pub(in crate::auth_state) enum WriteError {
    #[error(transparent)]
    Store(#[from] wacore::store::error::StoreError),
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// Writes all of it; the device, without which nothing of it is a session, last.
pub(in crate::auth_state) async fn write_into<B: Backend + ?Sized>(
    store: &B,
    snapshot: &Snapshot,
) -> std::result::Result<(), WriteError> {
    let device = snapshot.device.live()?;
    if !store.exists().await? {
        // What others refer to.
        store.create().await?;
    }
    signal(store, snapshot).await?;
    app_state(store, snapshot).await?;
    protocol(store, snapshot).await?;
    messages(store, snapshot).await?;
    store.save(&device).await?;
    Ok(())
}

async fn signal<B: Backend + ?Sized>(store: &B, snapshot: &Snapshot) -> Result<()> {
    let identities: Vec<_> =
        snapshot.identities.iter().map(|(address, key)| (Arc::from(address.as_str()), *key.bytes())).collect();
    for batch in identities.chunks(BATCH) {
        store.put_identities_batch(batch).await?;
    }
    for batch in named(&snapshot.sessions).chunks(BATCH) {
        store.put_sessions_batch(batch).await?;
    }
    for uploaded in [false, true] {
        let keys: Vec<_> = snapshot
            .prekeys
            .iter()
            .filter(|(_, key)| key.uploaded == uploaded)
            .map(|(id, key)| (*id, Bytes::copy_from_slice(key.record.as_slice())))
            .collect();
        for batch in keys.chunks(BATCH) {
            store.store_prekeys_batch(batch, uploaded).await?;
        }
    }
    for (id, record) in &snapshot.signed_prekeys {
        store.store_signed_prekey(*id, record.as_slice()).await?;
    }
    for batch in named(&snapshot.sender_keys).chunks(BATCH) {
        store.put_sender_keys_batch(batch).await?;
    }
    Ok(())
}

async fn app_state<B: Backend + ?Sized>(store: &B, snapshot: &Snapshot) -> Result<()> {
    for (id, key) in &snapshot.app_state_keys {
        let key = AppStateSyncKey {
            key_data: key.key_data.as_slice().to_vec(),
            fingerprint: key.fingerprint.as_slice().to_vec(),
            timestamp: key.timestamp,
        };
        store.set_sync_key(id.as_slice(), key).await?;
    }
    for (name, state) in &snapshot.app_state_versions {
        let state = HashState {
            version: state.version,
            hash: *state.hash.bytes(),
            index_value_map: state
                .index_values
                .iter()
                .map(|(index, value)| (index.clone(), value.as_slice().to_vec()))
                .collect(),
            mac_mismatch_fatal: state.mac_mismatch_fatal,
        };
        store.set_version(name, state).await?;
    }
    for (name, macs) in &snapshot.mutation_macs {
        let version = snapshot.app_state_versions.get(name).map_or(0, |state| state.version);
        let macs: Vec<_> = macs
            .iter()
            .map(|(index, value)| AppStateMutationMAC {
                index_mac: index.as_slice().to_vec(),
                value_mac: value.as_slice().to_vec(),
            })
            .collect();
        for batch in macs.chunks(BATCH) {
            store.put_mutation_macs(name, version, batch).await?;
        }
    }
    Ok(())
}

async fn protocol<B: Backend + ?Sized>(store: &B, snapshot: &Snapshot) -> Result<()> {
    for (group, devices) in &snapshot.sender_key_devices {
        let devices: Vec<_> = devices.iter().map(|(device, has_key)| (device.as_str(), *has_key)).collect();
        for batch in devices.chunks(BATCH) {
            store.set_sender_key_status(group, batch).await?;
        }
    }
    let mappings: Vec<_> = snapshot
        .lid_mappings
        .iter()
        .map(|(lid, mapping)| LidPnMappingEntry {
            lid: lid.clone(),
            phone_number: mapping.phone_number.clone(),
            created_at: mapping.created_at,
            updated_at: mapping.updated_at,
            learning_source: mapping.learning_source.clone(),
        })
        .collect();
    for batch in mappings.chunks(BATCH) {
        store.put_lid_mappings(batch).await?;
    }
    for (address, keys) in &snapshot.base_keys {
        for (message, key) in keys {
            store.save_base_key(address, message, key.as_slice()).await?;
        }
    }
    let lists: Vec<_> = snapshot
        .device_lists
        .iter()
        .map(|(user, list)| DeviceListRecord {
            user: user.clone(),
            devices: list
                .devices
                .iter()
                .map(|device| DeviceInfo::new(device.device_id, device.key_index).with_hosting(device.is_hosted))
                .collect(),
            timestamp: list.timestamp,
            phash: list.phash.clone(),
            raw_id: list.raw_id,
        })
        .collect();
    for batch in lists.chunks(BATCH) {
        store.update_device_lists(batch.to_vec()).await?;
    }
    for (group, blob) in &snapshot.group_metadata {
        store.put_group_metadata(group, blob.as_slice()).await?;
    }
    for (jid, token) in &snapshot.tc_tokens {
        let token = TcTokenEntry {
            token: token.token.as_slice().to_vec(),
            token_timestamp: token.token_timestamp,
            sender_timestamp: token.sender_timestamp,
        };
        store.put_tc_token(jid, &token).await?;
    }
    Ok(())
}

async fn messages<B: Backend + ?Sized>(store: &B, snapshot: &Snapshot) -> Result<()> {
    for (chat, messages) in &snapshot.sent_messages {
        for (id, payload) in messages {
            store.store_sent_message(chat, id, payload.as_slice()).await?;
        }
    }
    let pending: Vec<_> = flat(&snapshot.pending_inbound)
        .map(|(chat, sender, id, message)| PendingInboundRow { chat, sender, id, message: message.as_slice() })
        .collect();
    for batch in pending.chunks(BATCH) {
        store.store_pending_inbound_batch(batch).await?;
    }
    let secrets: Vec<_> = flat(&snapshot.msg_secrets)
        .map(|(chat, sender, id, secret)| MsgSecretEntry {
            chat: Arc::from(chat),
            sender: Arc::from(sender),
            msg_id: Arc::from(id),
            secret: *secret.secret.bytes(),
            expires_at: secret.expires_at,
            message_ts: secret.message_ts,
        })
        .collect();
    for batch in secrets.chunks(BATCH) {
        store.put_msg_secrets(batch.to_vec()).await?;
    }
    Ok(())
}

fn named(records: &BTreeMap<String, super::Blob>) -> Vec<(Arc<str>, Bytes)> {
    records.iter().map(|(name, record)| (Arc::from(name.as_str()), Bytes::copy_from_slice(record.as_slice()))).collect()
}

fn flat<T>(messages: &PerMessage<T>) -> impl Iterator<Item = (&str, &str, &str, &T)> {
    messages.iter().flat_map(|(chat, senders)| {
        senders.iter().flat_map(move |(sender, ids)| {
            ids.iter().map(move |(id, value)| (chat.as_str(), sender.as_str(), id.as_str(), value))
        })
    })
}
