use domain::ChannelId;

/// What other processes changed in a ledger that is shared with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These were made, changed or deleted, or have another holder.
    Channels(Vec<ChannelId>),
    /// There may be something to send.
    Outbox(Vec<ChannelId>),
    /// An order was placed or answered.
    Orders,
    /// Webhook receivers, what is owed to them, or who serves them.
    Endpoints,
    /// Apps, their keys, or what programs have asked for: who may come in is another question now.
    Access,
    /// Some news did not arrive: anything may have changed.
    Missed,
}
