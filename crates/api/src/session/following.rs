use crate::api::Api;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How long what a browser has open may outlast its sign-in, where that ended by time or at another worker.
const EVERY: Duration = Duration::from_secs(5);

/// Ends what is over by itself or was ended elsewhere, and writes down what could not be written before, for as long as the API is served.
pub(crate) async fn follow(api: Api) {
    let mut turns = interval(EVERY);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while api.shutdown.run_until_cancelled(turns.tick()).await.is_some() {
        api.sessions.expire(api.now());
        if api.cluster.is_some()
            && let Err(error) = api.sessions.refresh(&api.ledger).await
        {
            tracing::debug!(%error, "who is signed in elsewhere could not be read");
        }
        if !api.sessions.is_kept() {
            api.keep_sessions().await;
        }
    }
}
