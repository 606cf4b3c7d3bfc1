//! The engine with a real ledger and sockets played by the test. No test waits in real time for a timer: the clock
//! stands still until the test moves it.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stderr, clippy::print_stdout)]

mod asking;
mod cancel;
mod defect;
mod drain;
mod elsewhere;
mod expiry;
mod flapping;
mod fleet;
mod full_disk;
mod idempotency;
mod life;
mod moving;
mod outbox;
mod pacing;
mod pairing;
mod retention;
mod retry;
mod rig;
mod scheduled;
mod stuck;
mod world;
