//! What people who run it look at.

pub(crate) mod docs;
pub(crate) mod info;
pub(crate) mod livez;
pub(crate) mod metrics;
pub(crate) mod openapi;
pub(crate) mod readyz;
pub(crate) mod requests;
pub(crate) mod workers;
