//! The API over real sockets, with the engine, a scripted WhatsApp and a ledger on disk behind it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod channels;
mod deliveries;
mod docs;
mod events;
mod guard;
mod idempotency;
mod messages;
mod moving;
mod openapi;
mod ops;
mod outbox;
mod pairing;
mod problems;
mod receiver;
mod retention;
mod rig;
mod session;
mod settings;
mod webhooks;
