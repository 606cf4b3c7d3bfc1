use crate::{ChannelId, ChatId, Permits, Scope};

/// What an event is about, as far as that decides which apps may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventSubject<'a> {
    /// Its type: `message.sent`.
    pub kind: &'a str,
    pub channel: Option<ChannelId>,
    /// Of `message.*` and `receipt.*`.
    pub chat: Option<&'a ChatId>,
    /// Of `webhook.*`: whether the receiver belongs to the app that looks.
    pub own: bool,
}

impl Permits {
    /// Whether an app with these may be told of an event: on a stream, in a page of the log, by a webhook. What is about a channel
    /// takes `events:read` for it; what people write to each other takes `messages:read` for the chat besides; what is about
    /// apps takes `apps:manage`; what is about webhooks `webhooks:manage`, and that it is its own. A type that is not known here
    /// is not told.
    pub fn see(&self, event: EventSubject<'_>) -> bool {
        let EventSubject { kind, channel, chat, own } = event;
        match kind.split_once('.').map_or(kind, |(family, _)| family) {
            "channel" => channel.is_some() && self.allows(Scope::EventsRead, channel, None),
            "message" | "receipt" => {
                channel.is_some()
                    && chat.is_some()
                    && self.allows(Scope::EventsRead, channel, None)
                    && self.allows(Scope::MessagesRead, channel, chat)
            }
            "webhook" => own && self.has(Scope::WebhooksManage),
            "app" | "access" => self.has(Scope::AppsManage),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{EventKind, Permit, Reach, Timestamp};

    fn channel(n: u128) -> ChannelId {
        ChannelId::new(Timestamp::EPOCH, n)
    }

    fn seen(permits: &Permits, of: u128, chat: Option<&str>, own: bool) -> Vec<&'static str> {
        let chat = chat.map(|chat| chat.parse().unwrap());
        let mut families: Vec<_> = EventKind::ALL
            .into_iter()
            .filter(|kind| {
                let about_channel = !["webhook", "app", "access"].iter().any(|f| kind.as_str().split('.').next() == Some(f));
                let subject =
                    EventSubject { kind: kind.as_str(), channel: about_channel.then(|| channel(of)), chat: chat.as_ref(), own };
                permits.see(subject)
            })
            .map(|kind| kind.as_str().split('.').next().unwrap())
            .collect();
        families.dedup();
        families
    }

    #[test]
    fn an_app_sees_what_its_permits_reach_and_nothing_else() {
        let ada = "15550100123@s.whatsapp.net";
        let one = Reach::only([channel(1)]);
        let events = Permits::of(&[Scope::EventsRead], &one, &Reach::All);
        assert_eq!(seen(&events, 1, Some(ada), true), ["channel"]);
        assert_eq!(seen(&events, 2, Some(ada), true), Vec::<&str>::new());

        let messages = Permits::of(&[Scope::EventsRead, Scope::MessagesRead], &one, &Reach::only([ada.parse().unwrap()]));
        assert_eq!(seen(&messages, 1, Some(ada), true), ["channel", "message", "receipt"]);
        assert_eq!(seen(&messages, 1, Some("15550100124@s.whatsapp.net"), true), ["channel"]);
        assert_eq!(seen(&messages, 1, None, true), ["channel"], "no chat is not every chat");
        let unseen = Permits::of(&[Scope::MessagesRead, Scope::MessagesSend], &Reach::All, &Reach::All);
        assert_eq!(seen(&unseen, 1, Some(ada), true), Vec::<&str>::new());

        let hooks = Permits::new([Permit::of(Scope::WebhooksManage), Permit::of(Scope::AppsManage)]);
        assert_eq!(seen(&hooks, 1, Some(ada), true), ["webhook", "app", "access"]);
        assert_eq!(seen(&hooks, 1, Some(ada), false), ["app", "access"]);
        assert_eq!(seen(&Permits::everything(), 1, Some(ada), true).len(), 6);
        assert_eq!(seen(&Permits::default(), 1, Some(ada), true), Vec::<&str>::new());
    }
}
