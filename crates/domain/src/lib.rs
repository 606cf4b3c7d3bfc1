//! The nouns of WhatIsUp: ids, people, chats, messages, states, events, and apps with what they may do.
//!
//! Pure: nothing here reads a clock, draws chance, awaits or serialises. Times and random bits are
//! arguments; the JSON of these things is the crate `wire`.

mod actor;
mod address;
mod amended;
mod app;
mod audit;
mod chat;
mod event;
mod fence;
mod filter;
#[cfg(test)]
mod fuzz;
mod id;
mod message;
mod outbox;
mod pause;
mod permit;
mod person;
mod proxy;
mod reach;
mod request;
mod scope;
mod sight;
mod state;
mod time;
mod view;

pub use actor::{Actor, DoorKind, Peer, Program, Via};
pub use address::{AddressKind, Never};
pub use amended::{Amended, Reaction};
pub use app::{App, Key, KeyState, RevokeReason};
pub use audit::{AuditEntry, Outcome};
pub use chat::{ChatId, Recipient, RecipientError};
pub use event::{Event, EventKind};
pub use fence::Fence;
pub use filter::EventFilter;
pub use id::{AppId, AppRequestId, ChannelId, DeliveryId, EndpointId, EventId, IdError, KeyId, MessageId, WorkerId};
pub use message::{Content, Direction, FailReason, Message, MessageStatus};
pub use outbox::OutboxNote;
pub use pause::PauseReason;
pub use permit::{Permit, Permits};
pub use person::{Lid, Person, Phone, PhoneError};
pub use proxy::{Proxy, ProxyCredentials, ProxyError, ProxyScheme};
pub use reach::Reach;
pub use request::{AppRequest, RequestCode, RequestCodeError, RequestState};
pub use scope::{Scope, ScopeError};
pub use sight::EventSubject;
pub use state::{Cause, Identity, Notice, PairingMethod, PairingPrompt, Reason, Setback, State, StateKind};
pub use time::Timestamp;
pub use view::{ChannelView, Desired, Overview, Tone};
