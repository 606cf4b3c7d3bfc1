//! One running API and a client for it.

use crate::moving::Cartons;
use access::{Access, AccessDeps};
use api::{About, Bound, Build, Deps, Limits, Public, SandboxInfo, VaultStanding};
use cluster::Standing;
use domain::{Identity, Timestamp};
use engine::{Engine, EngineConfig, OutboxConfig};
use ledger::{EventQuery, Ledger, OpenOptions};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use socket::scripted::{Played, Script};
use socket::{Close, Secret, SocketEvent};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use vault::AdminKey;
use webhooks::{Dispatcher, DispatcherConfig, Reach, Schedule};

pub const SHELL: &str = "tauri://localhost";
/// Longer than anything here takes; a test that reaches it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Rig {
    pub bound: Bound,
    pub engine: Engine,
    pub ledger: Ledger,
    pub key: AdminKey,
    pub opened: mpsc::UnboundedReceiver<Played>,
    pub shutdown: CancellationToken,
    pub client: reqwest::Client,
    webhooks: webhooks::Handle,
    _script: Script,
    _vault: watch::Sender<VaultStanding>,
    _cluster: Option<watch::Sender<Standing>>,
    _dir: TempDir,
}

/// The ways in, and how much may be asked by them.
#[derive(Default)]
pub struct Doors {
    pub limits: Limits,
    pub socket: bool,
    /// Other machines are served at 127.0.0.1, so that nobody is.
    pub public: Option<Public>,
    /// As it is shipped; else as it is tried out with simulated phones.
    pub shipped: bool,
}

impl Doors {
    /// Room for as many as a test likes.
    pub fn wide() -> Doors {
        let most = 2000;
        let unknown = NonZeroU32::new(100_000).unwrap();
        let limits = Limits { connections: most, connections_per_source: most, streams: most, unknown, ..Limits::default() };
        Doors { limits, ..Doors::default() }
    }
}

impl Rig {
    pub async fn start() -> Rig {
        Rig::start_in(TempDir::new().unwrap(), AdminKey::generate().unwrap()).await
    }

    pub async fn start_in(dir: TempDir, key: AdminKey) -> Rig {
        // Without pacing, which is the engine's own affair.
        Rig::start_with(dir, key, OutboxConfig { per_minute: 0, ..OutboxConfig::default() }).await
    }

    pub async fn start_with(dir: TempDir, key: AdminKey, outbox: OutboxConfig) -> Rig {
        Rig::start_among(dir, key, outbox, None).await
    }

    pub async fn start_at(doors: Doors) -> Rig {
        let outbox = OutboxConfig { per_minute: 0, ..OutboxConfig::default() };
        Rig::start_all(TempDir::new().unwrap(), AdminKey::generate().unwrap(), outbox, None, doors).await
    }

    /// One process among others, by what `standing` says.
    pub async fn start_among(dir: TempDir, key: AdminKey, outbox: OutboxConfig, standing: Option<Standing>) -> Rig {
        Rig::start_all(dir, key, outbox, standing, Doors::default()).await
    }

