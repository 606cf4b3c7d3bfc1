//! The JSON that leaves WhatIsUp: channels, messages and the event envelope, the same on REST, SSE and webhooks.
//!
//! The ledger freezes an event's `data` in this form when it writes the event, so a change here is a change
//! of the public contract: fields may be added, never renamed or removed.

mod access;
mod channel;
mod event;
mod message;
mod person;

pub use access::{AccessEventData, AppEventData, PeerOut, PermitError, PermitOut, ProgramOut};
pub use channel::{BannedOut, ChannelOut, ProxyOut, StateOut};
pub use event::{
    ChannelEventData, DeletedEventData, EventData, EventOut, GapOut, MessageEventData, ReceiptEventData, SnapshotOut,
    WebhookEventData, event_data,
};
pub use message::{ContentOut, FailureOut, MessageOut, ReactionOut};
pub use person::PersonOut;
