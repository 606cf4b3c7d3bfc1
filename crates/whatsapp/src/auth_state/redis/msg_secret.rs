use super::batch::{Batch, number};
use super::kind::Kind;
use super::store::{RedisStore, fixed, unlike_us};
use async_trait::async_trait;
use wacore::store::error::Result;
use wacore::store::traits::{MsgSecretEntry, MsgSecretStore};

/// When it expires and when its message was, before what is sealed: Redis merges them by itself.
const TIMES: usize = 16;

/// `expires_at`, `message_ts` and the rest.
pub(super) fn split(value: &[u8]) -> Result<(i64, i64, &[u8])> {
    let (times, sealed) = value.split_at_checked(TIMES).ok_or_else(unlike_us)?;
    let (until, at) = times.split_at(TIMES / 2);
    Ok((number(fixed(until)?), number(fixed(at)?), sealed))
}

#[async_trait]
impl MsgSecretStore for RedisStore {
    async fn put_msg_secrets(&self, entries: Vec<MsgSecretEntry>) -> Result<usize> {
        let mut batch = Batch::new();
        for entry in &entries {
            let about = [entry.chat.as_bytes(), entry.sender.as_bytes(), entry.msg_id.as_bytes()];
            let field = self.name(Kind::MsgSecret, &about);
            let [chat, sender, id] = about;
            let sealed = self.sealed(Kind::MsgSecret, &field, &[chat, sender, id, &entry.secret]);
            batch.merge_secret(&field, entry.expires_at, entry.message_ts, sealed);
        }
        self.write(batch).await?;
        Ok(entries.len())
    }

    async fn get_msg_secret(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.get_msg_secret_with_ts(chat, sender, msg_id).await?.map(|(secret, _)| secret))
    }

    async fn get_msg_secret_with_ts(&self, chat: &str, sender: &str, msg_id: &str) -> Result<Option<(Vec<u8>, i64)>> {
        let field = self.name(Kind::MsgSecret, &[chat.as_bytes(), sender.as_bytes(), msg_id.as_bytes()]);
        let Some(value) = self.get_raw(Kind::MsgSecret, &field).await? else { return Ok(None) };
        let (_, at, sealed) = split(&value)?;
        let record = self.opened(Kind::MsgSecret, &field, sealed)?;
        let [_, _, _, secret] = record.parts()?;
        Ok(Some((secret.to_vec(), at)))
    }

    async fn delete_expired_msg_secrets(&self, cutoff_timestamp: i64) -> Result<u32> {
        let mut batch = Batch::new();
        batch.expire(Kind::MsgSecret, Kind::SecretUntil, &cutoff_timestamp.to_string());
        self.count(batch).await
    }
}
