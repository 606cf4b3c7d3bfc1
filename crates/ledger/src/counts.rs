use domain::Timestamp;

/// What was sent and received in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageCount {
    /// When the stretch began.
    pub at: Timestamp,
    /// Messages that WhatsApp took from us.
    pub sent: u64,
    pub received: u64,
    /// Messages that failed for now: some of them may have been tried anew and sent.
    pub failed: u64,
}

/// How tries to deliver to webhook receivers went in one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeliveryCount {
    /// When the stretch began.
    pub at: Timestamp,
    pub delivered: u64,
    pub failed: u64,
}
