//! From a configuration to a running application, step by step.

use crate::app::App;
use crate::backup::restore;
use crate::keys::{self, Face};
use crate::moving::Movers;
use crate::running::Stores;
use crate::servers::Servers;
use crate::{Awaited, Config, StartError, awaited, doors, far_end, opened, private, standing, workers};
#[cfg(feature = "sandbox")]
use crate::{defect, embedded::Embedded};
use access::{Access, AccessConfig, AccessDeps};
use cluster::{Cluster, ClusterConfig};
use domain::{Timestamp, WorkerId};
use engine::{Clock, DataDirLock, Engine, EngineConfig, Holding, LockError};
use keyspace::{Holdings, Keyspace};
use ledger::Ledger;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use vault::AdminKey;
use webhooks::{Dispatcher, DispatcherConfig, Reach};
use whatsapp::{AuthStore, Endpoint, WhatsApp, WhatsAppConfig};

/// What a start made, in the order of its ending.
pub(crate) struct Built {
    pub server: api::Bound,
    pub engine: Engine,
    /// Who else there is; only where sessions are in a Redis.
    pub cluster: Option<Arc<Cluster>>,
    pub webhooks: webhooks::Handle,
    /// Which programs may come in.
    pub access: Access,
    pub ledger: Ledger,
    pub admin_key: AdminKey,
    pub stores: Stores,
    pub data_dir: PathBuf,
    stop: CancellationToken,
    #[cfg(feature = "sandbox")]
    embedded: Option<Embedded>,
    _lock: DataDirLock,
}

/// Returns when what refused a start is over without anybody's doing here: the keychain was unlocked, or came up after us; a
/// server answers. Never for anything else.
pub async fn passes(config: &Config, error: &StartError) {
    match error.awaits(keys::has_ledger(&config.data_dir)) {
        Some(Awaited::Keychain) => {
            if let Ok(vault) = keys::keychain(config, Face::Desktop) {
                return vault.wait_unlocked().await;
            }
        }
        Some(Awaited::Server) => return awaited::server(config, error.code()).await,
        None => {}
    }
    std::future::pending::<()>().await;
}

/// Builds and starts everything for a desktop.
///
/// # Errors
/// See [`StartError`]; nothing is left running.
pub async fn build(config: Config) -> Result<App, StartError> {
    Box::pin(App::start(config, Face::Desktop)).await
}

impl App {
    /// Builds and starts everything.
    ///
    /// # Errors
    /// See [`StartError`]; nothing is left running.
    pub async fn start(config: Config, face: Face) -> Result<App, StartError> {
        let lock = lock(&config)?;
        start_locked(config, face, lock).await.map(App::new).map_err(|(error, _)| error)
    }

    /// As [`App::start`]; but a locked keychain and a server that does not answer are waited for, while the API's port answers
    /// that this is so.
    ///
    /// # Errors
    /// Any other [`StartError`].
    pub async fn start_when_unlocked(config: Config, face: Face) -> Result<App, StartError> {
        let mut lock = lock(&config)?;
        loop {
            let (error, back) = match start_locked(config.clone(), face, lock).await {
                Ok(built) => return Ok(App::new(built)),
                Err(refused) => refused,
            };
            lock = back;
            let Some(awaited) = error.awaits(keys::has_ledger(&config.data_dir)) else { return Err(error) };
            let sockets = doors::bind(&config)?;
            let room = api::WaitingRoom::open(sockets, error.code(), error.title(), &error.to_string());
            tracing::warn!("{error}");
            match awaited {
                Awaited::Keychain => keys::keychain(&config, face)?.wait_unlocked().await,
                Awaited::Server => awaited::server(&config, error.code()).await,
            }
            room.close().await;
            tracing::info!("going on with the start");
        }
    }
}

pub(crate) fn lock(config: &Config) -> Result<DataDirLock, StartError> {
    private::directory(&config.data_dir).map_err(|source| StartError::DataDir { path: config.data_dir.clone(), source })?;
    if let Some(open) = crate::examine::permissions::secret_files(config).filter(|found| !found.good) {
        tracing::warn!("{}", open.says);
    }
    let program = std::env::current_exe().ok().and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()));
    DataDirLock::acquire(&config.data_dir, program.as_deref().unwrap_or("WhatIsUp"), Clock::system().now()).map_err(|e| match e
    {
        LockError::Held(by) => by.into(),
        LockError::Io(source) => StartError::DataDir { path: config.data_dir.clone(), source },
    })
}

