//! What the tray shows, and nothing else: its icon and its menu are functions of this.

use crate::words;
use app::Concerns;
use domain::{Overview, Tone};
use std::sync::Arc;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Glance {
    Starting,
    Running {
        overview: Arc<Overview>,
        /// What waits for a person beside the channels.
        concerns: Concerns,
        /// The API's address, as a program would write it.
        address: String,
        /// Whether channels were paused together and wait to be resumed.
        paused: bool,
        /// `None` where the desktop cannot tell.
        start_at_login: Option<bool>,
        /// Something that does not work on this desktop, in words.
        note: Option<String>,
    },
    Failed {
        title: String,
    },
    Stopping,
}

impl Glance {
    /// The tone of the icon: the worst of all channels; attention at least while something else waits.
    pub fn tone(&self) -> Tone {
        match self {
            Glance::Starting => Tone::Working,
            Glance::Running { overview, concerns, .. } if concerns.any() => overview.worst().max(Tone::Attention),
            Glance::Running { overview, .. } => overview.worst(),
            Glance::Failed { .. } => Tone::Broken,
            Glance::Stopping => Tone::Idle,
        }
    }

    /// A sentence for a pointer that rests on the icon (and for screen readers).
    pub fn tooltip(&self) -> String {
        match self {
            Glance::Starting => "WhatIsUp is starting".to_owned(),
            Glance::Failed { title } => format!("WhatIsUp: {title}"),
            Glance::Stopping => "WhatIsUp is quitting".to_owned(),
            Glance::Running { overview, concerns, .. } => {
                let all = overview.channels.len();
                let connected = overview.channels.iter().filter(|c| c.tone() == Tone::Connected).count();
                let mut said = match (all, connected) {
                    (0, _) => "WhatIsUp: no channels yet".to_owned(),
                    (1, 1) => "WhatIsUp: the channel is connected".to_owned(),
                    (n, c) if n == c => format!("WhatIsUp: all {n} channels are connected"),
                    (n, c) => format!("WhatIsUp: {c} of {n} channels connected"),
                };
                for concern in words::concerns(*concerns) {
                    said.push_str(", ");
                    said.push_str(&concern);
                }
                said
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::example;
    use domain::{ChannelView, Reason};

    fn running(channels: Vec<ChannelView>) -> Glance {
        Glance::Running {
            overview: Overview { channels }.into(),
            concerns: Concerns::default(),
            address: String::new(),
            paused: false,
            start_at_login: None,
            note: None,
        }
    }

    #[test]
    fn the_icon_tells_the_worst_state() {
        assert_eq!(running(vec![]).tone(), Tone::Idle);
        assert_eq!(running(vec![example::connected(1, "a"), example::reconnecting(2, "b", 1)]).tone(), Tone::Working);
        assert_eq!(running(vec![example::stuck(1, "a"), example::connected(2, "b")]).tone(), Tone::Attention);
        assert_eq!(running(vec![example::stuck(1, "a"), example::disconnected(2, "b", Reason::Unlinked)]).tone(), Tone::Broken);
        assert_eq!(Glance::Failed { title: String::new() }.tone(), Tone::Broken);
    }

    #[test]
    fn what_waits_beside_the_channels_shows_in_the_icon_and_in_words() {
        let mut glance = running(vec![example::connected(1, "a")]);
        if let Glance::Running { concerns, .. } = &mut glance {
            *concerns = Concerns { wedged: 2, webhooks: 1, ..Concerns::default() };
        }
        assert_eq!(glance.tone(), Tone::Attention);
        assert_eq!(glance.tooltip(), "WhatIsUp: the channel is connected, 2 messages were not sent, a webhook gets nothing");
    }

    #[test]
    fn the_tooltip_counts() {
        assert_eq!(running(vec![example::connected(1, "a")]).tooltip(), "WhatIsUp: the channel is connected");
        assert_eq!(
            running(vec![example::connected(1, "a"), example::stuck(2, "b")]).tooltip(),
            "WhatIsUp: 1 of 2 channels connected"
        );
    }
}
