use super::batch::Batch;
use super::kind::Kind;
use super::store::{Field, RedisStore, fixed, long, text, unlike_us};
use async_trait::async_trait;
use std::collections::HashMap;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{AppStateSyncKey, AppSyncStore};

/// Of a key that can be used. As on disk, one of another length counts as absent and is asked for again.
const KEY: usize = 32;
/// Of a collection's name, at the beginning of those of its MACs: all of a collection go together.
const COLLECTION: usize = 8;

impl RedisStore {
    fn collection(&self, name: &str) -> Field {
        let mut field = self.name(Kind::MutationMac, &[name.as_bytes()]);
        field.truncate(COLLECTION);
        field
    }

    fn mac_field(&self, name: &str, index_mac: &[u8]) -> Field {
        let mut field = self.collection(name);
        field.extend(self.name(Kind::MutationMac, &[name.as_bytes(), index_mac]));
        field
    }
}

#[async_trait]
impl AppSyncStore for RedisStore {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        let Some(record) = self.get(Kind::SyncKey, &self.name(Kind::SyncKey, &[key_id])).await? else { return Ok(None) };
        let [_, key_data, fingerprint, timestamp] = record.parts()?;
        if key_data.len() != KEY {
            return Ok(None);
        }
        let key =
            AppStateSyncKey { key_data: key_data.to_vec(), fingerprint: fingerprint.to_vec(), timestamp: long(timestamp)? };
        Ok(Some(key))
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(Kind::SyncKey, &[key_id]);
        let parts = [key_id, &key.key_data, &key.fingerprint, &key.timestamp.to_be_bytes()];
        batch.set(Kind::SyncKey, &field, self.sealed(Kind::SyncKey, &field, &parts));
        self.write(batch).await.map(drop)
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        let field = self.name(Kind::Version, &[name.as_bytes()]);
        let Some(record) = self.get(Kind::Version, &field).await? else { return Ok(HashState::default()) };
        hash_state(&record.all_parts()?).map(|(_, state)| state)
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(Kind::Version, &[name.as_bytes()]);
        let (version, fatal) = (state.version.to_be_bytes(), [u8::from(state.mac_mismatch_fatal)]);
        let mut parts: Vec<&[u8]> = vec![name.as_bytes(), &version, &state.hash, &fatal];
        for (index, value) in &state.index_value_map {
            parts.extend([index.as_bytes(), value]);
        }
        batch.set(Kind::Version, &field, self.sealed(Kind::Version, &field, &parts));
        self.write(batch).await.map(drop)
    }

    async fn put_mutation_macs(&self, name: &str, _version: u64, mutations: &[AppStateMutationMAC]) -> Result<()> {
        let mut batch = Batch::new();
        for mac in mutations {
            let field = self.mac_field(name, &mac.index_mac);
            let sealed = self.sealed(Kind::MutationMac, &field, &[name.as_bytes(), &mac.index_mac, &mac.value_mac]);
            batch.set(Kind::MutationMac, &field, sealed);
        }
        self.write(batch).await.map(drop)
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        let Some(record) = self.get(Kind::MutationMac, &self.mac_field(name, index_mac)).await? else { return Ok(None) };
        let [_, _, value] = record.parts()?;
        Ok(Some(value.to_vec()))
    }

    async fn get_mutation_macs(&self, name: &str, index_macs: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        let fields: Vec<_> = index_macs.iter().map(|index| self.mac_field(name, index)).collect();
        let found = self.get_many(Kind::MutationMac, &fields).await?;
        let mut macs = HashMap::with_capacity(index_macs.len());
        for (index, record) in index_macs.iter().zip(found) {
            if let Some(record) = record {
                let [_, _, value] = record.parts()?;
                macs.insert(*index, value.to_vec());
            }
        }
        Ok(macs)
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        let mut batch = Batch::new();
        for index in index_macs {
            batch.delete(Kind::MutationMac, &self.mac_field(name, index));
        }
        self.write(batch).await.map(drop)
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete_prefixed(Kind::MutationMac, &self.collection(name));
        self.write(batch).await.map(drop)
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        let mut latest: Option<Vec<u8>> = None;
        for (_, record) in self.all(Kind::SyncKey).await? {
            let [id, key_data, _, _] = record.parts()?;
            if key_data.len() == KEY && latest.as_deref().is_none_or(|latest| id > latest) {
                latest = Some(id.to_vec());
            }
        }
        Ok(latest)
    }
}

/// With the name of the collection.
pub(super) fn hash_state(parts: &[&[u8]]) -> Result<(String, HashState)> {
    let ([name, version, hash, fatal], values) = parts.split_first_chunk::<4>().ok_or_else(unlike_us)?;
    let mut state = HashState { version: u64::from_be_bytes(fixed(version)?), hash: fixed(hash)?, ..HashState::default() };
    state.mac_mismatch_fatal = *fatal == [1];
    for pair in values.chunks(2) {
        let [index, value] = pair else { return Err(unlike_us()) };
        state.index_value_map.insert(text(index)?, value.to_vec());
    }
    Ok((text(name)?, state))
}
