//! Auth-state in Redis: sealed with the channel's key before it leaves the process, under names that say nothing, and written
//! only by the worker that holds the channel.
//!
//! Below a channel's tag there is the head (see [`scripts`]) and one hash per kind of record ([`kind::Kind`]). The name of a field
//! is a keyed hash of what the record is about; its value is sealed, for that kind and that name, and contains what the record
//! is about as well, so that whoever has the key can list it all. What Redis sees is how many records of which kind there are,
//! how long each is, and when it was written.
//!
//! Every write carries the fence under which the socket began, and the number of that beginning: neither a worker that lost the
//! channel nor a socket that is over writes anything, whenever its packets arrive.

mod app_sync;
mod batch;
mod coding;
mod device;
mod kind;
mod msg_secret;
mod protocol;
mod scripts;
mod shred;
mod signal;
mod snapshot;
mod store;

use super::{Kept, OpenError, Turn};
use domain::{ChannelId, Fence};
use keyspace::{FENCE, Holdings, Keyspace, Value};
pub(crate) use kind::{HEAD, Kind};
use scripts::Scripts;
use seal::Sealer;
use socket::Close;
use std::fmt;
use std::sync::Arc;
use store::{RedisStore, context};
use tokio::sync::Mutex;
use vault::{Key32, KeyOf, Vault};
use wacore::store::traits::Backend;

/// The form of what is written here.
const FORM: &str = "1";
/// What the keys are derived for.
const PURPOSE: &str = "auth-state in redis";
/// What is sealed to try the key on.
const CHECK: &str = "check";
/// How often opening begins anew because something was finished or made first.
const TRIES: usize = 4;
/// How many channels are asked about at a time.
const ABREAST: usize = 200;

#[derive(Clone)]
pub(crate) struct Remote {
    pub(super) keyspace: Keyspace,
    holdings: Holdings,
    pub(super) vault: Vault,
    scripts: Arc<Scripts>,
}

/// The key, derived. Whether it still fits is seen at every opening.
#[derive(Clone)]
pub(crate) struct Opened(Sealer);

/// What a script says at the beginning.
enum Began {
    Open { turn: i64, check: Vec<u8> },
    Nothing,
    Shredding,
}

impl Remote {
    pub fn new(keyspace: Keyspace, holdings: Holdings, vault: Vault) -> Self {
        Remote { keyspace, holdings, vault, scripts: Arc::new(Scripts::new()) }
    }

    /// The auth-state for the next socket; made when there is none.
    pub async fn open(
        &self,
        id: ChannelId,
        turn: &Turn,
        on_trouble: impl Fn(Close) + Send + Sync + 'static,
    ) -> Result<Arc<dyn Backend>, OpenError> {
        let fence = self.holdings.get(id).ok_or(OpenError::Moved)?;
        let known = match turn.channel.kept() {
            Some(Kept::Redis(Opened(sealer))) => Some(sealer),
            Some(Kept::Disk(_)) | None => None,
        };
        let store = self.begun(id, fence, known, Box::new(on_trouble)).await?;
        turn.channel.stranded.land(&store).await?;
        turn.channel.keep(Some(Kept::Redis(Opened(store.sealer.clone()))));
        Ok(Arc::new(store))
    }

    /// The same, with other names.
    pub(super) fn beside(&self, part: &str) -> Remote {
        Remote { keyspace: self.keyspace.below(part), ..self.clone() }
    }

    pub(super) async fn begun(
        &self,
        id: ChannelId,
        fence: Fence,
        mut known: Option<Sealer>,
        on_trouble: Box<dyn Fn(Close) + Send + Sync>,
    ) -> Result<RedisStore, OpenError> {
        for _ in 0..TRIES {
            let remembered = known.is_some();
            let sealer = match known.take() {
                Some(sealer) => Some(sealer),
                None => self.vault.channel_key(id).await?.as_ref().map(sealer),
            };
            let (turn, check) = match self.begin(id, fence, sealer.as_ref()).await? {
                Began::Open { turn, check } => (turn, check),
                // A key is made only where there is nothing yet.
                Began::Nothing => {
                    self.vault.create_channel_key(id).await?;
                    continue;
                }
                Began::Shredding => {
                    self.finish_shredding(id, fence).await?;
                    continue;
                }
            };
            let sealer = sealer.ok_or(OpenError::WrongKey)?;
            if fits(&sealer, &check) {
                let (keyspace, scripts) = (self.keyspace.clone(), Arc::clone(&self.scripts));
                return Ok(RedisStore {
                    channel: id,
                    keyspace,
                    scripts,
                    sealer,
                    fence,
                    turn,
                    on_trouble,
                    editing: Mutex::default(),
                });
            }
            if !remembered {
                // Unless a change of the key was interrupted after everything was sealed anew.
                self.settled(id, &check).await?;
            }
            // The channel was elsewhere meanwhile, and was paired anew there.
        }
        Err(OpenError::Unwritable("the auth-state changes while it is opened".into()))
    }

