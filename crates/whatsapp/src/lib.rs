//! The only crate that names whatsapp-rust: [`WhatsApp`] opens live sockets from auth-state sealed on disk.
//!
//! From the wire up: the [`dialer`] opens every TCP and TLS connection of this crate (directly or through a channel's
//! proxy) and holds the sandbox's one rule; the transport and the HTTP client carry whatsapp-rust's bytes over it;
//! the auth-state keeps a channel's credentials in a SQLCipher file; a session is one run of whatsapp-rust's client,
//! from dialling to [`socket::SocketEvent::Closed`], and translates what it says into our words.

mod ack_gate;
mod auth_state;
pub mod baileys;
mod content;
mod dialer;
mod endpoint;
mod http;
mod people;
mod reach;
mod session;
mod transport;
mod whatsapp;

pub use auth_state::rekey::reached as step_reached;
pub use auth_state::snapshot::{self, Snapshot};
pub use auth_state::{AuthStore, Rekeyed, copy_auth_state, kept_auth_states, try_auth_state};
pub use endpoint::{Endpoint, EndpointError};
// What the functions on auth-state answer with.
pub use reach::{ReachError, Reached, reach};
pub use socket::StoreError;
pub use whatsapp::{ConfigError, WhatsApp, WhatsAppConfig};
