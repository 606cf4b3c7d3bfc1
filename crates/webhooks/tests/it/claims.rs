//! Several dispatchers over one Postgres: each receiver is served by one of them at a time.

use crate::ground::{channel, hurried, millis, now};
use crate::receiver::{Act, Receiver};
use domain::{EndpointId, Event, EventFilter, Timestamp, WorkerId};
use ledger::{DeliveryQuery, DeliveryStatus, Endpoint, EndpointStatus, Ledger, Postgres, PostgresConfig, SigningSecret};
use servers::Postgres as Server;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use webhooks::{Dispatcher, DispatcherConfig, Drained, Handle};

struct Shared {
    server: Arc<Server>,
    url: String,
}

/// One process, as it were.
struct Node {
    ledger: Ledger,
    handle: Handle,
}

impl Shared {
    async fn new() -> Self {
        let made = tokio::task::spawn_blocking(|| {
            let server = Server::start();
            let url = server.database();
            Shared { server: Arc::new(server), url }
        });
        made.await.unwrap()
    }

    async fn ask(&self, sql: &'static str) -> String {
        let (server, url) = (self.server.clone(), self.url.clone());
        tokio::task::spawn_blocking(move || server.psql_at(&url, sql).trim().to_owned()).await.unwrap()
    }

    /// Waits until so many serve at least one receiver.
    async fn until_serving(&self, workers: usize) {
        for _ in 0..200 {
            if self.ask("SELECT count(DISTINCT worker) FROM claims").await == workers.to_string() {
                return;
            }
            tokio::time::sleep(millis(50)).await;
        }
        panic!("never served by {workers}");
    }

    async fn end(self, nodes: impl IntoIterator<Item = Node>) {
        for node in nodes {
            assert_eq!(node.handle.drain(Duration::from_secs(10)).await, Drained::Clean);
            node.ledger.close().await;
        }
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }
}

impl Node {
    async fn start(url: String, worker: u128) -> Self {
        let postgres = Postgres::connect(PostgresConfig::new(url)).await.unwrap();
        let ledger = Ledger::on(postgres, &[7; 32]).await.unwrap();
        let config = DispatcherConfig { worker: Some(WorkerId::new(Timestamp::EPOCH, worker)), ..hurried() };
        let handle = Dispatcher::launch(config, ledger.clone(), CancellationToken::new());
        Node { ledger, handle }
    }

    async fn add(&self, url: String) -> EndpointId {
        let at = now();
        let endpoint = Endpoint {
            id: EndpointId::new(at, rand::random()),
            url,
            description: String::new(),
            filter: EventFilter { channels: vec![], kinds: vec!["channel.*".to_owned()] },
            headers: vec![],
            secrets: vec![SigningSecret {
                secret: webhooks::fresh_secret().to_string().into(),
                created_at: at,
                expires_at: None,
            }],
            concurrency: 1,
            status: EndpointStatus::Active,
            failing_since: None,
            app: None,
            trusted_addresses: true,
            created_at: at,
            updated_at: at,
        };
        let id = endpoint.id;
        self.ledger.create_endpoint(endpoint).await.unwrap();
        id
    }

    async fn emit(&self, count: usize) {
        for _ in 0..count {
            let event = Event::ChannelDeleted { channel: channel(1), name: "Front desk".into() };
            self.ledger.append(vec![event], now()).await.unwrap();
        }
    }

    /// Waits until so many are delivered to the receiver and none is pending.
    async fn settled(&self, endpoint: EndpointId, count: usize) {
        let query = DeliveryQuery { endpoint: Some(endpoint), limit: 1000, ..DeliveryQuery::default() };
        for _ in 0..2_000 {
            let all = self.ledger.deliveries(&query).await.unwrap().deliveries;
            if all.len() == count && all.iter().all(|delivery| delivery.status == DeliveryStatus::Delivered) {
                return;
            }
            tokio::time::sleep(millis(10)).await;
        }
        panic!("never delivered");
    }
}

#[tokio::test]
async fn every_receiver_is_served_by_one_of_several_and_gets_everything_once_and_in_order() {
    let shared = Shared::new().await;
    let (one, other) = (Node::start(shared.url.clone(), 1).await, Node::start(shared.url.clone(), 2).await);
    let mut receivers = Vec::new();
    for _ in 0..4 {
        let receiver = Receiver::start(|_, _| Act::Say(200)).await;
        receivers.push((one.add(receiver.url()).await, receiver));
    }
    shared.until_serving(2).await;
    tokio::join!(one.emit(20), other.emit(20));
    for (id, receiver) in &receivers {
        other.settled(*id, 40).await;
        let seqs = receiver.seqs();
        assert_eq!(seqs.len(), 40, "each once");
        assert!(seqs.is_sorted(), "in order");
    }
    let served = |node: &Node| node.handle.numbers().len();
    assert_eq!((served(&one), served(&other)), (2, 2));
    shared.end([one, other]).await;
}

#[tokio::test]
async fn a_drain_hands_its_receivers_over_at_once() {
    let shared = Shared::new().await;
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let one = Node::start(shared.url.clone(), 1).await;
    let id = one.add(receiver.url()).await;
    one.emit(1).await;
    one.settled(id, 1).await;
    let other = Node::start(shared.url.clone(), 2).await;
    assert_eq!(one.handle.drain(Duration::from_secs(10)).await, Drained::Clean);
    let begun = Instant::now();
    one.emit(3).await;
    other.settled(id, 4).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "not only when the claim ran out: {:?}", begun.elapsed());
    assert!(receiver.seqs().is_sorted() && receiver.seqs().len() == 4);
    one.ledger.close().await;
    shared.end([other]).await;
}

#[tokio::test]
async fn the_receivers_of_a_dead_process_are_taken_over_when_its_claims_run_out() {
    let shared = Shared::new().await;
    let receiver = Receiver::start(|n, _| if n == 2 { Act::DripHead } else { Act::Say(200) }).await;
    let (url, receives) = (shared.url.clone(), receiver.url());
    // A process of its own, as far as a test can have one: its tasks end wherever they are.
    let dying = tokio::task::spawn_blocking(move || {
        let process = tokio::runtime::Runtime::new().unwrap();
        let id = process.block_on(async {
            let node = Node::start(url, 1).await;
            let id = node.add(receives).await;
            node.emit(5).await;
            id
        });
        (process, id)
    });
    let (process, id) = dying.await.unwrap();
    receiver.wait_for(3).await;
    let other = Node::start(shared.url.clone(), 2).await;
    process.shutdown_background();
    // As if the time had passed at the server.
    shared
        .ask(
            "UPDATE claims SET until = clock_timestamp() - interval '1 second'; \
                UPDATE claimants SET until = clock_timestamp() - interval '1 second'",
        )
        .await;
    other.settled(id, 5).await;
    let mut seqs = receiver.seqs();
    assert_eq!(seqs.len(), 6, "what was under way came once more");
    seqs.dedup();
    assert!(seqs.is_sorted() && seqs.len() == 5);
    shared.end([other]).await;
}
