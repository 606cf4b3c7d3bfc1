/// Why nothing is delivered to a webhook receiver for now. Nothing that is owed to it is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// A person wanted it.
    ByHand,
    /// The last try of the schedule failed too.
    Failing,
}

impl PauseReason {
    pub fn as_str(self) -> &'static str {
        match self {
            PauseReason::ByHand => "by_hand",
            PauseReason::Failing => "failing",
        }
    }

    pub fn sentence(self) -> &'static str {
        match self {
            PauseReason::ByHand => "Paused by hand. Events are kept and delivered in order when it is resumed.",
            PauseReason::Failing => {
                "Paused because it kept failing. Events are kept; repair the receiver, then resume: they are delivered in order."
            }
        }
    }
}
