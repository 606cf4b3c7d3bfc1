//! `/v1/events`: the durable event log, as a stream or in pages.

mod feed;
mod frame;
pub(crate) mod kinds;
mod page;
mod query;
pub(crate) mod read;
mod reader;
mod ring;
mod snapshot;
mod subject;
mod tally;

pub(crate) use feed::Feed;
pub(crate) use frame::envelope;
pub(crate) use subject::seen;
pub(crate) use tally::OfChannel;
