//! `/v1/channels/{id}/messages` and `/v1/messages`: one file per verb.

pub(crate) mod cancel;
pub(crate) mod content;
mod idempotency;
pub(crate) mod list;
pub(crate) mod retry;
pub(crate) mod send;
pub(crate) mod show;
mod times;

pub(crate) use idempotency::InFlight;
