//! `/v1/events`: the durable event log, as a stream or in pages.

mod feed;
mod frame;
mod page;
mod query;
pub(crate) mod read;
mod reader;
mod ring;
mod snapshot;

pub(crate) use feed::Feed;
