use crate::error::CommandError;
use channel::Command;
use domain::ChannelView;
use ledger::ChannelPatch;
use tokio::sync::oneshot;

/// Commands that may wait for a busy driver. When they are that many, whoever gives the next one waits too.
pub(crate) const WAITING: usize = 16;

/// What is asked of a driver, and where the answer goes. Nobody there to take it: it was done all the same.
#[derive(Debug)]
pub(crate) struct Order {
    pub what: What,
    pub reply: Reply,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Command(Command),
    Patch(ChannelPatch),
}

pub(crate) type Reply = oneshot::Sender<Result<ChannelView, CommandError>>;
