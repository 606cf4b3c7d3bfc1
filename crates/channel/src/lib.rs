//! The state machine of a channel.
//!
//! [`step`] takes a [`Channel`], an [`Input`], the time and a random number, and gives the channel that
//! follows and the [`Effect`]s to perform. It knows no socket, database, clock or chance: the crate
//! `engine` performs effects and feeds back what came of them.
//!
//! There are no timers among the effects. A channel says with [`Channel::due_at`] when it next wants to
//! be looked at, and gets [`Input::Due`] then: a deadline that no longer matters cannot ring.

mod backoff;
mod channel;
mod closed;
mod command;
mod deadline;
mod effect;
mod flapping;
mod hand_over;
mod input;
mod invalidation;
mod opened;
mod pairing;
mod restore;
mod slot;
mod step;
mod stuck;
mod turn;
mod world;

pub use backoff::{CAP, OFFLINE_RETRY, STABLE};
pub use channel::Channel;
pub use command::Refusal;
pub use effect::{Effect, News};
pub use flapping::{CALM_AFTER, FLAPPING_LOSSES, FLAPPING_WITHIN};
pub use hand_over::{hand_over, left_by_its_holder};
pub use input::{Command, End, Input, Invalidation, VaultTrouble};
pub use restore::{Stored, restore};
pub use slot::{CLOSE_DEADLINE, LOGOUT_DEADLINE, OPEN_DEADLINE, SlotKind};
pub use step::step;
pub use stuck::STUCK_AFTER;
