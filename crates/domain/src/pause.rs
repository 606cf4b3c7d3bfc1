/// Why nothing is delivered to a webhook receiver for now. Nothing that is owed to it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// A person wanted it.
    ByHand,
    /// The last try of the schedule failed too.
    Failing,
    /// The app that it belongs to is disabled, or has no key any more.
    AppRevoked,
}

impl PauseReason {
    pub const ALL: [PauseReason; 3] = [PauseReason::ByHand, PauseReason::Failing, PauseReason::AppRevoked];

    pub fn as_str(self) -> &'static str {
        match self {
            PauseReason::ByHand => "by_hand",
            PauseReason::Failing => "failing",
            PauseReason::AppRevoked => "app_revoked",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            PauseReason::ByHand => "Paused by hand. Events are kept and delivered in order when it is resumed.",
            PauseReason::Failing => {
                "Paused because it kept failing. Events are kept; repair the receiver, then resume: they are delivered in order."
            }
            PauseReason::AppRevoked => {
                "Paused because the app that it belongs to may not come in. Events are kept; it goes on when the app is let in again."
            }
        }
    }
}
