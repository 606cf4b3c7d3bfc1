//! `/v1/outbox`: what has not left yet, of all channels.

pub(crate) mod list;
