//! `/v1/stats`: numbers over time, for charts.

pub(crate) mod show;
