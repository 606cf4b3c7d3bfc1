use super::batch::Batch;
use super::kind::HEAD;
use super::store::{DEVICE, RedisStore, context};
use crate::auth_state::error::Trouble;
use crate::auth_state::snapshot;
use async_trait::async_trait;
use keyspace::Value;
use seal::Sealer;
use wacore::stats::StorageResourceReport;
use wacore::store::Device;
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::DeviceStore;
use zeroize::Zeroizing;

/// The field of the head that has it.
pub(super) const FIELD: &str = "device";

impl RedisStore {
    fn sealed_device(&self, device: &Device) -> Result<Vec<u8>> {
        let device = snapshot::Device::from(device);
        let bytes = serde_json::to_vec(&device).map_err(|e| StoreError::Serialization(Box::new(e)))?;
        Ok(self.sealer.seal(&context(HEAD, FIELD.as_bytes()), &Zeroizing::new(bytes)))
    }
}

/// What is sealed in the head.
pub(super) fn device(sealer: &Sealer, sealed: &[u8]) -> std::result::Result<snapshot::Device, StoreError> {
    let bytes = sealer.open(&context(HEAD, FIELD.as_bytes()), sealed).map_err(|_| Trouble::WrongKey)?;
    // Without serde's words, which quote what they do not like.
    serde_json::from_slice(&bytes).map_err(|_| StoreError::Serialization("the device has another form".into()))
}

#[async_trait]
impl DeviceStore for RedisStore {
    async fn save(&self, device: &Device) -> Result<()> {
        let mut batch = Batch::new();
        batch.set_head(FIELD, self.sealed_device(device)?);
        self.write(batch).await.map(drop)
    }

    async fn load(&self) -> Result<Option<Device>> {
        let Some(sealed) = self.head(FIELD).await? else { return Ok(None) };
        let live = device(&self.sealer, &sealed)?.live().map_err(|e| StoreError::Serialization(Box::new(e)))?;
        Ok(Some(live))
    }

    async fn exists(&self) -> Result<bool> {
        Ok(self.head(FIELD).await?.is_some())
    }

    async fn create(&self) -> Result<i32> {
        let mut batch = Batch::new();
        batch.set_head_once(FIELD, self.sealed_device(&Device::new())?);
        match self.write(batch).await?.as_slice() {
            [Value::Int(1)] => Ok(DEVICE),
            _ => Err(StoreError::Validation("there is a device already".into())),
        }
    }

    async fn resource_report(&self) -> StorageResourceReport {
        StorageResourceReport { memory_bytes: Some(0), ..StorageResourceReport::default() }
    }
}
