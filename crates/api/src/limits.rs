//! How much may be asked of us: requests in a minute, requests at the same time, streams, connections.
//!
//! A good key is never slowed down by others' bad ones: callers without one share a bucket of their own, streams and places
//! are kept free for those who have one, and a person is not counted at all.

mod body;
mod fields;
mod rates;
mod standing;
mod streams;
mod within;

pub(crate) use standing::Standing;
pub(crate) use within::within;

use crate::connection::Room;
use std::num::NonZeroU32;
use std::time::Duration;

/// The limits, all of them. 0 stands for none where that is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Requests in a minute with one key of an app that has no limit of its own.
    pub per_key: NonZeroU32,
    /// How many of them may come at once after a rest.
    pub burst: NonZeroU32,
    /// Sends in a minute with one key.
    pub sends: NonZeroU32,
    /// Requests in a minute with the admin key or from signed-in browsers, each; `None`: as many as they like.
    pub admin: Option<NonZeroU32>,
    /// Requests in a minute of all callers together that have no good key.
    pub unknown: NonZeroU32,
    /// Requests that are worked on at the same moment.
    pub requests: usize,
    pub connections: usize,
    /// From one user of this machine, or one address.
    pub connections_per_source: usize,
    /// Open event streams.
    pub streams: usize,
    /// Of one key of an app.
    pub streams_per_key: usize,
}

/// Of all connections: never given to callers without a good key.
const KEPT_CONNECTIONS: usize = 32;

/// On how many connections one app is never asked to make room. All of them together are known on a part of what there is.
const KNOWN_PER_APP: usize = 32;

const fn count(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).expect("no limit here is nothing")
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            per_key: count(600),
            burst: count(100),
            sends: count(300),
            admin: None,
            unknown: count(5000),
            requests: 256,
            connections: 512,
            connections_per_source: 128,
            streams: 64,
            streams_per_key: 16,
        }
    }
}

impl Limits {
    pub(crate) fn room(&self) -> Room {
        Room {
            most: self.connections,
            per_source: self.connections_per_source,
            kept: KEPT_CONNECTIONS.min(self.connections / 4),
            per_app: KNOWN_PER_APP.min(self.connections_per_source / 4).max(1),
        }
    }
}

const MINUTE: Duration = Duration::from_secs(60);
