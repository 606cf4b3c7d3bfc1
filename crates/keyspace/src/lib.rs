//! A connection to Redis, whatever stands there: one server, a master that Sentinels watch, or a Cluster; over TLS and as an
//! ACL user if so wanted.
//!
//! It connects when it is first used and again whenever the connection is gone, so a Redis that is away comes back by itself.
//! What certainly did not run (nothing there, a replica, still loading) is tried again until the command's time is over, and
//! so is what may run twice ([`Script::repeatable`]). Nothing else is.
//!
//! The layout that several crates agree on is here too. Everything about one channel stands below one tag, and so in one slot
//! of a Cluster: `<prefix>:{<channel id>}:<part>` ([`Keyspace::key`]):
//!
//! - `fence`: a counter, raised by every worker that takes the channel over. What a holder writes is accepted while it still
//!   has the value that this worker got, tested by the script that writes.
//! - `lease`: `"<fence> <worker id>"`, with a time to live.
//! - everything else: the auth-state (crate `whatsapp`).

mod config;
mod error;
mod holdings;
mod link;
mod place;
mod script;
mod space;
mod survey;

pub use config::KeyspaceConfig;
pub use error::KeyspaceError;
pub use holdings::Holdings;
/// The client library, so that everybody speaks with the same version of it.
pub use redis;
pub use redis::Value;
pub use script::{Call, Script};
pub use space::{FENCE, Keyspace, LEASE};
