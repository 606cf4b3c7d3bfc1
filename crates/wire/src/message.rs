use crate::PersonOut;
use domain::{Content, Direction, FailReason, Message, MessageStatus, Reaction, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A message, sent or received.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Message)]
pub struct MessageOut {
    #[schema(example = "msg_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub id: String,
    pub channel_id: String,
    /// WhatsApp's own id of the message.
    #[schema(example = "3EB0C767D82A1B2C3D4E5F")]
    pub whatsapp_id: String,
    /// The chat, by WhatsApp's canonical JID.
    #[schema(example = "15550100123@s.whatsapp.net")]
    pub chat: String,
    /// `inbound` or `outbound`.
    pub direction: String,
    pub sender: PersonOut,
    /// Written by the channel's own account (here or on the phone).
    pub from_me: bool,
    pub content: ContentOut,
    /// `received`; or `asking`, `queued`, `sending`, `sent`, `delivered`, `read`, `played`, `failed`, `cancelled`, `expired`,
    /// `denied`.
    #[schema(example = "queued")]
    pub status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureOut>,
    /// When it was accepted (outbound) or, by WhatsApp's clock, sent (inbound).
    pub at: String,
    /// When `status` last changed.
    pub updated_at: String,
    /// Not to leave before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<String>,
    /// When it is still queued at this moment, it expires instead of leaving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Tries that came to nothing so far.
    #[serde(default)]
    pub attempts: u32,
    /// When the next try is due, while it waits for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<String>,
    /// Why the last try came to nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setback: Option<FailureOut>,
    /// The app that gave it; absent for what a person or the admin key gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "app_01j5a9k3m4n5p6q7r8s9t0v1w2")]
    pub app_id: Option<String>,
    /// `asking`: how long it waits for a person before it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_until: Option<String>,
    /// When its text was last changed; `content` is the newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<String>,
    /// When it was taken back for everyone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// The latest reaction of each person.
    #[serde(default)]
    pub reactions: Vec<ReactionOut>,
}

/// One person's reaction to a message.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Reaction)]
pub struct ReactionOut {
    pub by: PersonOut,
    #[schema(example = "👍")]
    pub emoji: String,
    pub at: String,
}

/// Why a message failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Failure)]
pub struct FailureOut {
    /// `refused`, `no_such_recipient`, `session_ended`, `no_answer` or `internal`.
    pub reason: String,
    /// What it means, for a person.
    pub summary: String,
    /// WhatsApp's nack code, when it refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// What a message says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = Content)]
pub enum ContentOut {
    Text {
        #[schema(example = "Hello")]
        text: String,
    },
    /// A kind that is not modelled yet, by WhatsApp's name for it.
    Unsupported { kind: String },
    /// It could not be decrypted so far.
    Undecryptable {},
    /// A reaction to another message; an empty emoji takes it back.
    Reaction {
        /// WhatsApp's id of the message that it is about.
        target: String,
        #[schema(example = "👍")]
        emoji: String,
    },
    /// A new text for another message of the same sender.
    Edit {
        /// WhatsApp's id of the message that it is about.
        target: String,
        text: String,
    },
    /// Another message is taken back for everyone.
    Revoke {
        /// WhatsApp's id of the message that it is about.
        target: String,
    },
}

impl From<&Content> for ContentOut {
    fn from(c: &Content) -> Self {
        match c {
            Content::Text { text } => ContentOut::Text { text: text.clone() },
            Content::Unsupported { kind } => ContentOut::Unsupported { kind: kind.clone() },
            Content::Undecryptable => ContentOut::Undecryptable {},
            Content::Reaction { target, emoji } => ContentOut::Reaction { target: target.clone(), emoji: emoji.clone() },
            Content::Edit { target, text } => ContentOut::Edit { target: target.clone(), text: text.clone() },
            Content::Revoke { target } => ContentOut::Revoke { target: target.clone() },
        }
    }
}

impl From<&FailReason> for FailureOut {
    fn from(r: &FailReason) -> Self {
        FailureOut { reason: r.as_str().to_owned(), summary: r.sentence().to_owned(), code: r.code() }
    }
}

impl From<&Reaction> for ReactionOut {
    fn from(r: &Reaction) -> Self {
        ReactionOut { by: PersonOut::from(&r.by), emoji: r.emoji.clone(), at: r.at.to_string() }
    }
}

impl From<&Message> for MessageOut {
    fn from(m: &Message) -> Self {
        MessageOut {
            id: m.id.to_string(),
            channel_id: m.channel.to_string(),
            whatsapp_id: m.whatsapp_id.clone(),
            chat: m.chat.to_string(),
            direction: match m.direction {
                Direction::Inbound => "inbound",
                Direction::Outbound => "outbound",
            }
            .to_owned(),
            sender: PersonOut::from(&m.sender),
            from_me: m.from_me,
            content: ContentOut::from(&m.content),
            status: m.status.as_str().to_owned(),
            failure: if let MessageStatus::Failed(reason) = &m.status { Some(reason.into()) } else { None },
            at: m.at.to_string(),
            updated_at: m.updated_at.to_string(),
            send_at: text(m.outbox.send_at),
            expires_at: text(m.outbox.expires_at),
            attempts: m.outbox.attempts,
            next_attempt_at: text(m.outbox.next_attempt_at),
            setback: m.outbox.setback.as_ref().map(FailureOut::from),
            app_id: m.outbox.app.map(|app| app.to_string()),
            ask_until: text(m.outbox.ask_until).filter(|_| m.status == MessageStatus::Asking),
            edited_at: text(m.amended.edited_at),
            revoked_at: text(m.amended.revoked_at),
            reactions: m.amended.reactions.iter().map(ReactionOut::from).collect(),
        }
    }
}

fn text(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

// Message text has no place in a log.
impl std::fmt::Debug for ContentOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ContentOut(…)")
    }
}

impl std::fmt::Debug for MessageOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageOut").field("id", &self.id).field("status", &self.status).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ReactionOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReactionOut").field("at", &self.at).finish_non_exhaustive()
    }
}
