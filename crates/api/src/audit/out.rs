use domain::Actor;
use ledger::{Audited, Broken, Verified};
use serde::Serialize;
use utoipa::ToSchema;
use wire::PeerOut;

/// Something that somebody did, or tried.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditEntryOut {
    /// Rises by one from entry to entry, without holes.
    #[schema(example = 42)]
    seq: u64,
    /// RFC 3339, UTC.
    at: String,
    actor: ActorOut,
    /// From where; null for what WhatIsUp did by itself.
    #[schema(required)]
    peer: Option<PeerOut>,
    /// What was done: a word such as `app.allow`, or method and route.
    #[schema(example = "POST /v1/channels/{id}/start")]
    action: String,
    /// What it was done to: an id.
    #[schema(required, example = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    target: Option<String>,
    /// `done`, `refused` or `failed`.
    #[schema(example = "done")]
    outcome: &'static str,
    /// The rest of it: words, or the status and code of the answer.
    #[schema(required, example = "202")]
    detail: Option<String>,
    /// Of the entry before it; zeros before the first.
    #[schema(example = "0000000000000000000000000000000000000000000000000000000000000000")]
    prev_hash: String,
    /// SHA-256 of the entry's canonical form, in which `prev_hash` is.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    hash: String,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Actor)]
pub(crate) struct ActorOut {
    /// `admin` (the admin key), `person`, `app`, `itself` (WhatIsUp, by itself) or `nobody`.
    #[schema(example = "app")]
    kind: &'static str,
    /// Of a person: `dashboard`, `desktop` or `cli`.
    #[schema(required)]
    via: Option<&'static str>,
    #[schema(required, example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    app_id: Option<String>,
    /// Null when the app was let in by its program.
    #[schema(required)]
    key_id: Option<String>,
    /// The app's name at that time.
    #[schema(required, example = "Desk assistant")]
    name: Option<String>,
}

/// Whether the log is as it was written.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditVerified)]
pub(crate) struct VerifiedOut {
    ok: bool,
    /// How many entries were held against their hashes; null when it is not as it was written.
    #[schema(required)]
    entries: Option<u64>,
    /// The oldest that is kept.
    #[schema(required)]
    first: Option<u64>,
    /// Of the newest entry. Who notes it elsewhere can tell later that nothing before it was changed.
    #[schema(required)]
    hash: Option<String>,
    /// The first entry that is not, or not there, as it was written.
    #[schema(required)]
    broken_at: Option<u64>,
}

impl From<&Audited> for AuditEntryOut {
    fn from(audited: &Audited) -> Self {
        let entry = &audited.entry;
        AuditEntryOut {
            seq: audited.seq,
            at: audited.at.to_string(),
            actor: ActorOut::from(&entry.actor),
            peer: entry.peer.as_ref().map(PeerOut::from),
            action: entry.action.clone(),
            target: entry.target.clone(),
            outcome: entry.outcome.as_str(),
            detail: entry.detail.clone(),
            prev_hash: audited.prev_hash.to_string(),
            hash: audited.hash.to_string(),
        }
    }
}

impl From<&Actor> for ActorOut {
    fn from(actor: &Actor) -> Self {
        let plain = ActorOut { kind: actor.as_str(), via: None, app_id: None, key_id: None, name: None };
        match actor {
            Actor::Admin | Actor::Itself | Actor::Nobody => plain,
            Actor::Person { via } => ActorOut { via: Some(via.as_str()), ..plain },
            Actor::App { app, key, name } => ActorOut {
                app_id: Some(app.to_string()),
                key_id: key.map(|id| id.to_string()),
                name: Some(name.clone()),
                ..plain
            },
        }
    }
}

impl From<Result<Verified, Broken>> for VerifiedOut {
    fn from(found: Result<Verified, Broken>) -> Self {
        match found {
            Ok(Verified { entries, first, hash }) => VerifiedOut {
                ok: true,
                entries: Some(entries),
                first: Some(first),
                hash: Some(hash.to_string()),
                broken_at: None,
            },
            Err(Broken { at }) => VerifiedOut { ok: false, entries: None, first: None, hash: None, broken_at: Some(at) },
        }
    }
}
