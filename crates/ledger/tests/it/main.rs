//! The ledger on real SQLCipher files. What speaks of no file runs on Postgres too (`tests/postgres`).
#![allow(clippy::unwrap_used)]

mod access;
mod amendments;
mod asking;
mod audit;
mod audit_file;
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
mod owners;
mod retention;
mod schema;
mod schema_3;
mod settings;
mod uptime;
mod waiting;
mod webhooks;
mod within;
