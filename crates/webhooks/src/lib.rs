//! Delivers the event log to webhook receivers: signed by Standard Webhooks, in order, tried again until it is delivered
//! or a person decides otherwise.
//!
//! It meets the engine in the ledger: an event becomes a *delivery* (a row) per endpoint that wants it, and a delivery is
//! settled by *attempts* (rows too). What decides is pure: [`Schedule`], the verdict on an attempt, and the lane of an
//! endpoint; around them are thin tasks, see [`Dispatcher`].

mod address;
mod attempt;
mod booking;
mod claims;
mod clock;
mod config;
mod dialer;
mod dispatcher;
mod endpoint;
#[cfg(test)]
mod fuzz;
mod ground;
mod lane;
mod letter;
mod line;
mod names;
mod numbers;
mod planner;
mod retry_after;
mod roster;
mod schedule;
mod signature;
mod target;
mod trouble;
mod verdict;

pub use address::{AddressPolicy, Reach, Refused};
pub use clock::{Clock, ClockHand};
pub use config::DispatcherConfig;
pub use dispatcher::{Dispatcher, Drained, Handle};
pub use names::Names;
pub use numbers::{EndpointNumbers, LATENCY_BUCKETS, Latency};
pub use schedule::Schedule;
pub use signature::{fresh_secret, sign};
pub use target::{HeaderError, Target, TargetError, check_header};
pub use trouble::Trouble;
