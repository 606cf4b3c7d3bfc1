//! What has reached a phone, how often, and in which order: what a test wants to know when it has killed and cut things.

use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::conversation::{Content, Direction, PhoneMessage};

/// A summary of everything that came to a phone from others and from its own companions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Arrivals {
    /// Different messages that can be read.
    pub messages: usize,
    /// Copies beyond the first, of whatever message. The phone shows them once.
    pub duplicates: u64,
    /// Messages that have come and cannot be read (yet).
    pub undecryptable: usize,
    pub chats: Vec<ChatArrivals>,
}

/// One chat, each message once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChatArrivals {
    #[schema(example = "15550100102@s.whatsapp.net")]
    pub chat: String,
    /// In the order in which their first copies came.
    pub messages: Vec<Arrival>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Arrival {
    pub id: String,
    /// `in`, or `out` for what a companion of this phone wrote.
    #[schema(value_type = String, example = "in")]
    pub direction: Direction,
    /// 1 is right; more are duplicates; 0 is not readable (yet).
    pub arrivals: u32,
    pub kind: String,
    pub text: Option<String>,
}

impl Arrivals {
    pub(super) fn of(all: &[PhoneMessage]) -> Self {
        let mut found = Self::default();
        let mut places: HashMap<String, usize> = HashMap::new();
        for message in all.iter().filter(|message| message.direction == Direction::In || message.by_companion) {
            match message.content {
                Content::Undecryptable(_) => found.undecryptable += 1,
                Content::Text(_)
                | Content::Edit { .. }
                | Content::Revoke { .. }
                | Content::Reaction { .. }
                | Content::Other(_) => found.messages += 1,
            }
            found.duplicates += u64::from(message.arrivals.saturating_sub(1));
            let chat = message.chat.to_string();
            let place = *places.entry(chat.clone()).or_insert_with(|| {
                found.chats.push(ChatArrivals { chat, messages: Vec::new() });
                found.chats.len() - 1
            });
            found.chats[place].messages.push(Arrival {
                id: message.id.clone(),
                direction: message.direction,
                arrivals: message.arrivals,
                kind: message.content.kind().to_owned(),
                text: message.content.text().map(str::to_owned),
            });
        }
        found
    }
}
