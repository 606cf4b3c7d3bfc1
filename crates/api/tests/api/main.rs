//! The API over real sockets, with the engine, a scripted WhatsApp and a ledger on disk behind it.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod channels;
mod docs;
mod events;
mod guard;
mod messages;
mod openapi;
mod ops;
mod pairing;
mod problems;
mod rig;
mod session;
mod settings;
