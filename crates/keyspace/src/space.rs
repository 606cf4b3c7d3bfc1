use crate::link::{Link, Question, Twice};
use crate::{Call, KeyspaceConfig, KeyspaceError, Script};
use domain::ChannelId;
use redis::{Cmd, FromRedisValue, Value};
use std::fmt;
use std::sync::Arc;

/// The part below a channel's tag that counts who has held it.
pub const FENCE: &str = "fence";
/// The part below a channel's tag that says who holds it.
pub const LEASE: &str = "lease";

/// Redis, as far as our prefix goes. Cheap to clone; all clones share one connection.
#[derive(Clone)]
pub struct Keyspace {
    pub(crate) link: Arc<Link>,
    prefix: Arc<str>,
}

impl Keyspace {
    /// Speaks with nobody yet: the connection is made by the first command, and again whenever it is gone.
    ///
    /// # Errors
    /// `Config` when the address, the prefix or the certificate authority is of no use.
    pub fn connect(config: KeyspaceConfig) -> Result<Keyspace, KeyspaceError> {
        config.check()?;
        Ok(Keyspace { link: Arc::new(Link::new(&config)?), prefix: config.prefix.into() })
    }

    /// `<prefix>:{<channel>}:<part>`. All of one channel are in the same slot of a Cluster.
    pub fn key(&self, channel: ChannelId, part: &str) -> String {
        format!("{}:{{{channel}}}:{part}", self.prefix)
    }

    /// A key that belongs to no channel: `<prefix>:<part>`. Give parts that a script uses together one `{tag}`.
    pub fn shared_key(&self, part: &str) -> String {
        format!("{}:{part}", self.prefix)
    }

    /// The same connection, with `part` added to what is before every key. A channel's keys stay in the same slot.
    #[must_use]
    pub fn below(&self, part: &str) -> Keyspace {
        Keyspace { link: Arc::clone(&self.link), prefix: format!("{}:{part}", self.prefix).into() }
    }

    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where it is, without any secret.
    pub fn described(&self) -> String {
        self.link.place().to_string()
    }

    /// Runs a script with these keys (of one slot) and arguments.
    ///
    /// # Errors
    /// `Fenced` when the script answers with the error code `FENCED`; others as they say.
    pub async fn run<K: AsRef<[u8]>, A: AsRef<[u8]>>(
        &self,
        script: &Script,
        keys: &[K],
        args: &[A],
    ) -> Result<Value, KeyspaceError> {
        self.call(script, &Call::new(keys, args)).await
    }

    /// As [`run`](Keyspace::run).
    ///
    /// # Errors
    /// As [`run`](Keyspace::run).
    pub async fn call(&self, script: &Script, call: &Call) -> Result<Value, KeyspaceError> {
        let twice = if script.is_repeatable() { Twice::Harmless } else { Twice::Never };
        let short = script.by_hash(call);
        self.link.ask(twice, Question::Script { short: &short, script, call }).await
    }

    /// Runs the script once per call. They travel together, and their slots may differ. Answers in the order of the calls.
    pub async fn call_all(&self, script: &Script, calls: &[Call]) -> Vec<Result<Value, KeyspaceError>> {
        futures::future::join_all(calls.iter().map(|call| self.call(script, call))).await
    }

    /// One command that reads, or that may run twice.
    ///
    /// # Errors
    /// As [`run`](Keyspace::run); `Unexpected` when the answer is not a `T`.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, KeyspaceError> {
        let value = self.link.ask(Twice::Harmless, Question::Command(command)).await?;
        redis::from_redis_value(value).map_err(|e| KeyspaceError::Unexpected(e.to_string()))
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// `Unreachable` or `Refused`.
    pub async fn ping(&self) -> Result<(), KeyspaceError> {
        self.ask::<String>(&redis::cmd("PING")).await.map(drop)
    }
}

impl fmt::Debug for Keyspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyspace").field("at", &self.described()).field("prefix", &self.prefix).finish()
    }
}
