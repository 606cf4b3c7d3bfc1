use super::batch::Batch;
use super::kind::Kind;
use super::store::{RedisStore, fixed};
use async_trait::async_trait;
use bytes::Bytes;
use std::sync::Arc;
use wacore::store::error::Result;
use wacore::store::traits::SignalStore;

/// Whether WhatsApp has it stands before what is sealed, so that it can be changed without being read.
const FLAG: usize = 1;

/// Whose address it is: `user@server` or `user:device@server`.
fn user(address: &str) -> Option<&str> {
    address.find(['@', ':']).map(|end| &address[..end])
}

impl RedisStore {
    fn put_addressed(&self, batch: &mut Batch, kind: Kind, address: &str, value: &[u8]) {
        let field = self.name(kind, &[address.as_bytes()]);
        let sealed = self.sealed(kind, &field, &[address.as_bytes(), value]);
        match user(address) {
            Some(user) => batch.set_of_user(kind, &field, &self.name(Kind::User, &[user.as_bytes()]), sealed),
            None => batch.set(kind, &field, sealed),
        }
    }

    async fn delete_addressed(&self, kind: Kind, address: &str) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(kind, &[address.as_bytes()]);
        match user(address) {
            Some(user) => batch.delete_of_user(kind, &field, &self.name(Kind::User, &[user.as_bytes()])),
            None => batch.delete(kind, &field),
        }
        self.write(batch).await.map(drop)
    }

    async fn get_value(&self, kind: Kind, about: &[u8]) -> Result<Option<Vec<u8>>> {
        match self.get(kind, &self.name(kind, &[about])).await? {
            Some(record) => {
                let [_, value] = record.parts()?;
                Ok(Some(value.to_vec()))
            }
            None => Ok(None),
        }
    }

    fn put_prekey(&self, batch: &mut Batch, id: u32, record: &[u8], uploaded: bool) {
        let field = self.name(Kind::Prekey, &[&id.to_be_bytes()]);
        let mut value = vec![u8::from(uploaded)];
        value.extend(self.sealed(Kind::Prekey, &field, &[&id.to_be_bytes(), record]));
        batch.set(Kind::Prekey, &field, value);
    }

    fn prekey(&self, field: &[u8], value: &[u8]) -> Result<(u32, Vec<u8>)> {
        let record = self.opened(Kind::Prekey, field, value.get(FLAG..).unwrap_or_default())?;
        let [id, record] = record.parts()?;
        Ok((u32::from_be_bytes(fixed(id)?), record.to_vec()))
    }
}

#[async_trait]
impl SignalStore for RedisStore {
    async fn put_identity(&self, address: &str, key: [u8; 32]) -> Result<()> {
        self.put_identities_batch(&[(Arc::from(address), key)]).await
    }

    async fn put_identities_batch(&self, identities: &[(Arc<str>, [u8; 32])]) -> Result<()> {
        let mut batch = Batch::new();
        for (address, key) in identities {
            self.put_addressed(&mut batch, Kind::Identity, address, key);
        }
        self.write(batch).await.map(drop)
    }

    async fn load_identity(&self, address: &str) -> Result<Option<[u8; 32]>> {
        self.get_value(Kind::Identity, address.as_bytes()).await?.map(|key| fixed(&key)).transpose()
    }

    async fn delete_identity(&self, address: &str) -> Result<()> {
        self.delete_addressed(Kind::Identity, address).await
    }

    async fn get_session(&self, address: &str) -> Result<Option<Bytes>> {
        Ok(self.get_value(Kind::Session, address.as_bytes()).await?.map(Bytes::from))
    }

    async fn put_session(&self, address: &str, session: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        self.put_addressed(&mut batch, Kind::Session, address, session);
        self.write(batch).await.map(drop)
    }

    async fn put_sessions_batch(&self, sessions: &[(Arc<str>, Bytes)]) -> Result<()> {
        let mut batch = Batch::new();
        for (address, session) in sessions {
            self.put_addressed(&mut batch, Kind::Session, address, session);
        }
        self.write(batch).await.map(drop)
    }

    async fn delete_session(&self, address: &str) -> Result<()> {
        self.delete_addressed(Kind::Session, address).await
    }

    async fn has_session(&self, address: &str) -> Result<bool> {
        self.has(Kind::Session, &self.name(Kind::Session, &[address.as_bytes()])).await
    }

