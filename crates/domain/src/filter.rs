use crate::ChannelId;

/// Which events somebody wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of these channels; empty: of all, and those that are about no channel.
    pub channels: Vec<ChannelId>,
    /// `*`, a family (`message.*`) or a type (`message.sent`); empty: all.
    pub kinds: Vec<String>,
}

impl EventFilter {
    /// Whether an event of this type about this channel (if it is about one) is wanted. With a list of channels, an event
    /// that is about no channel is not.
    pub fn matches(&self, kind: &str, channel: Option<ChannelId>) -> bool {
        let of_channel = self.channels.is_empty() || channel.is_some_and(|id| self.channels.contains(&id));
        of_channel && (self.kinds.is_empty() || self.kinds.iter().any(|pattern| kind_matches(pattern, kind)))
    }
}

/// `channel.*` takes all types that begin with `channel.`.
fn kind_matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(family) => kind.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
        None => pattern == "*" || pattern == kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn wants(kinds: &[&str], kind: &str) -> bool {
        let kinds = kinds.iter().map(|k| (*k).to_owned()).collect();
        EventFilter { channels: vec![], kinds }.matches(kind, None)
    }

    #[test]
    fn types_match_exactly_by_family_or_all() {
        assert!(wants(&[], "message.sent") && wants(&["*"], "webhook.paused"));
        assert!(wants(&["channel.*", "message.sent"], "message.sent"));
        assert!(wants(&["message.*"], "message.received"));
        for (pattern, kind) in [
            ("message.*", "messages.sent"),
            ("message.*", "message"),
            ("message.sent", "message.sending"),
            ("mess*", "message.sent"),
            ("", "message.sent"),
        ] {
            assert!(!wants(&[pattern], kind), "{pattern} {kind}");
        }
    }

    #[test]
    fn a_list_of_channels_leaves_out_what_is_about_none() {
        let (one, other) = (ChannelId::new(Timestamp::EPOCH, 1), ChannelId::new(Timestamp::EPOCH, 2));
        let filter = EventFilter { channels: vec![one], kinds: vec![] };
        assert!(filter.matches("message.sent", Some(one)));
        assert!(!filter.matches("message.sent", Some(other)) && !filter.matches("webhook.paused", None));
    }
}
