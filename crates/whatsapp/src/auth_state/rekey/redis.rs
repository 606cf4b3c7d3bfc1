//! In Redis: a copy under names of its own beside what is there, and one script that puts it in its place.

use super::{Rekeyed, reached};
use crate::auth_state::OpenError;
use crate::auth_state::redis::{HEAD, Kind, Remote, sealer};
use crate::auth_state::snapshot::write_into;
use domain::{ChannelId, Fence};
use keyspace::{Call, FENCE, LEASE, Script};
use vault::KeyOf;

/// What the copy's names have after the prefix.
const BESIDE: &str = "rekeyed";

/// KEYS: the fence; the copy's fence and lease; then in pairs what of the copy goes where. ARGV: the fence. The head goes with the
/// others, so there is no moment in which it does not fit.
const SWAP: &str = r"
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return redis.error_reply('FENCED another worker holds the channel') end
for n = 4, #KEYS, 2 do
  if redis.call('EXISTS', KEYS[n]) == 1 then
    redis.call('RENAME', KEYS[n], KEYS[n + 1])
  else
    redis.call('DEL', KEYS[n + 1])
  end
end
redis.call('DEL', KEYS[2], KEYS[3])
return 1
";

impl Remote {
    pub async fn rekey(&self, id: ChannelId) -> Result<Rekeyed, OpenError> {
        let loan = self.borrowed(id).await?;
        let done = self.rekeyed(id, loan.fence).await;
        self.give_back(id, loan).await;
        done
    }

    async fn rekeyed(&self, id: ChannelId, fence: Fence) -> Result<Rekeyed, OpenError> {
        let of = KeyOf::Channel(id);
        // What an interrupted change left is settled by reading.
        let Some(snapshot) = self.snapshot(id).await? else {
            self.vault.abandon_change(of).await?;
            return Ok(Rekeyed::Nothing);
        };
        let next = sealer(&self.vault.begin_change(of).await?);
        reached("auth.begun");
        let beside = self.beside(BESIDE);
        // A copy that was interrupted may still be there, with its lease.
        let (own, lease) = (beside.keyspace.key(id, FENCE), beside.keyspace.key(id, LEASE));
        let _: i64 = self.keyspace.ask(keyspace::redis::cmd("DEL").arg(&lease)).await?;
        let copying = beside.borrowed(id).await?;
        beside.clear(id, copying.fence).await?;
        let copy = beside.begun(id, copying.fence, Some(next.clone()), Box::new(|_| {})).await?;
        write_into(&copy, &snapshot).await.map_err(|error| OpenError::Unwritable(error.to_string()))?;
        match beside.snapshot_with(id, Some(next)).await? {
            Some(back) if back.digest() == snapshot.digest() => {}
            Some(_) | None => return Err(OpenError::Unwritable("what was read back is not what was written".into())),
        }
        reached("auth.copied");
        let mut swap = Call::default().key(self.keyspace.key(id, FENCE)).key(own).key(lease).arg(fence.to_string());
        for part in Kind::ALL.map(Kind::part).into_iter().chain([HEAD]) {
            swap = swap.key(beside.keyspace.key(id, part)).key(self.keyspace.key(id, part));
        }
        self.keyspace.call(&Script::new(SWAP), &swap).await?;
        reached("auth.swapped");
        self.vault.finish_change(of).await?;
        reached("auth.finished");
        Ok(Rekeyed::Done)
    }
}
