//! This process among the workers: the cluster decides which channels it runs, the engine runs them.

use async_trait::async_trait;
use cluster::{Cluster, ClusterConfig, Directory, Host, NotAdopted, Unlisted};
use domain::{ChannelId, Fence};
use engine::Engine;
use keyspace::{Holdings, Keyspace};
use ledger::{Ledger, News};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

/// Takes part from now on, until the cluster is drained.
pub(crate) fn launch(
    config: ClusterConfig,
    keyspace: Keyspace,
    holdings: Holdings,
    engine: &Engine,
    ledger: &Ledger,
    until: CancellationToken,
) -> Arc<Cluster> {
    let host = Arc::new(Channels(engine.clone()));
    let directory = Arc::new(Register::new(ledger, engine));
    let lost = engine.lost();
    let cluster = Arc::new(Cluster::launch(config, keyspace, holdings, host, directory));
    tokio::spawn(until.run_until_cancelled_owned(tell_lost(lost, engine.clone(), cluster.clone())));
    cluster
}

/// What the engine gave up by itself, because ledger or auth-state said that somebody else holds it.
async fn tell_lost(mut lost: Receiver<ChannelId>, engine: Engine, cluster: Arc<Cluster>) {
    loop {
        match lost.recv().await {
            Ok(channel) => cluster.given_up(channel).await,
            Err(RecvError::Lagged(_)) => {
                // Which ones is not known any more. Those that it should have and does not run are told; once more is harmless.
                let held = engine.held();
                let wanted = engine.overview().borrow().channels.iter().map(|c| c.id).collect::<Vec<_>>();
                for channel in wanted.into_iter().filter(|id| !held.contains(id)) {
                    cluster.given_up(channel).await;
                }
            }
            Err(RecvError::Closed) => return,
        }
    }
}

struct Channels(Engine);

#[async_trait]
impl Host for Channels {
    async fn adopt(&self, channel: ChannelId, fence: Fence) -> Result<(), NotAdopted> {
        self.0.adopt(channel, fence).await.map_err(|error| NotAdopted(error.to_string()))
    }

    async fn release(&self, channel: ChannelId) {
        self.0.release(channel).await;
    }

    async fn abandon(&self, channel: ChannelId) {
        self.0.abandon(channel).await;
    }
}

/// All channels, as the ledger knows them.
struct Register {
    ledger: Ledger,
    news: Mutex<Receiver<News>>,
    /// Channels made and deleted by this process: the ledger's news tells of others' deeds only.
    here: Arc<Notify>,
}

/// Without any news, the list is looked at this often all the same.
const GLANCE: Duration = Duration::from_secs(10);

impl Register {
    fn new(ledger: &Ledger, engine: &Engine) -> Self {
        let here = Arc::new(Notify::new());
        let (mut overview, bell) = (engine.overview(), here.clone());
        tokio::spawn(async move {
            let mut known = ids(&overview.borrow_and_update());
            while overview.changed().await.is_ok() {
                let now = ids(&overview.borrow_and_update());
                if now != known {
                    known = now;
                    bell.notify_one();
                }
            }
        });
        Register { ledger: ledger.clone(), news: Mutex::new(ledger.news()), here }
    }
}

fn ids(overview: &domain::Overview) -> Vec<ChannelId> {
    overview.channels.iter().map(|channel| channel.id).collect()
}

#[async_trait]
impl Directory for Register {
    async fn channels(&self) -> Result<Vec<ChannelId>, Unlisted> {
        self.ledger.channel_ids().await.map_err(|error| Unlisted(error.to_string()))
    }

    async fn changed(&self) {
        let mut news = self.news.lock().await;
        let told = async {
            loop {
                match news.recv().await {
                    Ok(News::Channels(_) | News::Missed) | Err(RecvError::Lagged(_)) => return,
                    Ok(News::Outbox(_) | News::Orders | News::Endpoints | News::Access) => {}
                    // On one file it never speaks.
                    Err(RecvError::Closed) => std::future::pending().await,
                }
            }
        };
        tokio::select! {
            () = told => {}
            () = self.here.notified() => {}
            () = tokio::time::sleep(GLANCE) => {}
        }
    }
}
