use crate::{Actor, Peer};

/// Something that somebody did, or tried, as the audit log keeps it. Never a key, a code, a body or the text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub actor: Actor,
    /// From where; none for what WhatIsUp did by itself.
    pub peer: Option<Peer>,
    /// What was done: `app.allow`, `key.revoke`, or method and route: `POST /v1/channels/{id}/start`.
    pub action: String,
    /// What it was done to: an id.
    pub target: Option<String>,
    pub outcome: Outcome,
    /// The rest of it, in words or as the API's code of a refusal.
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    Refused,
    Failed,
}

impl Outcome {
    pub const ALL: [Outcome; 3] = [Outcome::Done, Outcome::Refused, Outcome::Failed];

    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
            Outcome::Failed => "failed",
        }
    }
}
