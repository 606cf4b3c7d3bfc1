//! Channels for this crate's own tests.

use domain::{Cause, ChannelId, ChannelView, Desired, Identity, Reason, State, Timestamp};

pub fn view(n: u128, name: &str, state: State) -> ChannelView {
    let created_at = Timestamp::from_secs(1_700_000_000);
    ChannelView {
        id: ChannelId::new(created_at, n),
        name: name.to_owned(),
        created_at,
        desired: Desired::Running,
        state,
        stuck_since: None,
        flapping_since: None,
        paired: true,
        identity: None,
        proxy: None,
    }
}

pub fn connected(n: u128, name: &str) -> ChannelView {
    view(n, name, State::Connected { since: Timestamp::EPOCH, identity: Identity::default() })
}

pub fn reconnecting(n: u128, name: &str, attempt: u32) -> ChannelView {
    let state = State::Reconnecting { since: Timestamp::EPOCH, attempt, next_attempt_at: None, cause: Cause::ConnectionLost };
    view(n, name, state)
}

pub fn stuck(n: u128, name: &str) -> ChannelView {
    ChannelView { stuck_since: Some(Timestamp::EPOCH), ..reconnecting(n, name, 7) }
}

pub fn disconnected(n: u128, name: &str, reason: Reason) -> ChannelView {
    view(n, name, State::Disconnected { since: Timestamp::EPOCH, reason })
}