async fn start_locked(config: Config, face: Face, lock: DataDirLock) -> Result<Built, (StartError, DataDirLock)> {
    match assemble(&config, face).await {
        Ok(parts) => Ok(Built {
            server: parts.server,
            engine: parts.engine,
            cluster: parts.cluster,
            webhooks: parts.webhooks,
            access: parts.access,
            ledger: parts.ledger,
            admin_key: parts.admin_key,
            stores: parts.stores,
            data_dir: config.data_dir,
            stop: parts.stop,
            #[cfg(feature = "sandbox")]
            embedded: parts.embedded,
            _lock: lock,
        }),
        Err(error) => Err((error, lock)),
    }
}

struct Parts {
    server: api::Bound,
    engine: Engine,
    cluster: Option<Arc<Cluster>>,
    webhooks: webhooks::Handle,
    access: Access,
    ledger: Ledger,
    admin_key: AdminKey,
    stores: Stores,
    stop: CancellationToken,
    #[cfg(feature = "sandbox")]
    embedded: Option<Embedded>,
}

async fn assemble(config: &Config, face: Face) -> Result<Parts, StartError> {
    // The cheapest checks first: a wrong setting or a taken port is told before a prompt comes up. Who connects from
    // here on waits for an answer instead of being refused.
    let started_at = Clock::system().now();
    if restore::is_under_way(&config.data_dir) {
        return Err(StartError::RestoreUnderWay(config.data_dir.clone()));
    }
    let endpoint = far_end::configured(config)?;
    let sockets = doors::bind(config)?;
    let servers = Servers::reach(config).await?;
    let open = keys::open(config, face, servers.postgres.as_ref()).await?;
    let ledger = opened::ledger(config, &open, servers.postgres).await?;
    let ground = Ground { started_at, endpoint, sockets, open, ledger: ledger.clone(), keyspace: servers.keyspace };
    let raised = Box::pin(raise(config, face, ground)).await;
    if raised.is_err() {
        // The process may end next; SQLCipher must not be at work then.
        ledger.close().await;
    }
    raised
}

/// What everything else stands on.
struct Ground {
    started_at: Timestamp,
    endpoint: Option<Endpoint>,
    sockets: api::Sockets,
    open: keys::OpenVault,
    ledger: Ledger,
    keyspace: Option<Keyspace>,
}

async fn raise(config: &Config, face: Face, ground: Ground) -> Result<Parts, StartError> {
    let Ground { started_at, endpoint, sockets, open, ledger, keyspace } = ground;
    let admin_key = keys::ensure_admin_key(&open.vault).await?;
    let public = doors::public(config, &open).await?;

    #[cfg(feature = "sandbox")]
    let (endpoint, embedded) = match endpoint {
        Some(endpoint) => (endpoint, None),
        None => {
            let embedded = Embedded::start(&config.data_dir).await?;
            (far_end::loopback(&embedded.url(), None)?, Some(embedded))
        }
    };
    #[cfg(not(feature = "sandbox"))]
    let endpoint = endpoint.unwrap_or_else(Endpoint::production);

    let about = about(config, &endpoint, started_at);
    let (worker, holdings) = (WorkerId::new(started_at, rand::random()), Holdings::new());
    let auth_store = match &keyspace {
        None => AuthStore::disk(&config.data_dir, open.vault.clone()),
        Some(keyspace) => AuthStore::redis(keyspace.clone(), holdings.clone(), open.vault.clone()),
    };
    let whatsapp = whatsapp(config, auth_store, endpoint)?;
    let engine_config = EngineConfig {
        // Where the leases are in a Redis, the cluster says what to run, also to the only worker.
        holding: if keyspace.is_some() { Holding::Assigned { worker } } else { Holding::All },
        // A sandbox build only ever talks to loopback, which is there with or without a network.
        watch_network: !cfg!(feature = "sandbox"),
        opening_at_once: config.channels.resume_at_once,
        outbox: engine::OutboxConfig {
            per_minute: config.outbox.per_minute,
            burst: config.outbox.burst,
            max_queued: config.outbox.max_queued,
        },
        retention: engine::RetentionConfig {
            days: config.events.keep_days,
            max_events: config.events.max,
            max_bytes: config.events.max_mib << 20,
            ..engine::RetentionConfig::default()
        },
        ..EngineConfig::default()
    };
    let movable = whatsapp.clone();
    #[cfg(feature = "sandbox")]
    let factory = defect::of(Arc::new(whatsapp));
    #[cfg(not(feature = "sandbox"))]
    let factory = Arc::new(whatsapp);
    let engine = Engine::launch(engine_config, ledger.clone(), factory, CancellationToken::new()).await?;

    // What was allowed until the last quit ends here, before anything is told to its webhooks.
    let entry = AccessConfig {
        request_life: Duration::from_secs(config.apps.request_seconds),
        usual_limit: config.api.limits.per_key.get(),
    };
    let access = match Access::open_as(entry, AccessDeps { ledger: ledger.clone(), clock: access::Clock::system() }).await {
        Ok(access) => access,
        Err(error) => {
            engine.drain(FAILED_START).await;
            return Err(error.into());
        }
    };

    let stop = CancellationToken::new();
    let cluster = keyspace.map(|keyspace| {
        let about = ClusterConfig::new(worker, &config.worker.name);
        workers::launch(about, keyspace, holdings, &engine, &ledger, stop.clone())
    });

    let deliver = DispatcherConfig {
        timeout: Duration::from_secs(config.webhooks.timeout_seconds),
        reach: if cfg!(feature = "sandbox") { Reach::LoopbackOnly } else { Reach::Anywhere },
        worker: cluster.is_some().then_some(worker),
        ..DispatcherConfig::default()
    };
    let webhooks = Dispatcher::launch(deliver, ledger.clone(), CancellationToken::new());

    let deps = api::Deps {
        access: access.clone(),
        limits: config.api.limits,
        public,
        engine: engine.clone(),
        ledger: ledger.clone(),
        webhooks: webhooks.clone(),
        movers: Arc::new(Movers::new(movable, engine.clone())),
        admin_key: admin_key.clone(),
        vault: standing::watch(open.vault.clone(), open.kind, engine.clone(), stop.clone()),
        cluster: cluster.as_ref().map(|cluster| cluster.standing()),
        about,
        shell_origin: (face == Face::Desktop).then_some(SHELL_ORIGIN),
        #[cfg(feature = "sandbox")]
        sandbox: embedded.as_ref().map(|e| sandbox::control::router(e.phones())),
        #[cfg(not(feature = "sandbox"))]
        sandbox: None,
    };
    let server = match api::serve(sockets, deps, stop.clone()).await {
        Ok(server) => server,
        Err(error) => {
            access.drain().await;
            give_up(cluster, &engine, &webhooks).await;
            return Err(error.into());
        }
    };
    Ok(Parts {
        server,
        engine,
        cluster,
        webhooks,
        access,
        ledger,
        admin_key,
        stores: Stores::of(config, open.kind),
        stop,
        #[cfg(feature = "sandbox")]
        embedded,
    })
}

