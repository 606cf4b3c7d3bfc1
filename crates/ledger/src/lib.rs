//! What WhatIsUp remembers, in one SQLCipher file or on a Postgres server: channels, their timeline,
//! the event log, messages, webhooks, who may come in, what was done, and settings.
//!
//! Everything that happens is one transaction: the fact and the events that tell it become durable together or not
//! at all. All writes go through one writer (see [`Ledger`]); what a method has answered `Ok` to has been fsynced.
//! One SQL code base runs on both engines: `sql` carries it to them, `dialect` tells where they differ.

mod accept;
mod access;
mod alone;
mod amend;
mod amendments;
mod asking;
mod audit;
mod batch;
mod channels;
mod clean_stop;
mod copy;
mod counts;
mod damage;
mod dialect;
mod error;
mod events;
mod hasten;
mod holding;
mod inbound;
mod key_check;
mod ledger;
mod messages;
mod news;
mod open;
mod orders;
mod outbox;
#[cfg(test)]
mod plans;
mod postgres;
mod progress;
mod receipts;
mod rekey;
mod retention;
mod rows;
mod runs;
mod scrap;
mod sealing;
mod second_try;
mod settings;
mod shut_out;
mod sql;
mod sqlite;
mod stats;
mod stored;
mod timeline;
mod told;
mod transfer;
mod uptime;
mod webhooks;
mod within;
mod writer;

pub use accept::{Accepted, Idempotency};
pub use access::{AccessState, AccessWrite, KeyUse};
pub use asking::Answered;
pub use audit::{AuditHash, AuditPage, AuditQuery, Audited, Broken, Verified, audit_hash};
pub use channels::{ChannelPatch, TransitionRecord};
pub use copy::copy;
pub use counts::{DeliveryCount, MessageCount};
pub use damage::start_fresh;
pub use error::{LedgerError, OpenError};
pub use events::{EventQuery, LoggedEvent};
pub use inbound::Inbound;
pub use ledger::Ledger;
pub use messages::{MessagePage, MessageQuery, MessageRef};
pub use news::News;
pub use open::{Check, OpenOptions};
pub use orders::PlacedOrder;
pub use outbox::{OutboxCounts, OutboxPart, OutboxQuery};
pub use postgres::{KeyTable, Postgres, PostgresConfig, PostgresReport, look_at, reseal, users};
pub use progress::Progress;
pub use receipts::Receipt;
pub use rekey::rekey;
pub use retention::{Keep, Pruned};
pub use scrap::scrap;
pub use second_try::Cancelled;
pub use stats::LedgerStats;
pub use timeline::TimelineEntry;
pub use transfer::{TransferError, TransferProgress, Transferred, TransferredTable, transfer};
pub use uptime::{Segment, SegmentKind};
pub use webhooks::{
    Attempt, AttemptOutcome, AttemptRecord, Delivery, DeliveryPage, DeliveryQuery, DeliveryStatus, Endpoint, EndpointPatch,
    EndpointStatus, PendingCount, Planned, SigningSecret,
};
pub use within::Within;