    async fn has_signal_state_for_user(&self, user: &str) -> Result<bool> {
        self.has(Kind::User, &self.name(Kind::User, &[user.as_bytes()])).await
    }

    async fn store_prekey(&self, id: u32, record: &[u8], uploaded: bool) -> Result<()> {
        let mut batch = Batch::new();
        self.put_prekey(&mut batch, id, record, uploaded);
        self.write(batch).await.map(drop)
    }

    async fn store_prekeys_batch(&self, keys: &[(u32, Bytes)], uploaded: bool) -> Result<()> {
        let mut batch = Batch::new();
        for (id, record) in keys {
            self.put_prekey(&mut batch, *id, record, uploaded);
        }
        self.write(batch).await.map(drop)
    }

    async fn load_prekey(&self, id: u32) -> Result<Option<Bytes>> {
        let found = self.load_prekeys_batch(&[id]).await?;
        Ok(found.into_iter().next().map(|(_, record)| record))
    }

    async fn load_prekeys_batch(&self, ids: &[u32]) -> Result<Vec<(u32, Bytes)>> {
        let mut wanted = ids.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        let fields: Vec<_> = wanted.iter().map(|id| self.name(Kind::Prekey, &[&id.to_be_bytes()])).collect();
        let found = self.get_many_raw(Kind::Prekey, &fields).await?;
        let keys = fields.iter().zip(found).filter_map(|(field, value)| value.map(|value| self.prekey(field, &value)));
        keys.map(|key| key.map(|(id, record)| (id, Bytes::from(record)))).collect()
    }

    async fn mark_prekeys_uploaded(&self, ids: &[u32]) -> Result<()> {
        let mut batch = Batch::new();
        for id in ids {
            batch.flag(Kind::Prekey, &self.name(Kind::Prekey, &[&id.to_be_bytes()]));
        }
        self.write(batch).await.map(drop)
    }

    async fn remove_prekey(&self, id: u32) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::Prekey, &self.name(Kind::Prekey, &[&id.to_be_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn get_max_prekey_id(&self) -> Result<u32> {
        let all = self.all_raw(Kind::Prekey).await?;
        let ids = all.iter().map(|(field, value)| self.prekey(field, value).map(|(id, _)| id));
        ids.reduce(|one, other| Ok(one?.max(other?))).unwrap_or(Ok(0))
    }

    async fn store_signed_prekey(&self, id: u32, record: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(Kind::SignedPrekey, &[&id.to_be_bytes()]);
        let sealed = self.sealed(Kind::SignedPrekey, &field, &[&id.to_be_bytes(), record]);
        batch.set(Kind::SignedPrekey, &field, sealed);
        self.write(batch).await.map(drop)
    }

    async fn load_signed_prekey(&self, id: u32) -> Result<Option<Vec<u8>>> {
        self.get_value(Kind::SignedPrekey, &id.to_be_bytes()).await
    }

    async fn load_all_signed_prekeys(&self) -> Result<Vec<(u32, Vec<u8>)>> {
        let all = self.all(Kind::SignedPrekey).await?;
        let key = |(_, record): &(_, super::store::Record)| {
            let [id, record] = record.parts()?;
            Ok((u32::from_be_bytes(fixed(id)?), record.to_vec()))
        };
        all.iter().map(key).collect()
    }

    async fn remove_signed_prekey(&self, id: u32) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::SignedPrekey, &self.name(Kind::SignedPrekey, &[&id.to_be_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn put_sender_key(&self, address: &str, record: &[u8]) -> Result<()> {
        self.put_sender_keys_batch(&[(Arc::from(address), Bytes::copy_from_slice(record))]).await
    }

    async fn put_sender_keys_batch(&self, sender_keys: &[(Arc<str>, Bytes)]) -> Result<()> {
        let mut batch = Batch::new();
        for (address, record) in sender_keys {
            let field = self.name(Kind::SenderKey, &[address.as_bytes()]);
            let sealed = self.sealed(Kind::SenderKey, &field, &[address.as_bytes(), record]);
            batch.set(Kind::SenderKey, &field, sealed);
        }
        self.write(batch).await.map(drop)
    }

    async fn get_sender_key(&self, address: &str) -> Result<Option<Vec<u8>>> {
        self.get_value(Kind::SenderKey, address.as_bytes()).await
    }

    async fn delete_sender_key(&self, address: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::SenderKey, &self.name(Kind::SenderKey, &[address.as_bytes()]));
        self.write(batch).await.map(drop)
    }
}
