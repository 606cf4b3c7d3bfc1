//! Notices that the machine's network came, went or changed.

mod reach;
mod routes;

use crate::world::World;
use futures::StreamExt;
use if_watch::IfEvent;
use if_watch::tokio::IfWatcher;
use reach::Reach;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

/// Addresses come and go in bursts; what counts is how things are when they have settled.
const SETTLES: Duration = Duration::from_millis(750);
/// A burst is looked at after this long even when it goes on.
const LONGEST_BURST: Duration = Duration::from_secs(4);

/// Watches the machine's addresses until `shutdown` (netlink on Linux, the platform's own elsewhere). A machine on
/// which they cannot be watched counts as online.
pub(crate) async fn watch(world: broadcast::Sender<World>, shutdown: CancellationToken) {
    let mut watcher = match IfWatcher::new() {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::info!(%error, "the network cannot be watched; back-off alone decides when to try again");
            return;
        }
    };
    let mut up = BTreeSet::new();
    let mut reach = Reach::default();
    loop {
        match shutdown.run_until_cancelled(watcher.next()).await {
            Some(Some(Ok(event))) => take(event, &mut up),
            Some(Some(Err(error))) => {
                tracing::debug!(%error, "a look at the network failed");
                continue;
            }
            Some(None) | None => return,
        }
        let latest = Instant::now() + LONGEST_BURST;
        loop {
            let until = latest.min(Instant::now() + SETTLES);
            match timeout_at(until, watcher.next()).await {
                Ok(Some(Ok(event))) => take(event, &mut up),
                Ok(Some(Err(_))) => {}
                Ok(None) | Err(_) => break,
            }
        }
        if let Some(news) = reach.now(&up, routes::default_routes()) {
            tracing::info!(?news, addresses = up.len(), "the network changed");
            // No receiver means no channel.
            let _ = world.send(news);
        }
    }
}

fn take(event: IfEvent, up: &mut BTreeSet<IpAddr>) {
    match event {
        IfEvent::Up(net) => {
            if let Some(address) = reach::usable(net) {
                up.insert(address);
            }
        }
        IfEvent::Down(net) => {
            if let Some(address) = reach::usable(net) {
                up.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_watch_ends_with_the_engine_and_tells_nothing_of_a_network_that_stays() {
        let (world, mut news) = broadcast::channel(4);
        let shutdown = CancellationToken::new();
        let watch = tokio::spawn(watch(world, shutdown.clone()));
        tokio::task::yield_now().await;
        shutdown.cancel();
        assert!(watch.await.is_ok());
        assert!(news.try_recv().is_err());
    }
}
