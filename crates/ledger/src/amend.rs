//! What an edit, a revoke or a reaction does to the message that it is about. Pure.

use crate::inbound::same_person;
use crate::messages::Ours as _;
use crate::stored::{Reactions, Unreadable};
use domain::{Content, Event, Message};

/// A message with all that is known of it.
#[derive(Clone)]
pub(crate) struct Target {
    pub message: Message,
    pub reactions: Reactions,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Amendment {
    /// It changed the target, which this tells.
    Applied(Box<Event>),
    /// It was told before, or a later one was; or it does not come from whom it must.
    Void,
    /// The target cannot take it before it is decrypted.
    TooEarly,
}

/// Whether `by` can be about `target` at all: of one chat.
pub(crate) fn is_about(target: &Message, by: &Message) -> bool {
    target.channel == by.channel && target.chat == by.chat && by.content.target() == Some(target.whatsapp_id.as_str())
}

/// Applies `by` to the message that it is about. An edit and a revoke count only from the target's own author; in a group
/// WhatsApp lets an admin revoke too, and nobody else.
pub(crate) fn amend(target: &mut Target, by: &Message) -> Result<Amendment, Unreadable> {
    let message = &mut target.message;
    let by_author = message.is_ours() == by.is_ours()
        && (by.is_ours() || same_person(&message.sender, &by.sender).unwrap_or(is_one_to_one(message)));
    match &by.content {
        Content::Edit { text, .. } => {
            if message.content == Content::Undecryptable {
                return Ok(Amendment::TooEarly);
            }
            if !by_author || message.amended.revoked_at.is_some() || message.amended.edited_at.is_some_and(|at| at >= by.at) {
                return Ok(Amendment::Void);
            }
            // Of a picture it is the caption, which is not modelled yet.
            if let Content::Text { text: known } = &mut message.content {
                known.clone_from(text);
            }
            message.amended.edited_at = Some(by.at);
            Ok(Amendment::Applied(Box::new(Event::MessageEdited { message: message.clone() })))
        }
        Content::Revoke { .. } => {
            if message.amended.revoked_at.is_some() || !(by_author || message.chat.server() == "g.us") {
                return Ok(Amendment::Void);
            }
            message.amended.revoked_at = Some(by.at);
            Ok(Amendment::Applied(Box::new(Event::MessageRevoked { message: message.clone() })))
        }
        Content::Reaction { emoji, .. } => {
            if !target.reactions.set(&by.sender, by.is_ours(), emoji, by.at) {
                return Ok(Amendment::Void);
            }
            message.amended.reactions = target.reactions.shown()?;
            Ok(Amendment::Applied(Box::new(Event::MessageReacted { message: message.clone() })))
        }
        Content::Text { .. } | Content::Unsupported { .. } | Content::Undecryptable => Ok(Amendment::Void),
    }
}

fn is_one_to_one(message: &Message) -> bool {
    matches!(message.chat.server(), "s.whatsapp.net" | "lid")
}
