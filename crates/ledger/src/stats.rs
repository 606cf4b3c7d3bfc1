use crate::dialect::Place;
use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError, open, stored};
use domain::ChannelId;

/// Sizes of the ledger, for metrics. Cheap at any size: nothing is counted row by row but the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerStats {
    pub last_seq: u64,
    pub oldest_seq: u64,
    /// Messages ever stored here.
    pub messages: u64,
    /// Messages of each channel that have not left yet; channels without any are not listed.
    pub queued: Vec<(ChannelId, u64)>,
    /// Bytes of the database file and of its write-ahead log; of a server's database as a whole, and 0.
    pub file_bytes: u64,
    pub wal_bytes: u64,
}

impl Ledger {
    pub async fn stats(&self) -> Result<LedgerStats, LedgerError> {
        let last_seq = *self.inner.tip.borrow();
        let oldest_seq = self.oldest_seq().await?;
        let mut reader = self.reader().await?;
        let messages: Option<i64> =
            query_scalar("SELECT max(n) FROM messages").fetch_one(&mut reader).await.map_err(|e| self.explain(&e))?;
        let rows = query("SELECT channel_id, count(*) FROM messages WHERE status IN ('queued', 'sending') GROUP BY channel_id")
            .fetch_all(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        let queued = rows
            .iter()
            .map(|row| {
                let channel = row.get::<&str>(0).parse().map_err(|_| stored::unreadable("a message's channel"))?;
                Ok((channel, row.get::<i64>(1).unsigned_abs()))
            })
            .collect::<Result<_, LedgerError>>()?;
        let (file, wal) = match &self.inner.place {
            Place::Directory(dir) => {
                let [file, wal, _] = open::files(dir).map(|path| std::fs::metadata(path).map_or(0, |about| about.len()));
                (file, wal)
            }
            Place::Server => {
                let size = query_scalar::<i64>("SELECT pg_database_size(current_database())").fetch_one(&mut reader).await;
                (size.map_err(|e| self.explain(&e))?.unsigned_abs(), 0)
            }
        };
        Ok(LedgerStats {
            last_seq,
            oldest_seq,
            messages: messages.unwrap_or(0).unsigned_abs(),
            queued,
            file_bytes: file,
            wal_bytes: wal,
        })
    }
}
