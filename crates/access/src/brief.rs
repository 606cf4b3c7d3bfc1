//! In few words, for the audit log: never whom somebody writes to.

use domain::{Permits, Reach};
use std::fmt::Write as _;

/// `messages:send on 2 channels to 1 chat, channels:read`
pub(crate) fn permits(permits: &Permits) -> String {
    let mut text = String::new();
    for permit in permits {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(permit.scope.as_str());
        // Writing to a string does not fail.
        if let Some(n) = many(&permit.channels) {
            let _ = write!(text, " on {n} {}", if n == 1 { "channel" } else { "channels" });
        }
        if let Some(n) = many(&permit.recipients) {
            let _ = write!(text, " with {n} {}", if n == 1 { "chat" } else { "chats" });
        }
    }
    text
}

fn many<T: Ord + Clone>(reach: &Reach<T>) -> Option<usize> {
    reach.named().map(<[T]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{ChannelId, Permit, Scope, Timestamp};

    #[test]
    fn permits_are_told_without_the_chats() {
        let channels = Reach::only([ChannelId::new(Timestamp::EPOCH, 1), ChannelId::new(Timestamp::EPOCH, 2)]);
        let chats = Reach::only(["15550100123@s.whatsapp.net".parse().unwrap()]);
        let sends = Permit::new(Scope::MessagesSend, channels, chats).unwrap();
        let told = permits(&Permits::new([sends, Permit::of(Scope::ChannelsRead)]));
        assert_eq!(told, "channels:read, messages:send on 2 channels with 1 chat");
    }
}
