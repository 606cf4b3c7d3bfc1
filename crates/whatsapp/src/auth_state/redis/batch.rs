use super::kind::Kind;
use std::collections::BTreeSet;

/// Steps that are done together; see `WRITE` in `scripts.rs`.
#[derive(Default)]
pub(super) struct Batch {
    pub kinds: Vec<Kind>,
    pub commands: BTreeSet<&'static str>,
    pub steps: Vec<Vec<u8>>,
}

/// The places of the fence and of the head among a script's keys.
const BEFORE: usize = 2;
const HEAD_PLACE: usize = 2;

impl Batch {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    pub fn set(&mut self, kind: Kind, field: &[u8], value: Vec<u8>) {
        self.step(b"S", &["HSET"], &[kind], [field.to_vec(), value]);
    }

    pub fn delete(&mut self, kind: Kind, field: &[u8]) {
        self.step(b"D", &["HDEL"], &[kind], [field.to_vec()]);
    }

    pub fn clear(&mut self, kind: Kind) {
        self.step(b"C", &["DEL"], &[kind], []);
    }

    /// As `set`, and counted for `user` in [`Kind::User`].
    pub fn set_of_user(&mut self, kind: Kind, field: &[u8], user: &[u8], value: Vec<u8>) {
        self.step(b"I", &["HSET", "HINCRBY"], &[kind, Kind::User], [field.to_vec(), user.to_vec(), value]);
    }

    pub fn delete_of_user(&mut self, kind: Kind, field: &[u8], user: &[u8]) {
        self.step(b"J", &["HDEL", "HINCRBY"], &[kind, Kind::User], [field.to_vec(), user.to_vec()]);
    }

    /// As `set`, and remembered in `times`.
    pub fn set_at(&mut self, kind: Kind, times: Kind, field: &[u8], at: i64, value: Vec<u8>) {
        self.step(b"T", &["HSET", "ZADD"], &[kind, times], [field.to_vec(), at.to_string().into_bytes(), value]);
    }

    pub fn delete_timed(&mut self, kind: Kind, times: Kind, field: &[u8]) {
        self.step(b"U", &["HDEL", "ZREM"], &[kind, times], [field.to_vec()]);
    }

    /// Answers what was there, and deletes it.
    pub fn take(&mut self, kind: Kind, times: Kind, field: &[u8]) {
        self.step(b"G", &["HGET", "HDEL", "ZREM"], &[kind, times], [field.to_vec()]);
    }

    /// Deletes what is remembered for a time up to `until`, in Redis' words (`(5`: before 5); answers how many.
    pub fn expire(&mut self, kind: Kind, times: Kind, until: &str) {
        let commands = ["ZRANGEBYSCORE", "HDEL", "ZREMRANGEBYSCORE"];
        self.step(b"X", &commands, &[kind, times], [until.as_bytes().to_vec()]);
    }

    pub fn delete_prefixed(&mut self, kind: Kind, prefix: &[u8]) {
        self.step(b"P", &["HKEYS", "HDEL"], &[kind], [prefix.to_vec()]);
    }

    /// A message secret, merged with the one that is there by upstream's rules.
    pub fn merge_secret(&mut self, field: &[u8], expires_at: i64, message_ts: i64, sealed: Vec<u8>) {
        let commands = ["HGET", "HSET", "ZADD", "ZREM"];
        let until = ordered(expires_at).to_vec();
        let at = ordered(message_ts).to_vec();
        self.step(b"M", &commands, &[Kind::MsgSecret, Kind::SecretUntil], [field.to_vec(), until, at, sealed]);
    }

    /// Sets the first byte of what is there to 1.
    pub fn flag(&mut self, kind: Kind, field: &[u8]) {
        self.step(b"F", &["HGET", "HSET"], &[kind], [field.to_vec()]);
    }

    pub fn set_head(&mut self, field: &str, value: Vec<u8>) {
        self.head_step(b"S", "HSET", field, value);
    }

    /// Answers 1 when there was none.
    pub fn set_head_once(&mut self, field: &str, value: Vec<u8>) {
        self.head_step(b"N", "HSETNX", field, value);
    }

    fn head_step(&mut self, letter: &[u8], command: &'static str, field: &str, value: Vec<u8>) {
        self.commands.insert(command);
        self.steps.extend([letter.to_vec(), HEAD_PLACE.to_string().into_bytes(), field.as_bytes().to_vec(), value]);
    }

    fn step<const N: usize>(&mut self, letter: &[u8], commands: &[&'static str], kinds: &[Kind], arguments: [Vec<u8>; N]) {
        self.commands.extend(commands);
        self.steps.push(letter.to_vec());
        for kind in kinds {
            let place = self.place(*kind).to_string();
            self.steps.push(place.into_bytes());
        }
        self.steps.extend(arguments);
    }

    fn place(&mut self, kind: Kind) -> usize {
        let known = self.kinds.iter().position(|known| *known == kind);
        let at = known.unwrap_or_else(|| {
            self.kinds.push(kind);
            self.kinds.len() - 1
        });
        BEFORE + at + 1
    }
}

/// In an order of bytes that is the order of numbers.
pub(super) fn ordered(number: i64) -> [u8; 8] {
    (number.cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

pub(super) fn number(ordered: [u8; 8]) -> i64 {
    (u64::from_be_bytes(ordered) ^ (1 << 63)).cast_signed()
}