    async fn start_all(dir: TempDir, key: AdminKey, outbox: OutboxConfig, standing: Option<Standing>, doors: Doors) -> Rig {
        let (_cluster, cluster) = standing.map(watch::channel).unzip();
        let ledger = Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap();
        let (script, opened) = Script::new();
        let shutdown = CancellationToken::new();
        let config = EngineConfig { watch_network: false, outbox, ..EngineConfig::default() };
        let engine = Engine::launch(config, ledger.clone(), Arc::new(script.clone()), shutdown.clone()).await.unwrap();
        let deliver = DispatcherConfig {
            schedule: Schedule::new(vec![Duration::ZERO, Duration::from_secs(3600)]).unwrap(),
            reach: Reach::LoopbackOnly,
            ..DispatcherConfig::default()
        };
        let webhooks = Dispatcher::launch(deliver, ledger.clone(), shutdown.clone());
        let (standing, vault) = watch::channel(VaultStanding {
            kind: "key_file".into(),
            status: "ok".into(),
            summary: "Keys are in a file.".into(),
        });
        let access = AccessDeps { ledger: ledger.clone(), clock: access::Clock::system() };
        let access = Access::open(access).await.unwrap();
        let deps = Deps {
            limits: doors.limits,
            access: access.clone(),
            engine: engine.clone(),
            ledger: ledger.clone(),
            webhooks: webhooks.clone(),
            movers: Arc::new(Cartons),
            admin_key: key.clone(),
            vault,
            cluster,
            about: About {
                version: "1.2.3".into(),
                build: if doors.shipped { Build::Release } else { Build::Sandbox },
                sandbox: Some(SandboxInfo { control: Some("/sandbox".into()), whatsapp_url: "ws://127.0.0.1:1/ws".into() }),
                data_dir: dir.path().to_owned(),
                started_at: Timestamp::from_secs(1_700_000_000),
            },
            shell_origin: Some(SHELL),
            public: doors.public.clone(),
            sandbox: Some(
                axum::Router::new().route("/state", axum::routing::get(|| async { "{}" }).post(|| async { "changed" })),
            ),
        };
        let mut sockets = api::bind(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], 0).unwrap();
        if doors.socket {
            sockets = sockets.and_socket(&dir.path().join("api.sock")).unwrap();
        }
        if doors.public.is_some() {
            sockets = sockets.and_public(&[IpAddr::V4(Ipv4Addr::LOCALHOST)], 0).unwrap();
        }
        let bound = api::serve(sockets, deps, shutdown.clone()).await.unwrap();
        Rig {
            bound,
            engine,
            ledger,
            key,
            opened,
            shutdown,
            client: reqwest::Client::new(),
            webhooks,
            _script: script,
            _vault: standing,
            _cluster,
            _dir: dir,
        }
    }

    /// Ends everything; the directory is kept for another start.
    pub async fn stop(self) -> (TempDir, AdminKey) {
        self.engine.drain(PATIENCE).await;
        self.shutdown.cancel();
        self.bound.finished().await;
        self.webhooks.finished().await;
        self.ledger.close().await;
        (self._dir, self.key)
    }

    pub fn address(&self) -> SocketAddr {
        self.bound.addresses()[0]
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.bound.base_url())
    }

    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).timeout(PATIENCE)
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.bare(method, path).bearer_auth(self.key.expose())
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path).send().await.unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        Answer::of(self.request(Method::PATCH, path).json(&body).send().await.unwrap()).await
    }

    /// A POST or DELETE without a body.
    pub async fn bid(&self, method: Method, path: &str) -> Answer {
        Answer::of(self.request(method, path).send().await.unwrap()).await
    }

    /// Makes a channel that is not started; its path.
    pub async fn channel(&self, name: &str) -> String {
        let made = self.post("/v1/channels", json!({"name": name, "start": false})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/v1/channels/{}", made.body["id"].as_str().unwrap())
    }

    /// Makes a channel and pairs it with a scripted phone; its path and its live socket.
    pub async fn connected(&mut self, name: &str) -> (String, Played) {
        let made = self.post("/v1/channels", json!({"name": name})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let path = format!("/v1/channels/{}", made.body["id"].as_str().unwrap());
        let pairing = self.next_socket().await;
        pairing.says(SocketEvent::Handshaken).await;
        pairing.says(SocketEvent::Paired { identity: identity() }).await;
        pairing.says(SocketEvent::Closed(Close::Restart)).await;
        let live = self.next_socket().await;
        live.says(SocketEvent::Handshaken).await;
        live.says(SocketEvent::Opened { identity: identity() }).await;
        self.until(&path, "connected").await;
        self.logged("channel.connected", &path).await;
        (path, live)
    }

    pub async fn next_socket(&mut self) -> Played {
        tokio::time::timeout(PATIENCE, self.opened.recv()).await.expect("a socket is opened").unwrap()
    }

    /// Waits until the channel's status is this.
    pub async fn until(&self, path: &str, status: &str) {
        let id = path.rsplit('/').next().unwrap().parse().unwrap();
        let mut overview = self.engine.overview();
        let reached = overview.wait_for(|o| o.get(id).is_some_and(|c| c.state.kind().as_str() == status));
        tokio::time::timeout(PATIENCE, reached).await.expect("the state is reached").unwrap();
    }

    /// Waits until the log has an event of this type for the channel.
    pub async fn logged(&self, kind: &str, path: &str) {
        let channel = path.rsplit('/').next().unwrap().parse().ok();
        let query = EventQuery { after: 0, limit: 1, kinds: vec![kind.to_owned()], channel, message: None };
        let mut tip = self.ledger.tip();
        tip.mark_unchanged();
        while self.ledger.events(&query).await.unwrap().is_empty() {
            tokio::time::timeout(PATIENCE, tip.changed()).await.expect("the event is logged").unwrap();
        }
    }

    /// Makes a channel that is linked and stopped: what is sent stays in its outbox.
    pub async fn stopped(&mut self, name: &str) -> String {
        let (path, _) = self.connected(name).await;
        self.bid(Method::POST, &format!("{path}/stop")).await;
        self.until(&path, "disconnected").await;
        path
    }

    /// Asks again until the answer is as wanted.
    pub async fn eventually(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let asking = async {
            loop {
                let answer = self.get(path).await;
                if wanted(&answer.body) {
                    return answer.body;
                }
                // What is waited for here is not in the event log.
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.expect("it comes about")
    }

    /// The types of the log's events of this kind, in order.
    pub async fn kinds(&self, wanted: &str) -> Vec<String> {
        let query = EventQuery { limit: 1000, kinds: vec![wanted.to_owned()], ..EventQuery::default() };
        self.ledger.events(&query).await.unwrap().into_iter().map(|e| e.kind).collect()
    }

    /// Waits until the channel shows a QR of this text.
    pub async fn shows_qr(&mut self, text: &str) -> Played {
        let socket = self.next_socket().await;
        socket.says(SocketEvent::Handshaken).await;
        let expires_at = self.engine.clock().now().plus(Duration::from_secs(60));
        socket.says(SocketEvent::PairingQr { code: Secret(text.to_owned()), expires_at }).await;
        let id = socket.opening.channel;
        let mut overview = self.engine.overview();
        let shown = overview.wait_for(|o| {
            o.get(id)
                .is_some_and(|c| matches!(&c.state, domain::State::Pairing { prompt: domain::PairingPrompt::Qr { .. }, .. }))
        });
        tokio::time::timeout(PATIENCE, shown).await.expect("a QR is shown").unwrap();
        socket
    }

    /// Sends these bytes as they are and reads to the end of the connection.
    pub async fn raw(&self, text: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        let status = answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        (status, answer)
    }
}

pub fn identity() -> Identity {
    Identity { phone: Some("+15550100100".parse().unwrap()), lid: None, push_name: Some("Front desk".into()) }
}

/// An answer, read whole.
pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Answer {
        let (status, headers) = (response.status(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// Status, code, and each wrong field: what a client acts on, in one line.
    pub fn told(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{} {}", self.status, self.body);
        assert_eq!(self.body["status"], self.status.as_u16());
        assert_eq!(self.body["type"], format!("/docs/problems#{}", self.body["code"].as_str().unwrap()));
        assert!(self.body["title"].is_string() && self.body["detail"].is_string());
        let fields = self.body["errors"].as_array().into_iter().flatten();
        let fields = fields.map(|e| format!(" {}", e["pointer"].as_str().or(e["parameter"].as_str()).unwrap()));
        format!("{} {}{}", self.status.as_u16(), self.body["code"].as_str().unwrap(), fields.collect::<String>())
    }
}
