//! `/v1/channels/{id}/messages` and `/v1/messages`: one file per verb.

pub(crate) mod content;
pub(crate) mod list;
pub(crate) mod send;
pub(crate) mod show;
