use super::FailStop;
use async_trait::async_trait;
use wacore::stats::StorageResourceReport;
use wacore::store::Device;
use wacore::store::error::Result;
use wacore::store::traits::{Backend, DeviceStore};

#[async_trait]
impl<B: Backend + ?Sized> DeviceStore for FailStop<B> {
    async fn save(&self, device: &Device) -> Result<()> {
        self.write(self.store.save(device)).await
    }

    async fn load(&self) -> Result<Option<Device>> {
        self.store.load().await
    }

    async fn exists(&self) -> Result<bool> {
        self.store.exists().await
    }

    async fn create(&self) -> Result<i32> {
        self.write(self.store.create()).await
    }

    // A copy beside the store; it changes nothing in it.
    async fn snapshot_db(&self, name: &str, extra_content: Option<&[u8]>) -> Result<()> {
        self.store.snapshot_db(name, extra_content).await
    }

    async fn resource_report(&self) -> StorageResourceReport {
        self.store.resource_report().await
    }
}
