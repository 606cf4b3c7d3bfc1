//! The ledger on real SQLCipher files. What speaks of no file runs on Postgres too (`tests/postgres`).
#![allow(clippy::unwrap_used)]

mod amendments;
mod channels;
mod child;
mod counts;
mod damage;
mod deliveries;
mod events;
mod full_disk;
mod ground;
mod home;
mod idempotency;
mod inbound;
mod kill;
mod opening;
mod outbox;
mod retention;
mod schema;
mod settings;
mod uptime;
mod waiting;
mod webhooks;
