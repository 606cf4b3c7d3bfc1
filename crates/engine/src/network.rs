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
    #![allow(clippy::unwrap_used)]
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

    /// Gives and takes addresses of the loopback interface.
    #[cfg(target_os = "linux")]
    fn ip(arguments: &str) {
        let done = std::process::Command::new("ip").args(arguments.split(' ')).output().unwrap();
        assert!(done.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The same test in a network of its own, where nobody minds what becomes of the addresses.
    #[cfg(target_os = "linux")]
    fn again_in_a_network_of_its_own(test: &str) {
        use std::os::unix::fs::MetadataExt as _;
        let root = std::fs::metadata("/proc/self").unwrap().uid() == 0;
        let namespace: &[&str] = if root { &["--net"] } else { &["--user", "--map-root-user", "--net"] };
        let may = std::process::Command::new("unshare").args(namespace).arg("true").output().unwrap();
        let why = String::from_utf8_lossy(&may.stderr);
        assert!(may.status.success(), "this test needs a machine that permits network namespaces: {why}");
        let me = std::env::current_exe().unwrap();
        let mut again = std::process::Command::new("unshare");
        let done =
            again.args(namespace).arg(me).args(["--exact", test, "--nocapture"]).env(OWN_NETWORK, "yes").output().unwrap();
        let said = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&done.stderr));
    }

    #[cfg(target_os = "linux")]
    const OWN_NETWORK: &str = "WHATISUP_TEST_IN_OWN_NETWORK";

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_watch_tells_of_addresses_that_come_and_go() {
        if std::env::var_os(OWN_NETWORK).is_none() {
            again_in_a_network_of_its_own("network::tests::the_watch_tells_of_addresses_that_come_and_go");
            return;
        }
        const PATIENCE: Duration = Duration::from_secs(20);
        ip("link set lo up");
        let (world, mut news) = broadcast::channel(16);
        let shutdown = CancellationToken::new();
        let watch = tokio::spawn(watch(world, shutdown.clone()));

        // The first look is silent, and when it was taken nobody tells: addresses come until one is told of.
        let mut last = 0;
        let first = loop {
            last += 1;
            assert!(last < 20, "addresses came and nothing was told");
            ip(&format!("addr add 192.0.2.{last}/32 dev lo"));
            if let Ok(told) = tokio::time::timeout(SETTLES * 3, news.recv()).await {
                break told.unwrap();
            }
        };
        assert_eq!(first, World::NetworkUp);
        let told =
            async |news: &mut broadcast::Receiver<World>| tokio::time::timeout(PATIENCE, news.recv()).await.unwrap().unwrap();
        ip(&format!("addr del 192.0.2.{last}/32 dev lo"));
        assert_eq!(told(&mut news).await, World::NetworkChanged, "an address went");
        ip("addr flush dev lo");
        assert_eq!(told(&mut news).await, World::NetworkDown, "all went");
        ip("addr add 198.51.100.4/32 dev lo");
        assert_eq!(told(&mut news).await, World::NetworkChanged, "another network");
        ip("addr flush dev lo");
        assert_eq!(told(&mut news).await, World::NetworkDown, "it went, too");
        ip("addr add 198.51.100.4/32 dev lo");
        assert_eq!(told(&mut news).await, World::NetworkUp, "the same came back");

        shutdown.cancel();
        watch.await.unwrap();
    }
}
