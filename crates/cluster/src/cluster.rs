use crate::drive::{Drive, Report};
use crate::host::{Directory, Host, Standing};
use crate::input::Input;
use crate::rules::Pace;
use domain::{ChannelId, WorkerId};
use keyspace::{Holdings, Keyspace};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Who this worker is.
#[derive(Clone, Debug)]
pub struct ClusterConfig {
    /// A new one for every start of the process.
    pub worker: WorkerId,
    /// What people call it.
    pub name: String,
    /// Where its API is, for others.
    pub address: Option<String>,
    /// Its part of the channels, in proportion to the others' weights; nought for one that runs none.
    pub weight: u32,
    pub pace: Pace,
}

impl ClusterConfig {
    pub fn new(worker: WorkerId, name: impl Into<String>) -> Self {
        ClusterConfig { worker, name: name.into(), address: None, weight: 1, pace: Pace::DEFAULT }
    }
}

/// This worker among the others. Dropped without [`drain`](Cluster::drain) it is as if the process had died: the others notice
/// when its leases are over.
#[derive(Debug)]
pub struct Cluster {
    reports: mpsc::Sender<Report>,
    standing: watch::Receiver<Standing>,
    ended: CancellationToken,
    _stop: DropGuard,
}

/// Reports that may wait for the machine; who has more to say waits.
const REPORTS: usize = 1024;

impl Cluster {
    /// Takes part from now on. `holdings` always tells what may be written for; `host` is told what to run.
    pub fn launch(
        config: ClusterConfig,
        keyspace: Keyspace,
        holdings: Holdings,
        host: Arc<dyn Host>,
        directory: Arc<dyn Directory>,
    ) -> Cluster {
        let (reports, inbox) = mpsc::channel(REPORTS);
        let stop = CancellationToken::new();
        let ended = CancellationToken::new();
        let (drive, standing) = Drive::new(config, keyspace, holdings, host, reports.clone(), stop.clone());
        let ending = ended.clone().drop_guard();
        tokio::spawn(async move {
            drive.run(inbox, directory).await;
            drop(ending);
        });
        Cluster { reports, standing, ended, _stop: stop.drop_guard() }
    }

    /// How things stand, now and whenever that changes.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// The host found out that somebody else holds this channel, and runs it no longer.
    pub async fn given_up(&self, channel: ChannelId) {
        // Nobody listens any more when everything has been given up.
        let _ = self.reports.send(Report::Happened(Input::GivenUp { channel })).await;
    }

    /// Hands everything over and leaves, within the grace; what is left then is dropped. Returns when it is gone.
    pub async fn drain(&self, grace: Duration) {
        let begun = self.reports.send(Report::Happened(Input::Drain { grace })).await;
        if begun.is_ok() && tokio::time::timeout(grace, self.ended.cancelled()).await.is_err() {
            let _ = self.reports.send(Report::Happened(Input::Hurry)).await;
            let _ = tokio::time::timeout(LAST, self.ended.cancelled()).await;
        }
    }
}

/// For dropping what is left after the grace.
const LAST: Duration = Duration::from_secs(3);
