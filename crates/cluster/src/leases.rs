//! What workers write in Redis. Leases lie below their channel's tag as the crate `keyspace` lays down; what is about the workers
//! themselves lies below a tag of its own, `<prefix>:{workers}:…`:
//!
//! - `seen`: when each worker was last heard of, by the clock of Redis;
//! - `cards`: what each says of itself; `counts`: how many channels it holds;
//! - `news`: rises with every change among them;
//! - `asked:<worker>`: channels that it holds and that others are ready to take;
//! - `handed:<worker>`: channels that others let go of for this one to take.

use crate::host::WorkerInfo;
use crate::input::Answer;
use crate::rules::{LEASE_TTL, MEMBER_TTL};
use domain::{ChannelId, Fence, Timestamp, WorkerId};
use keyspace::{Call, FENCE, Keyspace, KeyspaceError, LEASE, Script, Value, redis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Renewals in one go.
const ROUND: usize = 500;
/// Handed channels heard of in one go.
const HANDFUL: usize = 500;

/// What a worker says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Card {
    pub name: String,
    pub address: Option<String>,
    pub weight: u32,
    pub leaving: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Leases {
    keyspace: Keyspace,
    me: WorkerId,
    scripts: Scripts,
}

#[derive(Clone, Debug)]
struct Scripts {
    heartbeat: Script,
    leave: Script,
    hear: Script,
    hand: Script,
    acquire: Script,
    renew: Script,
    release: Script,
}

/// Which leases a round of renewals kept, and which not.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub kept: Vec<(ChannelId, Fence)>,
    pub lost: Vec<(ChannelId, Fence)>,
    pub unanswered: Vec<(ChannelId, Fence)>,
}

/// What a worker hears between its heartbeats.
#[derive(Debug)]
pub(crate) struct Heard {
    pub news: u64,
    pub handed: Vec<ChannelId>,
    pub asked: Vec<ChannelId>,
}

impl Leases {
    pub fn new(keyspace: Keyspace, me: WorkerId) -> Leases {
        let scripts = Scripts {
            heartbeat: Script::repeatable(include_str!("lua/heartbeat.lua")),
            leave: Script::repeatable(include_str!("lua/leave.lua")),
            // Running twice loses what was handed: asking again in time makes up for it.
            hear: Script::new(include_str!("lua/hear.lua")),
            hand: Script::repeatable(include_str!("lua/hand.lua")),
            acquire: Script::new(include_str!("lua/acquire.lua")),
            renew: Script::repeatable(include_str!("lua/renew.lua")),
            release: Script::repeatable(include_str!("lua/release.lua")),
        };
        Leases { keyspace, me, scripts }
    }

    /// Says that we are here. Answers the count of changes, and who is there if that is not `known`.
    pub async fn heartbeat(
        &self,
        card: &Card,
        held: usize,
        known: Option<u64>,
    ) -> Result<(u64, Option<Vec<WorkerInfo>>), KeyspaceError> {
        let card = serde_json::to_string(card).map_err(|e| KeyspaceError::Unexpected(e.to_string()))?;
        let known = known.map(|n| n.to_string()).unwrap_or_default();
        let args = [self.me.to_string(), card, held.to_string(), millis(MEMBER_TTL), known.clone()];
        let answer = self.keyspace.run(&self.scripts.heartbeat, &self.workers(), &args).await?;
        let (news, workers): (u64, Vec<(String, f64, usize, String)>) = read(answer)?;
        if known == news.to_string() {
            return Ok((news, None));
        }
        Ok((news, Some(workers.into_iter().filter_map(info).collect())))
    }

    pub async fn leave(&self) -> Result<(), KeyspaceError> {
        self.keyspace.run(&self.scripts.leave, &self.workers(), &[self.me.to_string()]).await.map(drop)
    }

    /// The count of changes, what was handed to us since, and what we were asked for.
    pub async fn hear(&self) -> Result<Heard, KeyspaceError> {
        let keys = [self.shared("news"), self.list("handed", self.me), self.list("asked", self.me)];
        let answer = self.keyspace.run(&self.scripts.hear, &keys, &[HANDFUL.to_string()]).await?;
        let (news, handed, asked): (u64, Vec<String>, Vec<String>) = read(answer)?;
        let channels = |texts: Vec<String>| texts.iter().filter_map(|text| text.parse().ok()).collect();
        Ok(Heard { news, handed: channels(handed), asked: channels(asked) })
    }

