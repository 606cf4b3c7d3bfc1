use crate::clock::Clock;

/// How the engine runs.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub clock: Clock,
    /// Whether to watch the machine's addresses. Without, a machine always counts as online: right for a build that
    /// only ever talks to loopback.
    pub watch_network: bool,
    /// Sockets that may be on their way up at the same time; more wait their turn.
    pub opening_at_once: usize,
}

impl Default for EngineConfig {
    /// By the system's clock; 16 sockets at once.
    fn default() -> Self {
        EngineConfig { clock: Clock::system(), watch_network: true, opening_at_once: 16 }
    }
}
