//! What `make bench` measures, and how it is written down.

pub mod bare;
pub mod figures;
pub mod idle;
pub mod messages;
pub mod process;
pub mod report;
