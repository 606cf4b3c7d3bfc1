use crate::clock::Clock;
use crate::holding::Holding;
use crate::retention::RetentionConfig;

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub clock: Clock,
    /// Whether to watch the machine's addresses. Without, a machine always counts as online: right for a build that
    /// only ever talks to loopback.
    pub watch_network: bool,
    /// Sockets that may be on their way up at the same time; more wait their turn.
    pub opening_at_once: usize,
    pub outbox: OutboxConfig,
    pub retention: RetentionConfig,
    pub holding: Holding,
}

/// How a channel's outbox is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxConfig {
    /// Messages that a channel sends in a minute on average; 0 is no limit.
    pub per_minute: u32,
    /// How many of them may leave at once after a rest.
    pub burst: u32,
    /// Messages that may wait in one channel's outbox. Further sends are refused with [`crate::CommandError::QueueFull`].
    pub max_queued: u32,
}

impl Default for OutboxConfig {
    /// Gentle: about what a person who types fast would send.
    fn default() -> Self {
        OutboxConfig { per_minute: 40, burst: 20, max_queued: 10_000 }
    }
}

impl Default for EngineConfig {
    /// By the system's clock; 16 sockets at once.
    fn default() -> Self {
        EngineConfig {
            clock: Clock::system(),
            watch_network: true,
            opening_at_once: 16,
            outbox: OutboxConfig::default(),
            retention: RetentionConfig::default(),
            holding: Holding::All,
        }
    }
}
