//! `/v1/events`: the durable event log, as a stream or in pages.

pub(crate) mod read;
