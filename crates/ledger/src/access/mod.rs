//! Apps, their keys, and what programs have asked for.

mod change;
mod endpoints;
mod read;
mod stored;
mod usage;
mod write;

pub use change::AccessWrite;
pub use read::AccessState;
pub use usage::KeyUse;

pub(crate) use endpoints::{Owners, enabled, may_come_in, owners, settle};
pub(crate) use stored::door_from;