    pub async fn acquire(&self, channels: &[ChannelId]) -> Vec<(ChannelId, Answer)> {
        let args = [self.me.to_string(), millis(LEASE_TTL)];
        let call =
            |channel: &ChannelId| Call::new(&[self.keyspace.key(*channel, LEASE), self.keyspace.key(*channel, FENCE)], &args);
        let calls: Vec<Call> = channels.iter().map(call).collect();
        let answers = self.keyspace.call_all(&self.scripts.acquire, &calls).await;
        channels.iter().zip(answers).map(|(channel, answer)| (*channel, granted(*channel, answer))).collect()
    }

    pub async fn renew(&self, leases: &[(ChannelId, Fence)]) -> Round {
        let mut round = Round::default();
        for part in leases.chunks(ROUND) {
            let call = |(channel, fence): &(ChannelId, Fence)| {
                Call::new(&[self.keyspace.key(*channel, LEASE)], &[self.value(*fence), millis(LEASE_TTL)])
            };
            let calls: Vec<Call> = part.iter().map(call).collect();
            let answers = self.keyspace.call_all(&self.scripts.renew, &calls).await;
            for (lease, answer) in part.iter().zip(answers) {
                match answer.and_then(read::<i64>) {
                    Ok(0) => round.lost.push(*lease),
                    Ok(_) => round.kept.push(*lease),
                    Err(error) => {
                        tracing::debug!(channel.id = %lease.0, %error, "a lease could not be renewed");
                        round.unanswered.push(*lease);
                    }
                }
            }
        }
        round
    }

    /// Deletes the lease if it is still ours, and tells `to` that it may take it.
    pub async fn let_go(&self, channel: ChannelId, fence: Fence, to: Option<WorkerId>) -> Result<(), KeyspaceError> {
        let key = self.keyspace.key(channel, LEASE);
        self.keyspace.run(&self.scripts.release, &[key], &[self.value(fence)]).await?;
        if let Some(to) = to {
            self.hand(channel, to).await?;
        }
        Ok(())
    }

    /// Tells a worker that it may take a channel.
    pub async fn hand(&self, channel: ChannelId, to: WorkerId) -> Result<(), KeyspaceError> {
        self.put(channel, self.list("handed", to)).await
    }

    /// Tells the holder of a channel that we are ready to take it.
    pub async fn ask_for(&self, channel: ChannelId, of: WorkerId) -> Result<(), KeyspaceError> {
        self.put(channel, self.list("asked", of)).await
    }

    async fn put(&self, channel: ChannelId, list: String) -> Result<(), KeyspaceError> {
        self.keyspace.run(&self.scripts.hand, &[list], &[channel.to_string(), millis(LEASE_TTL)]).await.map(drop)
    }

    fn value(&self, fence: Fence) -> String {
        format!("{fence} {}", self.me)
    }

    fn workers(&self) -> [String; 4] {
        ["seen", "cards", "counts", "news"].map(|part| self.shared(part))
    }

    fn shared(&self, part: &str) -> String {
        self.keyspace.shared_key(&format!("{{workers}}:{part}"))
    }

    fn list(&self, what: &str, of: WorkerId) -> String {
        self.shared(&format!("{what}:{of}"))
    }
}

fn granted(channel: ChannelId, answer: Result<Value, KeyspaceError>) -> Answer {
    match answer.and_then(read::<(i64, i64, String)>) {
        Ok((1, fence, _)) => match u64::try_from(fence) {
            Ok(fence) => Answer::Granted(Fence(fence)),
            Err(_) => Answer::Unanswered,
        },
        Ok((_, left, by)) => {
            // A lease without an end is none of ours: ask again as if it were one.
            let left = u64::try_from(left).map_or(LEASE_TTL, Duration::from_millis);
            Answer::Refused { left, by: by.parse().ok() }
        }
        Err(error) => {
            tracing::debug!(channel.id = %channel, %error, "a lease could not be asked for");
            Answer::Unanswered
        }
    }
}

fn info((worker, seen, channels, card): (String, f64, usize, String)) -> Option<WorkerInfo> {
    let card: Card = serde_json::from_str(&card).unwrap_or_default();
    let id = worker.parse().ok()?;
    let seen = Timestamp::from_millis(seen as i64);
    let Card { name, address, weight, leaving } = card;
    Some(WorkerInfo { id, name, address, seen, channels, weight, able: !leaving && weight > 0, leaving })
}

fn read<T: redis::FromRedisValue>(answer: Value) -> Result<T, KeyspaceError> {
    redis::from_redis_value(answer).map_err(|e| KeyspaceError::Unexpected(e.to_string()))
}

fn millis(span: Duration) -> String {
    span.as_millis().to_string()
}
