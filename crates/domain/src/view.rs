use crate::{ChannelId, Identity, Proxy, Reason, State, Timestamp};

/// What the user wants of a channel, whatever it is doing now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Desired {
    Running,
    Stopped,
}

impl Desired {
    pub fn as_str(self) -> &'static str {
        match self {
            Desired::Running => "running",
            Desired::Stopped => "stopped",
        }
    }
}

/// A channel as everybody sees it: the tray, the dashboard, the API and the events are functions of this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    pub id: ChannelId,
    pub name: String,
    pub created_at: Timestamp,
    pub desired: Desired,
    pub state: State,
    /// Since when the heartbeat has had it flagged as stuck.
    pub stuck_since: Option<Timestamp>,
    /// Since when it has been losing its connection again and again.
    pub flapping_since: Option<Timestamp>,
    /// Whether auth-state exists, so that a start needs no QR.
    pub paired: bool,
    /// The account it is (or was last) linked to.
    pub identity: Option<Identity>,
    pub proxy: Option<Proxy>,
}

/// How a state should feel at a glance, worst last: the tray's icon is the worst of all channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// Off, because somebody wants it off.
    Idle,
    Connected,
    Working,
    Attention,
    Broken,
}

impl Tone {
    pub fn as_str(self) -> &'static str {
        match self {
            Tone::Idle => "idle",
            Tone::Connected => "connected",
            Tone::Working => "working",
            Tone::Attention => "attention",
            Tone::Broken => "broken",
        }
    }
}

impl ChannelView {
    pub fn tone(&self) -> Tone {
        match &self.state {
            State::Connected { .. } | State::Reconnecting { .. } if self.flapping_since.is_some() => Tone::Attention,
            State::Connected { .. } => Tone::Connected,
            State::Pairing { .. } => Tone::Working,
            State::Reconnecting { .. } if self.stuck_since.is_some() => Tone::Attention,
            State::Reconnecting { .. } => Tone::Working,
            State::Disconnected { reason, .. } => match reason {
                Reason::New | Reason::Stopped | Reason::LoggedOut => Tone::Idle,
                Reason::PairingExpired
                | Reason::PairingFailed
                | Reason::Replaced
                | Reason::Banned { .. }
                | Reason::VaultLocked => Tone::Attention,
                Reason::Unlinked
                | Reason::KeysRotated
                | Reason::AccountLocked
                | Reason::ClientOutdated
                | Reason::VaultMissing
                | Reason::VaultRefused
                | Reason::WrongKey
                | Reason::AuthStateDamaged
                | Reason::StorageFailed => Tone::Broken,
            },
        }
    }
}

/// All channels at one moment, in the order of their creation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    pub channels: Vec<ChannelView>,
}

impl Overview {
    /// The worst tone of all channels; `Idle` when there is none.
    pub fn worst(&self) -> Tone {
        self.channels.iter().map(ChannelView::tone).max().unwrap_or(Tone::Idle)
    }

    pub fn get(&self, id: ChannelId) -> Option<&ChannelView> {
        self.channels.iter().find(|c| c.id == id)
    }
}
