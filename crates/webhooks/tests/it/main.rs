//! The dispatcher against real receivers on loopback and a real ledger.
#![allow(clippy::unwrap_used)]

mod changes;
mod claims;
mod clock;
mod delivery;
mod full_disk;
mod ground;
mod guard;
mod hostile;
mod outcomes;
mod receiver;
mod restart;
mod secure;
