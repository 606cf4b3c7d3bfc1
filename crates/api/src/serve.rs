pub(crate) mod doors;

use crate::api::{Api, Parts};
use crate::bind::Sockets;
use crate::connection::{Crowd, Reception};
use crate::events::Feed;
use crate::far_end::Looks;
use crate::guard::{Auditor, Door};
use crate::key::Hashed;
use crate::limits::{Limits, Standing};
use crate::messages::InFlight;
use crate::moving::Movers;
use crate::ops::info::{SandboxInfo, VaultStanding};
use crate::ops::requests::Requests;
use crate::session::{self, Sessions, Tickets};
use crate::settings::{self, Settings};
use crate::tickets::Passes;
use crate::tls::{Certificate, Shown, Tls, TlsError};
use crate::{bind, openapi, router};
use access::Access;
use axum::Router;
use axum::http::HeaderValue;
use bytes::Bytes;
use domain::Timestamp;
use doors::{Doors, PublicNames};
use engine::Engine;
use ledger::{Ledger, LedgerError};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::AdminKey;

/// Bodies with a session in them that are read or worked on at once: each may have 65 MiB.
const SESSIONS_AT_ONCE: usize = 2;

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
    /// Who of the programs may come in, and to what.
    pub access: Access,
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
    /// How much may be asked of us.
    pub limits: Limits,
    /// What other machines need, where [`Sockets::and_public`] was called: without it nothing is answered there.
    pub public: Option<Public>,
    /// The sandbox's control API, served below `/sandbox` behind the same guard.
    pub sandbox: Option<Router>,
}

/// How other machines are met.
#[derive(Clone, Debug)]
pub struct Public {
    pub certificate: Certificate,
    /// By which names they may ask, besides the address that they connect to; with a port where they use another one.
    pub names: Vec<String>,
}

/// Why the API could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error(transparent)]
    Tls(#[from] TlsError),
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
/// When the settings cannot be read from the ledger, or the certificate for other machines cannot be used.
pub async fn serve(sockets: Sockets, deps: Deps, shutdown: CancellationToken) -> Result<Bound, ServeError> {
    let addresses = sockets.addresses();
    let now = deps.engine.clock().now();
    let (names, tls) = match deps.public {
        Some(Public { certificate, names }) if !sockets.public.is_empty() => (names, Some(Tls::open(certificate, now)?)),
        Some(_) | None => (Vec::new(), None),
    };
    let doors = Doors {
        loopback: addresses.clone(),
        socket: sockets.socket.as_ref().map(|socket| socket.path().to_owned()),
        public: bind::addresses(&sockets.public),
        names: names.clone(),
        tls: tls.clone(),
    };
    let ledger = deps.ledger;
    let settings: Settings = ledger.setting(settings::SETTING).await?.unwrap_or_default();
    let sessions = Sessions::default();
    sessions.refresh(&ledger).await?;
    let tip = *ledger.tip().borrow();
    let at = Door { app_origins: Some(deps.access.origins()), ..door(&addresses, deps.shell_origin) };
    let api = Api(Arc::new(Parts {
        clock: deps.engine.clock().clone(),
        engine: deps.engine,
        key: Hashed::of(deps.admin_key.expose()),
        access: deps.access,
        auditor: Auditor::start(ledger.clone()),
        tickets: Tickets::default(),
        passes: Passes::default(),
        looks: Looks::default(),
        sessions,
        settings: watch::Sender::new(settings),
        feed: Arc::new(Feed::new(tip)),
        vault: deps.vault,
        cluster: deps.cluster,
        started_at: deps.about.started_at,
        about: deps.about,
        requests: Requests::default(),
        in_flight: InFlight::default(),
        limits: Standing::new(deps.limits),
        crowd: Crowd::new(deps.limits.room()),
        doors,
        webhooks: deps.webhooks,
        movers: deps.movers,
        room_for_sessions: Arc::new(tokio::sync::Semaphore::new(SESSIONS_AT_ONCE)),
        importing: tokio::sync::Mutex::default(),
        document: Bytes::from(openapi::served(addresses.first().map_or(0, SocketAddr::port))),
        shutdown: shutdown.clone(),
        ledger,
        addresses,
    }));
    let router = router::build(&api, Arc::new(at), deps.sandbox);
    let tasks = TaskTracker::new();
    let (feed, ledger, until) = (api.feed.clone(), api.ledger.clone(), shutdown.clone());
    tasks.spawn(async move { feed.follow(&ledger, until).await });
    tasks.spawn(session::follow(api.clone()));
    let reception = Reception::new(router, api.crowd.clone(), tasks.clone(), shutdown.clone());
    for listener in sockets.loopback {
        tasks.spawn(reception.clone().at_loopback(listener));
    }
    if let Some(socket) = sockets.socket {
        tasks.spawn(reception.clone().at_socket(socket));
    }
    if let Some(tls) = tls {
        let names = PublicNames::new(names);
        for listener in sockets.public {
            tasks.spawn(reception.clone().at_public(listener, tls.clone(), names.clone()));
        }
        let clock = api.clock.clone();
        tasks.spawn(tls.keep(move || clock.now(), shutdown));
    } else if !sockets.public.is_empty() {
        tracing::warn!("nothing is answered at the public addresses: there is no certificate for them");
    }
    tasks.close();
    Ok(Bound { api, tasks })
}

/// The names by which we are asked at loopback and at the socket; those of public addresses come with each connection.
pub(crate) fn door(addresses: &[SocketAddr], shell_origin: Option<&'static str>) -> Door {
    Door {
        tcp: doors::loopback(addresses),
        unix: doors::socket(),
        shell_origin: shell_origin.map(HeaderValue::from_static),
        ..Door::default()
    }
}

impl Bound {
    /// Where the API is served.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.api.addresses
    }

    /// The socket for programs of this user, where there is one.
    pub fn socket(&self) -> Option<&Path> {
        self.api.doors.socket.as_deref()
    }

    /// The addresses at which other machines may ask; none when only this one may.
    pub fn exposed(&self) -> Vec<String> {
        self.api.doors.exposed()
    }

    /// The certificate that is shown to other machines, and every other one that comes in its place.
    pub fn certificate(&self) -> Option<watch::Receiver<Shown>> {
        self.api.doors.tls.as_ref().map(Tls::shown)
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
        self.api.auditor.finish().await;
    }
}
