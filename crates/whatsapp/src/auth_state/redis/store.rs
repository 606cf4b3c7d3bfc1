use super::batch::Batch;
use super::coding::{pack, unpacked};
use super::kind::{HEAD, Kind};
use super::scripts::Scripts;
use crate::auth_state::error::Trouble;
use domain::{ChannelId, Fence};
use keyspace::{Call, FENCE, Keyspace, KeyspaceError, Value};
use seal::{NAME, Sealer};
use socket::Close;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};
use wacore::store::error::{Result, StoreError};
use zeroize::Zeroizing;

/// Upstream knows several devices in one store; here there is one per channel.
pub(super) const DEVICE: i32 = 1;

/// A channel's auth-state in Redis, as one socket uses it.
pub(crate) struct RedisStore {
    pub(super) channel: ChannelId,
    pub(super) keyspace: Keyspace,
    pub(super) scripts: Arc<Scripts>,
    pub(super) sealer: Sealer,
    pub(super) fence: Fence,
    pub(super) turn: i64,
    /// Told when something cannot be read, too: what a socket believes to be absent it would make anew.
    pub(super) on_trouble: Box<dyn Fn(Close) + Send + Sync>,
    /// Held from the reading to the writing of what is changed by reading it first. Nobody else can come between: the fence and
    /// the turn see to that.
    pub(super) editing: Mutex<()>,
}

/// The name of a record among those of its kind.
pub(super) type Field = Vec<u8>;

/// What a record says: what it is about and what is known of it, in the order in which it was written.
pub(super) struct Record(Zeroizing<Vec<u8>>);

impl Record {
    pub fn parts<const N: usize>(&self) -> Result<[&[u8]; N]> {
        unpacked(&self.0).and_then(|parts| parts.try_into().ok()).ok_or_else(unlike_us)
    }

    pub fn all_parts(&self) -> Result<Vec<&[u8]>> {
        unpacked(&self.0).ok_or_else(unlike_us)
    }
}

/// It opened, so we have written it; but not in this version.
pub(super) fn unlike_us() -> StoreError {
    StoreError::Serialization("a record has another form".into())
}

pub(super) fn text(bytes: &[u8]) -> Result<String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| unlike_us())
}

pub(super) fn fixed<const N: usize>(bytes: &[u8]) -> Result<[u8; N]> {
    bytes.try_into().map_err(|_| unlike_us())
}

pub(super) fn long(bytes: &[u8]) -> Result<i64> {
    Ok(i64::from_be_bytes(fixed(bytes)?))
}

impl RedisStore {
    pub(super) fn name(&self, kind: Kind, about: &[&[u8]]) -> Field {
        name(&self.sealer, kind, about).to_vec()
    }

    /// A record about what gave `field` its name.
    pub(super) fn sealed(&self, kind: Kind, field: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        self.sealer.seal(&context(kind.part(), field), &pack(parts))
    }

    pub(super) fn opened(&self, kind: Kind, field: &[u8], sealed: &[u8]) -> Result<Record> {
        opened(&self.sealer, kind, field, sealed).map_err(|trouble| self.told(trouble))
    }

    /// One record.
    pub(super) async fn get(&self, kind: Kind, field: &[u8]) -> Result<Option<Record>> {
        match self.get_raw(kind, field).await? {
            Some(sealed) => self.opened(kind, field, &sealed).map(Some),
            None => Ok(None),
        }
    }

    pub(super) async fn get_raw(&self, kind: Kind, field: &[u8]) -> Result<Option<Vec<u8>>> {
        let mut command = keyspace::redis::cmd("HGET");
        command.arg(self.key(kind)).arg(field);
        self.answer(self.keyspace.ask(&command).await)
    }

    pub(super) async fn has(&self, kind: Kind, field: &[u8]) -> Result<bool> {
        let mut command = keyspace::redis::cmd("HEXISTS");
        command.arg(self.key(kind)).arg(field);
        self.answer(self.keyspace.ask(&command).await)
    }

