use super::Caller;
use domain::{AppId, ChannelId, ChatId, EventSubject, MessageId};

/// What an event is about, as far as it matters to who may hear of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub channel: Option<ChannelId>,
    pub message: Option<MessageId>,
    pub chat: Option<ChatId>,
    /// The app whose webhook it is about.
    pub owner: Option<AppId>,
}

impl Caller {
    /// Whether an event of this type is for its ears.
    pub fn sees(&self, kind: &str, about: &Subject) -> bool {
        let Caller::App(grantee) = self else { return true };
        let own = about.owner == Some(grantee.app);
        grantee.permits.see(EventSubject { kind, channel: about.channel, chat: about.chat.as_ref(), own })
    }
}