    async fn begin(&self, id: ChannelId, fence: Fence, sealer: Option<&Sealer>) -> Result<Began, OpenError> {
        let records = [Kind::Prekey, Kind::Session, Kind::Identity].map(Kind::part);
        let keys = [FENCE, HEAD].into_iter().chain(records).map(|part| self.keyspace.key(id, part)).collect::<Vec<_>>();
        let check = sealer.map_or_else(Vec::new, |sealer| sealer.seal(&context(HEAD, CHECK.as_bytes()), &[]));
        let args = [fence.to_string().into_bytes(), FORM.as_bytes().to_vec(), check];
        let answer = self.keyspace.run(&self.scripts.begin, &keys, &args).await?;
        let Value::Array(answer) = answer else { return Err(damaged("the head has another form")) };
        match answer.as_slice() {
            [Value::BulkString(what), Value::Int(turn), Value::BulkString(check), Value::BulkString(_)] if what == b"open" => {
                Ok(Began::Open { turn: *turn, check: check.clone() })
            }
            [Value::BulkString(what)] if what == b"nothing" => Ok(Began::Nothing),
            [Value::BulkString(what)] if what == b"shredding" => Ok(Began::Shredding),
            [Value::BulkString(what), ..] if what == b"form" => {
                Err(damaged("it was written by another version of this program"))
            }
            _ => Err(damaged("the head is missing")),
        }
    }

    /// Whether nobody has taken the channel over, by Redis' own word.
    pub async fn still_ours(&self, id: ChannelId) -> Result<(), OpenError> {
        let held = self.holdings.get(id).ok_or(OpenError::Moved)?;
        let last: Option<String> = self.keyspace.ask(keyspace::redis::cmd("GET").arg(self.keyspace.key(id, FENCE))).await?;
        if last.is_some_and(|last| last == held.to_string()) { Ok(()) } else { Err(OpenError::Moved) }
    }

    /// Whether the auth-state belongs to an account. Anybody may ask.
    pub async fn is_paired(&self, id: ChannelId) -> Result<bool, OpenError> {
        let Some((sealer, device)) = self.looked_at(id).await? else { return Ok(false) };
        match device {
            Some(sealed) => Ok(device::device(&sealer, &sealed)?.pn.is_some()),
            None => Ok(false),
        }
    }

    /// The key, tried, and the device as it is sealed; `None` when there is no auth-state.
    async fn looked_at(&self, id: ChannelId) -> Result<Option<(Sealer, Option<Vec<u8>>)>, OpenError> {
        let mut command = keyspace::redis::cmd("HMGET");
        command.arg(self.keyspace.key(id, HEAD)).arg("shredding").arg(CHECK).arg("form").arg(device::FIELD);
        type Head = (Option<Vec<u8>>, Option<Vec<u8>>, Option<String>, Option<Vec<u8>>);
        let (shredding, check, form, device): Head = self.keyspace.ask(&command).await?;
        let (None, Some(check)) = (shredding, check) else { return Ok(None) };
        if form.as_deref() != Some(FORM) {
            return Err(damaged("it was written by another version of this program"));
        }
        Ok(Some((self.sealer_of(id, &check).await?, device)))
    }

    /// The key that fits what is there.
    async fn sealer_of(&self, id: ChannelId, check: &[u8]) -> Result<Sealer, OpenError> {
        match self.vault.channel_key(id).await?.as_ref().map(sealer).filter(|sealer| fits(sealer, check)) {
            Some(sealer) => Ok(sealer),
            None => self.settled(id, check).await,
        }
    }

    /// The next key, where a change of keys was interrupted after everything was sealed with it: it is the present one now.
    async fn settled(&self, id: ChannelId, check: &[u8]) -> Result<Sealer, OpenError> {
        let of = KeyOf::Channel(id);
        let next = self.vault.next_key(of).await?.as_ref().map(sealer).filter(|sealer| fits(sealer, check));
        let sealer = next.ok_or(OpenError::WrongKey)?;
        self.vault.finish_change(of).await?;
        tracing::info!(channel.id = %id, "an interrupted change of the channel's key was finished");
        Ok(sealer)
    }

    pub async fn kept(&self) -> Result<Vec<ChannelId>, OpenError> {
        let all = self.keyspace.channels_with(HEAD).await?;
        let mut kept = Vec::new();
        for some in all.chunks(ABREAST) {
            let there = futures::future::try_join_all(some.iter().map(|id| self.is_kept(*id))).await?;
            kept.extend(some.iter().zip(there).filter(|(_, there)| *there).map(|(id, _)| *id));
        }
        Ok(kept)
    }

    async fn is_kept(&self, id: ChannelId) -> Result<bool, OpenError> {
        let mut command = keyspace::redis::cmd("HMGET");
        command.arg(self.keyspace.key(id, HEAD)).arg("shredding").arg(CHECK);
        let (shredding, check): (Option<Vec<u8>>, Option<Vec<u8>>) = self.keyspace.ask(&command).await?;
        Ok(shredding.is_none() && check.is_some())
    }
}

/// What a channel's key seals with here.
pub(crate) fn sealer(key: &Key32) -> Sealer {
    Sealer::new(key.as_bytes(), PURPOSE)
}

fn fits(sealer: &Sealer, check: &[u8]) -> bool {
    sealer.open(&context(HEAD, CHECK.as_bytes()), check).is_ok()
}

fn damaged(what: &str) -> OpenError {
    OpenError::Damaged(what.to_owned())
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("keyspace", &self.keyspace).finish_non_exhaustive()
    }
}
