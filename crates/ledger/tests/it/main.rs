//! The ledger on real SQLCipher files.
#![allow(clippy::unwrap_used)]

mod channels;
mod child;
mod damage;
mod events;
mod full_disk;
mod ground;
mod inbound;
mod kill;
mod opening;
mod outbox;
mod schema;
mod uptime;
