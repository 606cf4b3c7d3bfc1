//! Runs channels: one driver each. A driver performs what the state machine of the crate `channel` decides, and
//! feeds back what came of it; it decides nothing itself.
//!
//! Tasks and their lives: one *driver* per channel that is held, from the start (or its creation, or its adoption) to the drain (or
//! its deletion, or its release); one *courier* per logged-in socket, which sends the outbox in order and ends with the socket; short
//! tasks that open, close, log out and shred; and five over the whole (the watches of clock and network, the heartbeat, the
//! expiry of messages, the retention of events); and three when the ledger is shared with other workers (their news, the reading
//! of what they changed, the orders that they place). All belong to one `TaskTracker` and hear one `CancellationToken`.

mod adopt;
mod answering;
mod board;
mod clock;
mod close_out;
mod commands;
mod config;
mod drain;
mod driver;
mod elsewhere;
mod engine;
mod errand;
mod error;
mod follow;
mod health;
mod heartbeat;
mod holding;
mod inbox;
mod journal;
mod line;
mod liveness;
mod lock;
mod network;
mod obey;
mod order;
mod outbox;
mod pause;
mod perform;
mod retention;
mod sending;
mod start;
mod take_in;
mod translate;
mod wake;
mod world;

pub use clock::{Clock, ClockHand};
pub use commands::NewChannel;
pub use config::{EngineConfig, OutboxConfig};
pub use drain::Drained;
pub use engine::Engine;
pub use error::{CommandError, StartError};
pub use holding::Holding;
pub use ledger::{ChannelPatch, Idempotency};
pub use lock::{DataDirLock, HeldBy, LockError};
pub use retention::RetentionConfig;
pub use sending::NewMessage;
