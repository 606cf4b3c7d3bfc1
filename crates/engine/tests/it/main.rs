//! The engine with a real ledger and sockets played by the test. No test waits in real time for a timer: the clock
//! stands still until the test moves it.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stderr, clippy::print_stdout)]

mod defect;
mod drain;
mod full_disk;
mod life;
mod outbox;
mod pairing;
mod rig;
mod stuck;
mod world;
