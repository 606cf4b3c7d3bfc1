//! Who holds a channel. The fence rises with each holder; what an earlier one still wants to write is refused.

use crate::batch::{Batch, signed};
use crate::channels;
use crate::sql::{query, query_as};
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, ChannelView, Fence, Timestamp, WorkerId};

impl Ledger {
    /// Notes that `worker` holds the channel from now on, and reads it anew. Again with the same fence changes nothing.
    /// `NoSuchChannel`; `Fenced` when somebody holds it with a higher fence.
    pub async fn hold(
        &self,
        channel: ChannelId,
        fence: Fence,
        worker: WorkerId,
        _at: Timestamp,
    ) -> Result<ChannelView, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                check(batch, channel, Some(fence)).await?;
                query("UPDATE channels SET fence = $2, holder = $3 WHERE id = $1")
                    .bind(channel.to_string())
                    .bind(signed(fence.0))
                    .bind(worker.to_string())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                batch.told.channels.insert(channel);
                channels::by_id(batch, channel).await?.ok_or(LedgerError::NoSuchChannel)
            })
        })
        .await
    }

    /// Notes that nobody holds the channel, if the holder of `fence` still did.
    pub async fn let_go(&self, channel: ChannelId, fence: Fence) -> Result<(), LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                query("UPDATE channels SET holder = NULL WHERE id = $1 AND fence = $2")
                    .bind(channel.to_string())
                    .bind(signed(fence.0))
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                batch.told.channels.insert(channel);
                Ok(())
            })
        })
        .await
    }

    /// Every channel with the worker that noted last that it holds it, in the order of their creation. Whether it still lives is
    /// not known here.
    pub async fn holders(&self) -> Result<Vec<(ChannelId, Option<WorkerId>)>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query("SELECT id, holder FROM channels ORDER BY created_at, id").fetch_all(&mut reader).await;
        let rows = rows.map_err(|e| self.explain(&e))?;
        rows.iter()
            .map(|row| {
                let id = row.get::<&str>("id").parse().map_err(|_| stored::unreadable("a channel's id"))?;
                let holder = row.get::<Option<&str>>("holder").map(str::parse).transpose();
                Ok((id, holder.map_err(|_| stored::unreadable("a channel's holder"))?))
            })
            .collect()
    }

    /// All channels in the order of their creation.
    pub async fn channel_ids(&self) -> Result<Vec<ChannelId>, LedgerError> {
        Ok(self.holders().await?.into_iter().map(|(id, _)| id).collect())
    }
}

/// `NoSuchChannel`; `Fenced` when a higher fence than `fence` is known.
pub(crate) async fn check(batch: &mut Batch, channel: ChannelId, fence: Option<Fence>) -> Result<(), LedgerError> {
    let known: Option<(Option<i64>,)> = query_as("SELECT fence FROM channels WHERE id = $1")
        .bind(channel.to_string())
        .fetch_optional(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    match (known, fence) {
        (None, _) => Err(LedgerError::NoSuchChannel),
        (Some((Some(known),)), Some(fence)) if known.unsigned_abs() > fence.0 => Err(LedgerError::Fenced),
        (Some(_), _) => Ok(()),
    }
}
