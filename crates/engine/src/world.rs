use channel::Input;

/// News that concern every channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    Woke,
    ClockSetBack,
    NetworkUp,
    NetworkDown,
    NetworkChanged,
    VaultUnlocked,
}

/// News that may wait for a driver that is busy. One that missed some acts as after a sleep: it starts afresh.
pub(crate) const NEWS_WAITING: usize = 32;

impl From<World> for Input {
    fn from(news: World) -> Self {
        match news {
            World::Woke => Input::Woke,
            World::ClockSetBack => Input::ClockSetBack,
            World::NetworkUp => Input::NetworkUp,
            World::NetworkDown => Input::NetworkDown,
            World::NetworkChanged => Input::NetworkChanged,
            World::VaultUnlocked => Input::VaultUnlocked,
        }
    }
}