    /// Those that are asked for, in that order.
    pub(super) async fn get_many_raw(&self, kind: Kind, fields: &[Field]) -> Result<Vec<Option<Vec<u8>>>> {
        if fields.is_empty() {
            return Ok(Vec::new());
        }
        let mut command = keyspace::redis::cmd("HMGET");
        command.arg(self.key(kind));
        for field in fields {
            command.arg(field.as_slice());
        }
        self.answer(self.keyspace.ask(&command).await)
    }

    pub(super) async fn get_many(&self, kind: Kind, fields: &[Field]) -> Result<Vec<Option<Record>>> {
        let found = self.get_many_raw(kind, fields).await?;
        let open =
            |(field, sealed): (&Field, Option<Vec<u8>>)| sealed.map(|sealed| self.opened(kind, field, &sealed)).transpose();
        fields.iter().zip(found).map(open).collect()
    }

    /// Every one of the kind, with the name of each.
    pub(super) async fn all_raw(&self, kind: Kind) -> Result<Vec<(Field, Vec<u8>)>> {
        let mut command = keyspace::redis::cmd("HGETALL");
        command.arg(self.key(kind));
        self.answer(self.keyspace.ask(&command).await)
    }

    pub(super) async fn all(&self, kind: Kind) -> Result<Vec<(Field, Record)>> {
        let all = self.all_raw(kind).await?;
        all.into_iter()
            .map(|(field, sealed)| Ok((self.opened(kind, &field, &sealed)?, field)))
            .map(|r: Result<_>| r.map(|(a, b)| (b, a)))
            .collect()
    }

    pub(super) async fn head(&self, field: &str) -> Result<Option<Vec<u8>>> {
        let mut command = keyspace::redis::cmd("HGET");
        command.arg(self.keyspace.key(self.channel, HEAD)).arg(field);
        self.answer(self.keyspace.ask(&command).await)
    }

    /// All of it or nothing, in one round trip.
    pub(super) async fn write(&self, batch: Batch) -> Result<Vec<Value>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let commands: Vec<_> = batch.commands.iter().copied().collect();
        let mut call = Call::default()
            .key(self.keyspace.key(self.channel, FENCE))
            .key(self.keyspace.key(self.channel, HEAD))
            .arg(self.fence.to_string())
            .arg(self.turn.to_string())
            .arg(commands.join(" "));
        for kind in &batch.kinds {
            call = call.key(self.key(*kind));
        }
        for step in batch.steps {
            call = call.arg(step);
        }
        let answer = self.answer(self.keyspace.call(&self.scripts.write, &call).await)?;
        if let Value::Array(answers) = answer { Ok(answers) } else { Err(unlike_us()) }
    }

    pub(super) async fn editing(&self) -> MutexGuard<'_, ()> {
        self.editing.lock().await
    }

    fn key(&self, kind: Kind) -> String {
        self.keyspace.key(self.channel, kind.part())
    }

    fn answer<T>(&self, answer: std::result::Result<T, KeyspaceError>) -> Result<T> {
        answer.map_err(|error| self.told(error.into()))
    }

    fn told(&self, trouble: Trouble) -> StoreError {
        (self.on_trouble)(trouble.close());
        trouble.into()
    }
}

pub(super) fn name(sealer: &Sealer, kind: Kind, about: &[&[u8]]) -> [u8; NAME] {
    sealer.name(&context(kind.part(), &pack(about)))
}

pub(super) fn opened(sealer: &Sealer, kind: Kind, field: &[u8], sealed: &[u8]) -> std::result::Result<Record, Trouble> {
    sealer.open(&context(kind.part(), field), sealed).map(Record).map_err(|_| Trouble::WrongKey)
}

/// No part contains the byte that ends it.
pub(super) fn context(part: &str, rest: &[u8]) -> Vec<u8> {
    [part.as_bytes(), &[0], rest].concat()
}
