//! `/v1/tickets`: what stands in for a key where none can be sent along, once: an `EventSource` and an image take a URL only.

pub(crate) mod create;
mod passes;
mod target;

pub(crate) use passes::Passes;
pub(crate) use target::{PARAMETER, opens};
