use super::FailStop;
use async_trait::async_trait;
use std::collections::HashMap;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::error::Result;
use wacore::store::traits::{AppStateSyncKey, AppSyncStore, Backend};

#[async_trait]
impl<B: Backend + ?Sized> AppSyncStore for FailStop<B> {
    async fn get_sync_key(&self, key_id: &[u8]) -> Result<Option<AppStateSyncKey>> {
        self.store.get_sync_key(key_id).await
    }

    async fn set_sync_key(&self, key_id: &[u8], key: AppStateSyncKey) -> Result<()> {
        self.write(self.store.set_sync_key(key_id, key)).await
    }

    async fn get_version(&self, name: &str) -> Result<HashState> {
        self.store.get_version(name).await
    }

    async fn set_version(&self, name: &str, state: HashState) -> Result<()> {
        self.write(self.store.set_version(name, state)).await
    }

    async fn put_mutation_macs(&self, name: &str, version: u64, mutations: &[AppStateMutationMAC]) -> Result<()> {
        self.write(self.store.put_mutation_macs(name, version, mutations)).await
    }

    async fn get_mutation_mac(&self, name: &str, index_mac: &[u8]) -> Result<Option<Vec<u8>>> {
        self.store.get_mutation_mac(name, index_mac).await
    }

    async fn get_mutation_macs(&self, name: &str, index_macs: &[[u8; 32]]) -> Result<HashMap<[u8; 32], Vec<u8>>> {
        self.store.get_mutation_macs(name, index_macs).await
    }

    async fn delete_mutation_macs(&self, name: &str, index_macs: &[Vec<u8>]) -> Result<()> {
        self.write(self.store.delete_mutation_macs(name, index_macs)).await
    }

    async fn clear_mutation_macs(&self, name: &str) -> Result<()> {
        self.write(self.store.clear_mutation_macs(name)).await
    }

    async fn get_latest_sync_key_id(&self) -> Result<Option<Vec<u8>>> {
        self.store.get_latest_sync_key_id().await
    }
}
