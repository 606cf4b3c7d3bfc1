use crate::{Person, Timestamp};
use std::fmt;

/// What was done to a message after it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amended {
    /// When its text was last changed; the content is the newest one.
    pub edited_at: Option<Timestamp>,
    /// When it was taken back for everyone.
    pub revoked_at: Option<Timestamp>,
    /// The latest of each person, in the order in which people reacted; those taken back are not among them.
    pub reactions: Vec<Reaction>,
}

/// One person's reaction to a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Reaction {
    pub by: Person,
    pub emoji: String,
    pub at: Timestamp,
}

// What people write to each other has no place in a log.
impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaction").field("at", &self.at).finish_non_exhaustive()
    }
}
