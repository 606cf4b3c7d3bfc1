//! What `make bench` measures, and how it is written down.

pub mod bare;
pub mod desktop;
pub mod fanout;
pub mod figures;
pub mod growth;
pub mod guard;
pub mod idle;
pub mod machine;
pub mod messages;
pub mod report;
pub mod stores;
pub mod webhook;
