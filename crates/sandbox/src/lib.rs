//! A loopback WhatsApp: real WebSocket, Noise and Signal, simulated phones, no internet and no risk to an account.
//!
//! [`Sandbox`] listens on loopback and speaks to real clients. Behind it stands the [`Network`]: accounts, devices,
//! routing, faults and counters. The simulated phones ([`phone`]) are devices of that network too; they meet it through
//! a [`Link`] instead of a socket, with the very same stanzas. [`control`] is the HTTP panel over all of it.

pub mod control;
mod link;
mod network;
pub mod phone;
mod server;

pub use link::Link;
pub use network::{
    Account, Counters, DeviceView, Fault, Handshake, Network, NetworkError, NetworkEvent, PairError, PairingAnswer,
    RestoreError, SocketEnd, Target, Way,
};
pub use server::{Sandbox, SandboxConfig, StartError};