/// Sessions are on their way up; they leave in good order although the start fails.
async fn give_up(cluster: Option<Arc<Cluster>>, engine: &Engine, webhooks: &webhooks::Handle) {
    if let Some(cluster) = cluster {
        cluster.drain(FAILED_START).await;
    }
    tokio::join!(engine.drain(FAILED_START), webhooks.drain(FAILED_START));
}

/// How long a start that fails waits for what it had begun.
const FAILED_START: Duration = Duration::from_secs(5);
/// The page of the desktop's own windows.
const SHELL_ORIGIN: &str = if cfg!(windows) { "http://tauri.localhost" } else { "tauri://localhost" };

fn about(config: &Config, endpoint: &Endpoint, started_at: Timestamp) -> api::About {
    let build = if cfg!(feature = "sandbox") {
        api::Build::Sandbox
    } else if cfg!(debug_assertions) {
        api::Build::Dev
    } else {
        api::Build::Release
    };
    let sandbox = cfg!(feature = "sandbox").then(|| api::SandboxInfo {
        // Only the embedded one is ours to drive.
        control: config.whatsapp.url.is_none().then(|| "/sandbox".to_owned()),
        whatsapp_url: endpoint.url().to_owned(),
    });
    api::About { version: env!("CARGO_PKG_VERSION").to_owned(), build, sandbox, data_dir: config.data_dir.clone(), started_at }
}

fn whatsapp(config: &Config, auth_store: AuthStore, endpoint: Endpoint) -> Result<WhatsApp, StartError> {
    let config = WhatsAppConfig {
        auth_store,
        endpoint,
        device_name: config.whatsapp.device_name.clone(),
        version: config.whatsapp.version,
    };
    WhatsApp::new(config).map_err(|e| StartError::WhatsApp {
        setting: match e {
            whatsapp::ConfigError::DeviceName => "whatsapp.device_name",
            whatsapp::ConfigError::Endpoint(_) => "whatsapp.ca",
        },
        message: e.to_string(),
    })
}

impl Built {
    pub async fn drain(self, grace: Duration) {
        // First nothing new comes in, then what is under way ends, then the books are closed.
        self.stop.cancel();
        self.server.finished().await;
        // What was allowed until the end ends now.
        self.access.drain().await;
        // Others take the channels over now, not when the leases are over.
        if let Some(cluster) = &self.cluster {
            cluster.drain(grace).await;
        }
        let (drained, delivered) = tokio::join!(self.engine.drain(grace), self.webhooks.drain(grace));
        tracing::info!(?drained, ?delivered, "all sessions and deliveries have ended");
        self.ledger.close().await;
        #[cfg(feature = "sandbox")]
        if let Some(embedded) = self.embedded {
            embedded.shutdown().await;
        }
    }
}
