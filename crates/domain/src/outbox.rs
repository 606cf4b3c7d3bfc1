use crate::{AppId, FailReason, Timestamp};

/// What the outbox knows of a message besides its status. All empty for a message that came in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutboxNote {
    /// Not to leave before this moment.
    pub send_at: Option<Timestamp>,
    /// Not to leave after this moment: when it is still queued then, it expires.
    pub expires_at: Option<Timestamp>,
    /// Tries that came to nothing since it was accepted, or since a person had it tried anew.
    pub attempts: u32,
    /// When the next try is due; `None` when it may leave at once, or is not waiting.
    pub next_attempt_at: Option<Timestamp>,
    /// Why the last try came to nothing.
    pub setback: Option<FailReason>,
    /// The app that wants it sent; `None` when a person or the admin key does.
    pub app: Option<AppId>,
    /// It was to be confirmed by a person, until this moment; stays when that was done.
    pub ask_until: Option<Timestamp>,
}
