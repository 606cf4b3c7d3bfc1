use crate::api::{Api, Parts};
use crate::bind::Sockets;
use crate::connection;
use crate::events::Feed;
use crate::guard::Door;
use crate::key::Hashed;
use crate::messages::InFlight;
use crate::moving::Movers;
use crate::ops::info::{SandboxInfo, VaultStanding};
use crate::ops::requests::Requests;
use crate::session::{Sessions, Tickets, sign_in};
use crate::settings::{self, Settings};
use crate::{openapi, router};
use axum::Router;
use axum::http::HeaderValue;
use bytes::Bytes;
use domain::Timestamp;
use engine::Engine;
use ledger::{Ledger, LedgerError};
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::AdminKey;

/// What is told of this build and installation.
#[derive(Clone, Debug)]
pub struct About {
    pub version: String,
    pub build: Build,
    /// Sandbox builds: the loopback WhatsApp behind this one.
    pub sandbox: Option<SandboxInfo>,
    pub data_dir: PathBuf,
    /// When the process started.
    pub started_at: Timestamp,
}

/// How the program was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    Sandbox,
    Dev,
    Release,
}

impl Build {
    pub fn as_str(self) -> &'static str {
        match self {
            Build::Sandbox => "sandbox",
            Build::Dev => "dev",
            Build::Release => "release",
        }
    }
}

/// What the API stands on.
pub struct Deps {
    pub engine: Engine,
    pub ledger: Ledger,
    /// The key that opens everything; only its hash is kept.
    pub admin_key: AdminKey,
    /// Tries a receiver out; what is owed to receivers it reads from the ledger by itself.
    pub webhooks: webhooks::Handle,
    /// Packs sessions into files and unpacks them.
    pub movers: Arc<dyn Movers>,
    /// How the vault stands; the sender changes it when it is locked or unlocked.
    pub vault: watch::Receiver<VaultStanding>,
    /// How this process stands among other workers; `None` where one process has all channels.
    pub cluster: Option<watch::Receiver<cluster::Standing>>,
    pub about: About,
    /// The page of the desktop shell that may use the API: `tauri://localhost` (Windows: `http://tauri.localhost`).
    pub shell_origin: Option<&'static str>,
    /// The sandbox's control API, served below `/sandbox` behind the same guard.
    pub sandbox: Option<Router>,
}

impl fmt::Debug for Deps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deps").field("about", &self.about).field("shell_origin", &self.shell_origin).finish_non_exhaustive()
    }
}

/// The API as it is served. Cheap to clone; it is served until `shutdown`, whether this value lives or not.
#[derive(Clone)]
pub struct Bound {
    api: Api,
    tasks: TaskTracker,
}

impl fmt::Debug for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").field("addresses", &self.api.addresses).finish_non_exhaustive()
    }
}

/// Serves the API on `sockets` until `shutdown`; then streams end, answers under way get three seconds, and
/// [`Bound::finished`] returns.
///
/// # Errors
/// When the settings cannot be read from the ledger.
pub async fn serve(sockets: Sockets, deps: Deps, shutdown: CancellationToken) -> Result<Bound, LedgerError> {
    let addresses = sockets.addresses();
    let ledger = deps.ledger;
    let settings: Settings = ledger.setting(settings::SETTING).await?.unwrap_or_default();
    let sessions = Sessions::from_stored(ledger.setting(sign_in::SETTING).await?.unwrap_or_default());
    let tip = *ledger.tip().borrow();
    let api = Api(Arc::new(Parts {
        clock: deps.engine.clock().clone(),
        engine: deps.engine,
        key: Hashed::of(deps.admin_key.expose()),
        tickets: Tickets::default(),
        sessions,
        settings: watch::Sender::new(settings),
        feed: Arc::new(Feed::new(tip)),
        vault: deps.vault,
        cluster: deps.cluster,
        started_at: deps.about.started_at,
        about: deps.about,
        requests: Requests::default(),
        in_flight: InFlight::default(),
        webhooks: deps.webhooks,
        movers: deps.movers,
        importing: tokio::sync::Mutex::default(),
        document: Bytes::from(openapi::served(addresses.first().map_or(0, SocketAddr::port))),
        shutdown: shutdown.clone(),
        ledger,
        addresses,
    }));
    let router = router::build(&api, Arc::new(door(&api.addresses, deps.shell_origin)), deps.sandbox);
    let tasks = TaskTracker::new();
    let (feed, ledger, until) = (api.feed.clone(), api.ledger.clone(), shutdown.clone());
    tasks.spawn(async move { feed.follow(&ledger, until).await });
    for listener in sockets.0 {
        tasks.spawn(connection::accept(listener, router.clone(), tasks.clone(), shutdown.clone()));
    }
    tasks.close();
    Ok(Bound { api, tasks })
}

/// The names under which loopback is reached, with our port.
pub(crate) fn door(addresses: &[SocketAddr], shell_origin: Option<&'static str>) -> Door {
    let port = addresses.first().map_or(0, SocketAddr::port);
    let mut hosts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    hosts.push(format!("localhost:{port}"));
    Door {
        own_origins: hosts.iter().map(|host| format!("http://{host}")).collect(),
        hosts,
        shell_origin: shell_origin.map(HeaderValue::from_static),
    }
}

impl Bound {
    /// Where the API is served.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.api.addresses
    }

    /// The address to show to people and to copy: `http://127.0.0.1:9487`.
    pub fn base_url(&self) -> String {
        self.api.base_url()
    }

    /// A link that signs one browser in, once, within five minutes.
    pub fn sign_in_link(&self) -> String {
        self.api.sign_in_link().url
    }

    /// The settings as they are, and as they change.
    pub fn settings(&self) -> watch::Receiver<Settings> {
        self.api.settings.subscribe()
    }

    /// Returns when everything has ended after the shutdown.
    pub async fn finished(&self) {
        self.tasks.wait().await;
    }
}
