use crate::{AppId, KeyId, Permits, Timestamp};
use std::path::PathBuf;
use std::time::Duration;

/// A program on this machine, or somewhere else, that a person has let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    pub id: AppId,
    pub name: String,
    pub created_at: Timestamp,
    /// Since when none of its keys opens anything.
    pub disabled_at: Option<Timestamp>,
    pub permits: Permits,
    /// The web origins from which a browser may use its keys: `https://example.org`, as browsers write them.
    pub origins: Vec<String>,
    /// Programs that need no key when they come over the Unix socket: absolute paths.
    pub programs: Vec<PathBuf>,
    /// Requests per minute and key; `None`: as many as others.
    pub limits: Option<u32>,
}

/// One key of an app: never its text, which is shown once and then kept nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub id: KeyId,
    pub app: AppId,
    /// What it is for; may be empty.
    pub label: String,
    pub made_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    /// It ends when WhatIsUp does.
    pub until_quit: bool,
    /// The key whose place it takes; that one goes on for a while.
    pub replaces: Option<KeyId>,
    pub last_used_at: Option<Timestamp>,
    /// Where it was last used from: an address, or the path of a program.
    pub last_from: Option<String>,
    /// Requests on `day`.
    pub requests_today: u64,
    /// The day that `requests_today` counts, as [`Timestamp::day`] numbers them.
    pub day: i64,
}

/// How a key stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    Good,
    Expired { at: Timestamp },
    Revoked { at: Timestamp },
}

impl Key {
    pub fn state(&self, now: Timestamp) -> KeyState {
        match (self.revoked_at, self.expires_at) {
            (Some(at), _) => KeyState::Revoked { at },
            (None, Some(at)) if at <= now => KeyState::Expired { at },
            (None, _) => KeyState::Good,
        }
    }

    /// How long it still opens something; `None`: without an end.
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        self.expires_at.map(|at| at.since(now))
    }

    /// The requests of the day of `now`: what was counted yesterday is not today's.
    pub fn requests_on(&self, now: Timestamp) -> u64 {
        if self.day == now.day() { self.requests_today } else { 0 }
    }
}

/// Why an app, or one of its keys, may not come in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevokeReason {
    /// Somebody took a key back.
    ByHand,
    /// Another key took its place and the overlap is over.
    Rotated,
    /// It was let in until WhatIsUp quits.
    UntilQuit,
    /// The whole app was disabled.
    Disabled,
    /// The whole app was deleted.
    Deleted,
}

impl RevokeReason {
    pub const ALL: [RevokeReason; 5] =
        [RevokeReason::ByHand, RevokeReason::Rotated, RevokeReason::UntilQuit, RevokeReason::Disabled, RevokeReason::Deleted];

    pub fn as_str(self) -> &'static str {
        match self {
            RevokeReason::ByHand => "by_hand",
            RevokeReason::Rotated => "rotated",
            RevokeReason::UntilQuit => "until_quit",
            RevokeReason::Disabled => "disabled",
            RevokeReason::Deleted => "deleted",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            RevokeReason::ByHand => "Its key was revoked.",
            RevokeReason::Rotated => "Its old key was replaced by a new one.",
            RevokeReason::UntilQuit => "It was let in until WhatIsUp quits.",
            RevokeReason::Disabled => "It was disabled. Its keys open nothing until it is enabled again.",
            RevokeReason::Deleted => "It was deleted, and its keys with it.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        Key {
            id: KeyId::new(Timestamp::EPOCH, 1),
            app: AppId::new(Timestamp::EPOCH, 1),
            label: String::new(),
            made_at: Timestamp::EPOCH,
            expires_at: Some(Timestamp::from_secs(100)),
            revoked_at: None,
            until_quit: false,
            replaces: None,
            last_used_at: None,
            last_from: None,
            requests_today: 7,
            day: 0,
        }
    }

    #[test]
    fn a_key_is_good_until_the_moment_it_expires_and_never_after_it_was_revoked() {
        assert_eq!(key().state(Timestamp::from_secs(99)), KeyState::Good);
        assert_eq!(key().state(Timestamp::from_secs(100)), KeyState::Expired { at: Timestamp::from_secs(100) });
        let revoked = Key { revoked_at: Some(Timestamp::from_secs(5)), ..key() };
        for now in [0, 50, 500] {
            assert_eq!(revoked.state(Timestamp::from_secs(now)), KeyState::Revoked { at: Timestamp::from_secs(5) });
        }
    }

    #[test]
    fn requests_of_yesterday_are_not_of_today() {
        assert_eq!(key().requests_on(Timestamp::from_secs(86_399)), 7);
        assert_eq!(key().requests_on(Timestamp::from_secs(86_400)), 0);
    }
}
