use super::FailStop;
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use wacore::store::error::Result;
use wacore::store::traits::{Backend, SignalStore};

#[async_trait]
impl<B: Backend + ?Sized> SignalStore for FailStop<B> {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.write(self.store.put_identity(address, key)).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        self.write(self.store.put_identities_batch(identities)).await
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        self.store.load_identity(address).await
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.write(self.store.delete_identity(address)).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        self.store.get_session(address).await
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        self.write(self.store.put_session(address, session)).await
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        self.write(self.store.put_sessions_batch(sessions)).await
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.write(self.store.delete_session(address)).await
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        self.store.has_session(address).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        self.store.has_signal_state_for_user(user).await
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        self.write(self.store.store_prekey(id, record, uploaded)).await
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        self.write(self.store.store_prekeys_batch(keys, uploaded)).await
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        self.store.load_prekey(id).await
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        self.store.load_prekeys_batch(ids).await
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        self.write(self.store.mark_prekeys_uploaded(ids)).await
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        self.write(self.store.remove_prekey(id)).await
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        self.store.get_max_prekey_id().await
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        self.write(self.store.store_signed_prekey(id, record)).await
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.store.load_signed_prekey(id).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        self.store.load_all_signed_prekeys().await
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        self.write(self.store.remove_signed_prekey(id)).await
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        self.write(self.store.put_sender_key(address, record)).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        self.write(self.store.put_sender_keys_batch(sender_keys)).await
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        self.store.get_sender_key(address).await
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        self.write(self.store.delete_sender_key(address)).await
    }
}
