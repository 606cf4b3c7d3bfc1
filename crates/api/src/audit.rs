//! `/v1/audit`: who did what.

mod export;
mod out;
pub(crate) mod read;
