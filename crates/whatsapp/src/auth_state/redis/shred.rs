//! The end of an auth-state in Redis, and the moment in which somebody has it who runs no worker.

use super::kind::{HEAD, Kind};
use super::{OpenError, Remote};
use domain::{ChannelId, Fence};
use keyspace::{Call, FENCE, KeyspaceError, LEASE, Value};
use std::time::Duration;

/// For so long a channel is taken by who installs an auth-state, if the process does not live to give it back.
const LOAN: Duration = Duration::from_secs(60);

impl Remote {
    /// First the key, without which the rest is noise, then the rest. Only for who holds the channel, or when nobody does.
    pub async fn shred(&self, id: ChannelId) -> Result<(), OpenError> {
        let keys = [self.keyspace.key(id, FENCE), self.keyspace.key(id, LEASE), self.keyspace.key(id, HEAD)];
        let held = self.holdings.get(id).map_or_else(String::new, |fence| fence.to_string());
        let fence = fence(&self.keyspace.run(&self.scripts.doom, &keys, &[held]).await?)?;
        self.vault.delete_channel_key(id).await?;
        // Nothing is there when nobody holds it and no fence was raised.
        if fence == Fence(0) { Ok(()) } else { self.clear(id, fence).await }
    }

    /// A shredding that was interrupted is brought to its end; it had been decided.
    pub(super) async fn finish_shredding(&self, id: ChannelId, fence: Fence) -> Result<(), OpenError> {
        self.vault.delete_channel_key(id).await?;
        self.clear(id, fence).await
    }

    /// Everything but what says who holds the channel.
    pub(crate) async fn clear(&self, id: ChannelId, fence: Fence) -> Result<(), OpenError> {
        let mut call = Call::default().key(self.keyspace.key(id, FENCE)).arg(fence.to_string());
        for kind in Kind::ALL {
            call = call.key(self.keyspace.key(id, kind.part()));
        }
        call = call.key(self.keyspace.key(id, HEAD));
        self.keyspace.call(&self.scripts.clear, &call).await?;
        Ok(())
    }

    /// Takes the channel for a moment if this process does not hold it and nobody else does.
    pub(crate) async fn borrowed(&self, id: ChannelId) -> Result<Loan, OpenError> {
        if let Some(fence) = self.holdings.get(id) {
            return Ok(Loan { fence, ours: true });
        }
        let keys = [self.keyspace.key(id, FENCE), self.keyspace.key(id, LEASE)];
        let answer = self.keyspace.run(&self.scripts.borrow, &keys, &[LOAN.as_millis().to_string()]).await?;
        Ok(Loan { fence: fence(&answer)?, ours: false })
    }

    pub(crate) async fn give_back(&self, id: ChannelId, loan: Loan) {
        if loan.ours {
            return;
        }
        let done = self.keyspace.run(&self.scripts.give_back, &[self.keyspace.key(id, LEASE)], &[loan.fence.to_string()]).await;
        if let Err(error) = done {
            // It runs out by itself.
            tracing::debug!(channel.id = %id, %error, "the channel could not be given back at once");
        }
    }
}

#[derive(Clone, Copy)]
pub(crate) struct Loan {
    pub fence: Fence,
    /// Held anyway.
    ours: bool,
}

#[allow(clippy::wildcard_enum_match_arm, reason = "the library's enum is open")]
fn fence(answer: &Value) -> Result<Fence, OpenError> {
    match answer {
        Value::Int(fence) => Ok(Fence(fence.cast_unsigned())),
        _ => Err(KeyspaceError::Unexpected("a fence that is no number".into()).into()),
    }
}
