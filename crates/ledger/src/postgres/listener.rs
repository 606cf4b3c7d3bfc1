//! Hears what other processes commit.

use super::{CHANNEL, CONNECTING, USED, patiently, within};
use crate::News;
use crate::told::Notice;
use sqlx::Error;
use sqlx::postgres::{PgConnectOptions, PgListener};
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

/// When nothing was heard for so long, the connection is tried: a cut one tells nothing.
const QUIET: Duration = Duration::from_secs(5);
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Ends with its handle.
pub(crate) struct Listener(AbortHandle);

impl Drop for Listener {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What it moves.
pub(crate) struct Ears {
    pub node: String,
    pub tip: watch::Sender<u64>,
    pub deliveries: watch::Sender<u64>,
    pub news: broadcast::Sender<News>,
}

impl Listener {
    /// Hears everything that is committed after this.
    pub async fn start(options: PgConnectOptions, ears: Ears) -> Result<Self, Error> {
        let mut listener = listen(&options).await?;
        ears.look(&mut listener).await?;
        let task = tokio::spawn(async move {
            loop {
                let Err(error) = hear(&mut listener, &ears).await;
                tracing::debug!(%error, "news of other processes do not come; connecting again");
                listener = loop {
                    match listen(&options).await {
                        Ok(anew) => break anew,
                        Err(_) => tokio::time::sleep(BETWEEN_TRIES).await,
                    }
                };
                ears.missed();
            }
        });
        Ok(Listener(task.abort_handle()))
    }
}

async fn listen(options: &PgConnectOptions) -> Result<PgListener, Error> {
    within(CONNECTING, async {
        let pool = sqlx::pool::PoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options.clone())).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        // Goes with the connection. As long as somebody has it, the key of what is sealed here does not change.
        let used = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock_shared($1)").bind(USED);
        if !used.fetch_one(&mut listener).await? {
            return Err(Error::Protocol("the key of the database is being changed".into()));
        }
        Ok(listener)
    })
    .await
}

/// Until the connection is lost.
async fn hear(listener: &mut PgListener, ears: &Ears) -> Result<std::convert::Infallible, Error> {
    loop {
        ears.look(listener).await?;
        loop {
            match tokio::time::timeout(QUIET, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => ears.take(notification.payload()),
                Ok(Ok(None)) => return Err(crate::sql::lost()),
                Ok(Err(e)) => return Err(e),
                Err(_) => break,
            }
        }
    }
}

impl Ears {
    /// Reads how far the log is: also what a notification would have told that was lost.
    async fn look(&self, listener: &mut PgListener) -> Result<(), Error> {
        let head = sqlx::query_scalar::<_, i64>("SELECT last_seq FROM event_head WHERE one = 1");
        let seq = patiently(head.fetch_one(listener)).await?;
        raise(&self.tip, seq.unsigned_abs());
        Ok(())
    }

    fn take(&self, payload: &str) {
        let Ok(notice) = serde_json::from_str::<Notice>(payload) else {
            // Of a version that tells more than we know.
            self.missed();
            return;
        };
        if let Some(seq) = notice.seq {
            raise(&self.tip, seq);
        }
        if notice.node == self.node {
            return;
        }
        if notice.endpoints {
            self.deliveries.send_modify(|n| *n += 1);
        }
        for news in notice.news() {
            // Nobody may be listening.
            let _ = self.news.send(news);
        }
    }

    fn missed(&self) {
        self.deliveries.send_modify(|n| *n += 1);
        let _ = self.news.send(News::Missed);
    }
}

/// The tip never goes back, whoever tells it first.
pub(crate) fn raise(tip: &watch::Sender<u64>, seq: u64) {
    tip.send_if_modified(|known| {
        let further = seq > *known;
        *known = seq.max(*known);
        further
    });
}
