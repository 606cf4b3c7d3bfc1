//! `/v1/apps/{id}/keys`: a key is shown once, when it is made.

pub(crate) mod create;
pub(crate) mod list;
mod out;
pub(crate) mod revoke;
pub(crate) mod rotate;

pub(crate) use out::{KeyMade, KeyOut};
