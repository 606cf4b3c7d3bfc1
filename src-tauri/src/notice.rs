//! Which notices become desktop notifications, and in which words. Pure; `toast.rs` shows them.

use domain::{ChannelId, ChannelView, Notice, State};

/// From how many of a kind at one moment they become one notification: a network that goes away takes every channel with it.
const CROWD: usize = 4;

/// The kinds that the user wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    pub paired: bool,
    pub disconnected: bool,
    pub stuck: bool,
    pub recovered: bool,
}

impl Switches {
    fn allow(self, notice: Notice) -> bool {
        match notice {
            Notice::Paired => self.paired,
            Notice::Disconnected => self.disconnected,
            Notice::Stuck => self.stuck,
            Notice::Recovered => self.recovered,
        }
    }
}

/// One desktop notification, as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    pub title: String,
    pub body: String,
    /// Stays until it is dismissed: somebody has to do something.
    pub urgent: bool,
    /// What its button opens; the dashboard when `None`.
    pub channel: Option<ChannelId>,
}

/// The notifications for the notices of one moment, oldest first.
pub fn toasts(notices: &[(Notice, ChannelView)], switches: Switches) -> Vec<Toast> {
    let mut wanted: Vec<&(Notice, ChannelView)> = Vec::new();
    for told in notices {
        // What happened last to a channel is what counts: stuck and recovered within a moment is only recovered.
        wanted.retain(|(_, channel)| channel.id != told.1.id);
        if switches.allow(told.0) {
            wanted.push(told);
        }
    }
    let kinds = [Notice::Paired, Notice::Disconnected, Notice::Stuck, Notice::Recovered];
    let mut toasts = Vec::new();
    for kind in kinds {
        let of_kind: Vec<&ChannelView> = wanted.iter().filter(|(notice, _)| *notice == kind).map(|(_, c)| c).collect();
        if of_kind.len() >= CROWD {
            toasts.push(crowd(kind, &of_kind));
        } else {
            toasts.extend(of_kind.into_iter().map(|channel| one(kind, channel)));
        }
    }
    toasts
}

fn one(notice: Notice, channel: &ChannelView) -> Toast {
    let name = &channel.name;
    let (title, body, urgent) = match notice {
        Notice::Paired => (format!("{name} is paired"), paired_as(channel), false),
        Notice::Disconnected => (format!("{name} is disconnected"), why(channel), true),
        Notice::Stuck => (format!("{name} cannot reconnect"), why(channel), true),
        Notice::Recovered => (format!("{name} is connected again"), "Nothing to do.".to_owned(), false),
    };
    Toast { title, body, urgent, channel: Some(channel.id) }
}

fn crowd(notice: Notice, channels: &[&ChannelView]) -> Toast {
    let count = channels.len();
    let (title, urgent) = match notice {
        Notice::Paired => (format!("{count} channels are paired"), false),
        Notice::Disconnected => (format!("{count} channels are disconnected"), true),
        Notice::Stuck => (format!("{count} channels cannot reconnect"), true),
        Notice::Recovered => (format!("{count} channels are connected again"), false),
    };
    let named: Vec<&str> = channels.iter().take(3).map(|c| c.name.as_str()).collect();
    let body = format!("{} and {} more", named.join(", "), count - named.len());
    Toast { title, body, urgent, channel: None }
}

fn paired_as(channel: &ChannelView) -> String {
    let who = channel.identity.as_ref().and_then(|identity| identity.push_name.as_deref());
    match who {
        Some(name) => format!("Linked with {name}. It stays connected from now on."),
        None => "Linked with the phone. It stays connected from now on.".to_owned(),
    }
}

fn why(channel: &ChannelView) -> String {
    match &channel.state {
        State::Disconnected { reason, .. } => reason.sentence().to_owned(),
        State::Reconnecting { cause, .. } => cause.sentence().to_owned(),
        State::Pairing { .. } | State::Connected { .. } => String::new(),
    }
}

/// A body for a notification service that reads markup: names are people's words, not tags.
pub fn without_markup(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use domain::Reason;

    const ALL: Switches = Switches { paired: true, disconnected: true, stuck: true, recovered: true };

    fn titles(notices: &[(Notice, ChannelView)], switches: Switches) -> Vec<String> {
        toasts(notices, switches).into_iter().map(|t| t.title).collect()
    }

    #[test]
    fn a_disconnect_says_why_and_what_to_do_and_opens_the_channel() {
        let channel = example::disconnected(1, "Shop", Reason::Unlinked);
        assert_eq!(
            toasts(&[(Notice::Disconnected, channel.clone())], ALL),
            [Toast {
                title: "Shop is disconnected".to_owned(),
                body: Reason::Unlinked.sentence().to_owned(),
                urgent: true,
                channel: Some(channel.id),
            }]
        );
    }

    #[test]
    fn a_muted_kind_is_not_shown() {
        let notices = [(Notice::Paired, example::connected(1, "Shop")), (Notice::Stuck, example::stuck(2, "Desk"))];
        assert_eq!(titles(&notices, Switches { paired: false, ..ALL }), ["Desk cannot reconnect"]);
        assert_eq!(titles(&notices, Switches { stuck: false, ..ALL }), ["Shop is paired"]);
    }

    #[test]
    fn many_at_once_are_one() {
        let notices: Vec<_> = (1..=20).map(|n| (Notice::Stuck, example::stuck(n, &format!("c{n}")))).collect();
        let shown = toasts(&notices, ALL);
        assert_eq!(shown.len(), 1);
        assert_eq!(shown[0].title, "20 channels cannot reconnect");
        assert_eq!(shown[0].body, "c1, c2, c3 and 17 more");
        assert_eq!(shown[0].channel, None);
        assert_eq!(toasts(&notices[..3], ALL).len(), 3);
    }

    #[test]
    fn only_the_last_word_on_a_channel_is_shown() {
        let notices = [(Notice::Stuck, example::stuck(1, "Shop")), (Notice::Recovered, example::connected(1, "Shop"))];
        assert_eq!(titles(&notices, ALL), ["Shop is connected again"]);
        assert!(titles(&notices, Switches { recovered: false, ..ALL }).is_empty());
    }

    #[test]
    fn a_name_cannot_carry_markup() {
        assert_eq!(without_markup("<b>A&B</b>"), "&lt;b&gt;A&amp;B&lt;/b&gt;");
    }
}
