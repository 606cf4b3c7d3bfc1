//! The ledger on a real Postgres: the tests of `tests/it` that speak of no file, and those of what processes share.
#![allow(clippy::unwrap_used)]

mod audit_forged;
mod claims;
mod home;
mod keys;
mod news;
mod opening;
mod orders;
mod secrets;
mod shared;
mod transfer;
mod trouble;
mod upgrade;

#[path = "../it/access.rs"]
mod access;
#[path = "../it/amendments.rs"]
mod amendments;
#[path = "../it/asking.rs"]
mod asking;
#[path = "../it/audit.rs"]
mod audit;
#[path = "../it/channels.rs"]
mod channels;
#[path = "../it/child.rs"]
mod child;
#[path = "../it/counts.rs"]
mod counts;
#[path = "../it/deliveries.rs"]
mod deliveries;
#[path = "../it/events.rs"]
mod events;
#[path = "../it/ground.rs"]
mod ground;
#[path = "../it/idempotency.rs"]
mod idempotency;
#[path = "../it/inbound.rs"]
mod inbound;
#[path = "../it/kill.rs"]
mod kill;
#[path = "../it/outbox.rs"]
mod outbox;
#[path = "../it/owners.rs"]
mod owners;
#[path = "../it/retention.rs"]
mod retention;
#[path = "../it/schema_3.rs"]
mod schema_3;
#[path = "../it/settings.rs"]
mod settings;
#[path = "../it/uptime.rs"]
mod uptime;
#[path = "../it/waiting.rs"]
mod waiting;
#[path = "../it/webhooks.rs"]
mod webhooks;
#[path = "../it/within.rs"]
mod within;
