//! The nouns of WhatIsUp: ids, people, chats, messages, states and events.
//!
//! Pure: nothing here reads a clock, draws chance, awaits or serialises. Times and random bits are
//! arguments; the JSON of these things is the crate `wire`.

mod amended;
mod chat;
mod event;
mod fence;
mod filter;
mod id;
mod message;
mod outbox;
mod pause;
mod person;
mod proxy;
mod state;
mod time;
mod view;

pub use amended::{Amended, Reaction};
pub use chat::{ChatId, Recipient, RecipientError};
pub use event::{Event, EventKind};
pub use fence::Fence;
pub use filter::EventFilter;
pub use id::{ChannelId, DeliveryId, EndpointId, EventId, IdError, MessageId, WorkerId};
pub use message::{Content, Direction, FailReason, Message, MessageStatus};
pub use outbox::OutboxNote;
pub use pause::PauseReason;
pub use person::{Lid, Person, Phone, PhoneError};
pub use proxy::{Proxy, ProxyCredentials, ProxyError, ProxyScheme};
pub use state::{Cause, Identity, Notice, PairingMethod, PairingPrompt, Reason, Setback, State, StateKind};
pub use time::Timestamp;
pub use view::{ChannelView, Desired, Overview, Tone};
