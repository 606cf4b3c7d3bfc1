//! What the changes of the overview tell.

use domain::{ChannelId, ChannelView, Notice, Overview, Reason, State};
use std::collections::HashMap;

/// What was last seen of a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    paired: bool,
    connected: bool,
    disconnected: Option<Reason>,
    stuck: bool,
    flapping: bool,
}

/// Compares one overview with the next. What is there at the start is no news.
#[derive(Debug, Default)]
pub(crate) struct Watcher {
    seen: Option<HashMap<ChannelId, Seen>>,
}

impl Watcher {
    /// What `now` has that is worth telling, in the order of the channels.
    pub fn news(&mut self, now: &Overview) -> Vec<(Notice, ChannelView)> {
        let next: HashMap<_, _> = now.channels.iter().map(|c| (c.id, Seen::of(c))).collect();
        let Some(before) = self.seen.replace(next.clone()) else { return Vec::new() };
        let mut news = Vec::new();
        for channel in &now.channels {
            let Some(was) = before.get(&channel.id) else { continue };
            let is = &next[&channel.id];
            if let Some(notice) = notice(was, is) {
                news.push((notice, channel.clone()));
            }
        }
        news
    }
}

impl Seen {
    fn of(channel: &ChannelView) -> Self {
        Seen {
            paired: channel.paired,
            connected: matches!(channel.state, State::Connected { .. }),
            disconnected: if let State::Disconnected { reason, .. } = &channel.state { Some(*reason) } else { None },
            stuck: channel.stuck_since.is_some(),
            flapping: channel.flapping_since.is_some(),
        }
    }
}

fn notice(was: &Seen, is: &Seen) -> Option<Notice> {
    if !was.paired && is.paired {
        return Some(Notice::Paired);
    }
    if is.stuck && !was.stuck {
        return Some(Notice::Stuck);
    }
    if is.flapping && !was.flapping {
        return Some(Notice::Flapping);
    }
    let (was_in_trouble, is_in_trouble) = (was.stuck || was.flapping, is.stuck || is.flapping);
    // A stop by hand also ends being stuck; that is no recovery.
    if was_in_trouble && !is_in_trouble && is.connected {
        return Some(Notice::Recovered);
    }
    match (was.disconnected, is.disconnected) {
        (before, Some(reason)) if before != Some(reason) && unasked(reason) => Some(Notice::Disconnected),
        (_, Some(_) | None) => None,
    }
}

/// Whether it happened without the person's doing: they know what they stopped themselves.
fn unasked(reason: Reason) -> bool {
    !matches!(reason, Reason::New | Reason::Stopped | Reason::LoggedOut | Reason::PairingExpired)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use domain::{Cause, Desired, Identity, Timestamp};

    fn channel(state: State, stuck: bool, paired: bool) -> ChannelView {
        ChannelView {
            id: ChannelId::new(Timestamp::EPOCH, 1),
            name: "Front desk".into(),
            created_at: Timestamp::EPOCH,
            desired: Desired::Running,
            state,
            stuck_since: stuck.then_some(Timestamp::EPOCH),
            flapping_since: None,
            paired,
            identity: None,
            proxy: None,
        }
    }

    fn off(reason: Reason) -> State {
        State::Disconnected { since: Timestamp::EPOCH, reason }
    }

    fn on() -> State {
        State::Connected { since: Timestamp::EPOCH, identity: Identity::default() }
    }

    fn trying() -> State {
        State::Reconnecting { since: Timestamp::EPOCH, attempt: 1, next_attempt_at: None, cause: Cause::ConnectionLost }
    }

    fn told(steps: &[ChannelView]) -> Vec<Notice> {
        let mut watcher = Watcher::default();
        steps.iter().flat_map(|c| watcher.news(&Overview { channels: vec![c.clone()] })).map(|(notice, _)| notice).collect()
    }

    #[test]
    fn pairing_is_told_once() {
        let steps = [channel(off(Reason::New), false, false), channel(trying(), false, true), channel(on(), false, true)];
        assert_eq!(told(&steps), [Notice::Paired]);
    }

    #[test]
    fn a_blip_is_invisible() {
        assert_eq!(told(&[channel(on(), false, true), channel(trying(), false, true), channel(on(), false, true)]), []);
    }

    #[test]
    fn stuck_and_recovered_are_told() {
        let steps = [channel(trying(), false, true), channel(trying(), true, true), channel(on(), false, true)];
        assert_eq!(told(&steps), [Notice::Stuck, Notice::Recovered]);
    }

    #[test]
    fn flapping_is_told_once_and_its_end_too() {
        let flapping = |state| ChannelView { flapping_since: Some(Timestamp::EPOCH), ..channel(state, false, true) };
        let steps = [channel(on(), false, true), flapping(trying()), flapping(on()), flapping(trying()), flapping(on())];
        assert_eq!(told(&steps), [Notice::Flapping]);
        assert_eq!(told(&[flapping(on()), channel(on(), false, true)]), [Notice::Recovered]);
        // Stuck while it flaps is told; that it is connected for a moment is no recovery.
        let stuck = ChannelView { stuck_since: Some(Timestamp::EPOCH), ..flapping(trying()) };
        assert_eq!(told(&[flapping(trying()), stuck, flapping(on())]), [Notice::Stuck]);
    }

    #[test]
    fn an_unlink_is_told_and_a_stop_by_hand_is_not() {
        assert_eq!(told(&[channel(on(), false, true), channel(off(Reason::Unlinked), false, false)]), [Notice::Disconnected]);
        assert_eq!(told(&[channel(on(), false, true), channel(off(Reason::Stopped), false, true)]), []);
        assert_eq!(told(&[channel(trying(), true, true), channel(off(Reason::Stopped), false, true)]), []);
    }

    #[test]
    fn what_is_there_at_the_start_is_no_news() {
        assert_eq!(told(&[channel(off(Reason::Unlinked), false, false)]), []);
    }
}
