//! `/v1/apps/requests`: a program asks to be let in, a person answers, the program collects its key.

pub(crate) mod allow;
pub(crate) mod ask;
pub(crate) mod collect;
pub(crate) mod deny;
pub(crate) mod list;
mod out;
