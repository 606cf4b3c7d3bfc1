use super::FailStop;
use async_trait::async_trait;
use wacore::store::error::Result;
use wacore::store::traits::{Backend, MessageSecret, MsgSecretEntry, MsgSecretStore};

#[async_trait]
impl<B: Backend + ?Sized> MsgSecretStore for FailStop<B> {
    async fn put_msg_secret(&self, chat: &str, sender: &str, msg_id: &str, secret: &MessageSecret) -> Result<()> {
        self.write(self.store.put_msg_secret(chat, sender, msg_id, secret)).await
    }

    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        self.write(self.store.put_msg_secrets(entries)).await
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        self.store.get_msg_secret(chat, sender, msg_id).await
    }

    async fn get_msg_secret_with_ts(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<(Vec<u8>, i64)>> {
        self.store.get_msg_secret_with_ts(chat, sender, msg_id).await
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.write(self.store.delete_expired_msg_secrets(cutoff_timestamp)).await
    }
}
