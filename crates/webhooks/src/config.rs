use crate::{Clock, Names, Reach, Schedule};
use domain::WorkerId;
use rustls_pki_types::CertificateDer;
use std::time::Duration;

/// How deliveries are made.
#[derive(Clone, Debug)]
pub struct DispatcherConfig {
    pub clock: Clock,
    /// For a whole attempt, from asking for the name to the head of the answer.
    pub timeout: Duration,
    pub schedule: Schedule,
    /// Whatever it says, a build with the feature `sandbox` delivers to loopback only.
    pub reach: Reach,
    pub names: Names,
    /// Certificate authorities to trust besides the web's and this machine's.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Who this process is among those that share the ledger: it serves the endpoints that it has claimed. `None`: it is the only
    /// one and serves all.
    pub worker: Option<WorkerId>,
}

impl Default for DispatcherConfig {
    /// By the system's clock; 15 s; the schedule of Standard Webhooks.
    fn default() -> Self {
        DispatcherConfig {
            clock: Clock::system(),
            timeout: Duration::from_secs(15),
            schedule: Schedule::default(),
            reach: Reach::default(),
            names: Names::system(),
            authorities: Vec::new(),
            worker: None,
        }
    }
}
