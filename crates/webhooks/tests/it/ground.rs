//! What every test stands on: a ledger in a directory of its own, and a dispatcher on it.

use domain::{ChannelId, DeliveryId, EndpointId, Event, EventFilter, Timestamp};
use ledger::{
    Attempt, Delivery, DeliveryQuery, DeliveryStatus, Endpoint, EndpointStatus, EventQuery, Ledger, LoggedEvent, OpenOptions,
    SigningSecret,
};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use webhooks::{Clock, Dispatcher, DispatcherConfig, Drained, Handle, Schedule};

pub struct Ground {
    pub dir: tempfile::TempDir,
    pub ledger: Ledger,
    pub handle: Handle,
    pub secret: String,
}

pub fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Waits so short that a test need not wait for them.
pub fn hurried() -> DispatcherConfig {
    let slots = (0..20).map(|n| millis(n.min(1) * 40)).collect();
    DispatcherConfig { timeout: millis(1_500), schedule: Schedule::new(slots).unwrap(), ..DispatcherConfig::default() }
}

pub async fn open(dir: &std::path::Path) -> Ledger {
    Ledger::open(dir, &[7; 32], OpenOptions::default()).await.unwrap()
}

pub fn now() -> Timestamp {
    #[allow(clippy::disallowed_methods)]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_millis(since.as_millis().try_into().unwrap())
}

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::EPOCH, n)
}

impl Ground {
    pub async fn new(config: DispatcherConfig) -> Self {
        Self::at(&std::env::temp_dir(), config).await
    }

    /// On a certain disk.
    pub async fn at(disk: &std::path::Path, config: DispatcherConfig) -> Self {
        let dir = tempfile::tempdir_in(disk).unwrap();
        let ledger = open(dir.path()).await;
        let handle = Dispatcher::launch(config, ledger.clone(), CancellationToken::new());
        Ground { dir, ledger, handle, secret: webhooks::fresh_secret().to_string() }
    }

    pub async fn hurried() -> Self {
        Self::new(hurried()).await
    }

    /// An endpoint that does not exist yet.
    pub fn draft(&self, url: impl Into<String>) -> Endpoint {
        let at = now();
        Endpoint {
            id: EndpointId::new(at, rand::random()),
            url: url.into(),
            description: String::new(),
            filter: EventFilter { channels: vec![], kinds: vec!["channel.*".to_owned()] },
            headers: vec![],
            secrets: vec![SigningSecret { secret: self.secret.clone().into(), created_at: at, expires_at: None }],
            concurrency: 1,
            app: None,
            trusted_addresses: true,
            status: EndpointStatus::Active,
            failing_since: None,
            created_at: at,
            updated_at: at,
        }
    }

    pub async fn add(&self, url: impl Into<String>) -> EndpointId {
        self.create(self.draft(url)).await
    }

    pub async fn create(&self, endpoint: Endpoint) -> EndpointId {
        let id = endpoint.id;
        self.ledger.create_endpoint(endpoint).await.unwrap();
        id
    }

    /// So many events happen, one after the other; the newest `seq`.
    pub async fn emit(&self, count: usize) -> u64 {
        let mut seq = 0;
        for _ in 0..count {
            let event = Event::ChannelDeleted { channel: channel(1), name: "Front desk".into() };
            seq = self.ledger.append(vec![event], now()).await.unwrap();
        }
        seq
    }

    /// The newest event, for a try.
    pub async fn some_event(&self) -> LoggedEvent {
        let seq = self.emit(1).await;
        let query = EventQuery { after: seq - 1, limit: 1, ..EventQuery::default() };
        self.ledger.events(&query).await.unwrap().remove(0)
    }

    /// Tries an endpoint at this URL once.
    pub async fn try_at(&self, url: impl Into<String>) -> Attempt {
        let event = self.some_event().await;
        self.handle.try_once(&self.draft(url), &event).await
    }

    pub async fn endpoint(&self, id: EndpointId) -> Endpoint {
        self.ledger.endpoint(id).await.unwrap().unwrap()
    }

    pub async fn deliveries(&self, id: EndpointId) -> Vec<Delivery> {
        let query = DeliveryQuery { endpoint: Some(id), limit: 1000, ..DeliveryQuery::default() };
        let mut deliveries = self.ledger.deliveries(&query).await.unwrap().deliveries;
        deliveries.sort_by_key(|d| d.seq);
        deliveries
    }

    pub async fn attempts(&self, id: DeliveryId) -> Vec<Attempt> {
        self.ledger.delivery(id).await.unwrap().unwrap().2
    }

    /// Waits until the endpoint's deliveries are as `wanted` says.
    pub async fn until(&self, id: EndpointId, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        for _ in 0..6_000 {
            let deliveries = self.deliveries(id).await;
            if wanted(&deliveries) {
                return deliveries;
            }
            tokio::time::sleep(millis(10)).await;
        }
        let stay: Vec<_> = self.deliveries(id).await.into_iter().map(|d| (d.seq, d.status, d.attempts)).collect();
        panic!("the deliveries stay as {stay:?}")
    }

    /// Waits until so many are delivered and none is pending.
    pub async fn settled(&self, id: EndpointId, count: usize) -> Vec<Delivery> {
        self.until(id, |all| all.len() == count && all.iter().all(|d| d.status == DeliveryStatus::Delivered)).await
    }

    /// Waits until the endpoint is as `wanted` says.
    pub async fn until_status(&self, id: EndpointId, wanted: impl Fn(&EndpointStatus) -> bool) -> Endpoint {
        for _ in 0..6_000 {
            let endpoint = self.endpoint(id).await;
            if wanted(&endpoint.status) {
                return endpoint;
            }
            tokio::time::sleep(millis(10)).await;
        }
        panic!("the endpoint stays {:?}", self.endpoint(id).await.status)
    }

    /// Types of all events of this family.
    pub async fn told(&self, family: &str) -> Vec<String> {
        let query = EventQuery { limit: 1000, kinds: vec![format!("{family}.*")], ..EventQuery::default() };
        self.ledger.events(&query).await.unwrap().into_iter().map(|e| e.kind).collect()
    }

    pub async fn end(self) {
        assert_eq!(self.handle.drain(Duration::from_secs(10)).await, Drained::Clean);
        self.ledger.close().await;
    }
}

/// Moves on, as the next start of the program would.
pub fn relaunch(ground: &mut Ground, config: DispatcherConfig) {
    ground.handle = Dispatcher::launch(config, ground.ledger.clone(), CancellationToken::new());
}

pub fn by(clock: Clock) -> DispatcherConfig {
    DispatcherConfig { clock, schedule: Schedule::default(), ..hurried() }
}
