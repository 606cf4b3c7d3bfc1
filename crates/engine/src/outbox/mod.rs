//! The way of a message from the outbox to WhatsApp.
//!
//! `queued` in the ledger → *picked* ([`picker`]: due, within the pace, marked as being sent) → *carried* ([`courier`]: onto the
//! wire, in order) → in the air until there is word on it ([`flight`]) → judged ([`verdict`]) → written by the channel's journal.

pub(crate) mod courier;
pub(crate) mod expiry;
pub(crate) mod flight;
pub(crate) mod pacing;
pub(crate) mod picker;
pub(crate) mod verdict;
