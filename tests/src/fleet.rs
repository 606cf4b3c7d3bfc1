//! Several workers over one Postgres and one Redis, each with its own way to Redis, so that it can be cut off.

use crate::leaks::{Store, keep_store};
use crate::{Options, Rest, Whatisup, World, process};
use anyhow::{Context, Result, bail};
use servers::{Postgres, Redis, RedisOptions, Relay};
use std::path::PathBuf;

/// The shared stores and the workers.
#[derive(Debug)]
pub struct Fleet {
    pub postgres: Postgres,
    pub redis: Redis,
    pub workers: Vec<Worker>,
    key: String,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        keep_store(Store::Redis, self.redis.directory());
        keep_store(Store::Postgres, self.postgres.directory());
    }
}

/// One worker, running or not.
#[derive(Debug)]
pub struct Worker {
    pub name: String,
    pub app: Option<Whatisup>,
    /// Between it and Redis.
    pub redis: Relay,
    options: Options,
}

impl Worker {
    /// # Errors
    /// When it runs already, or does not get ready.
    pub async fn start(&mut self) -> Result<()> {
        if self.app.is_some() {
            bail!("{} runs already", self.name);
        }
        self.app = Some(Whatisup::start(self.options.clone()).await.with_context(|| self.name.clone())?);
        Ok(())
    }

    /// The running process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn running(&self) -> Result<&Whatisup> {
        self.app.as_ref().with_context(|| format!("{} does not run", self.name))
    }

    /// Ends it at once; what it printed.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&mut self) -> Result<String> {
        let app = self.app.take().with_context(|| format!("{} does not run", self.name))?;
        let printed = app.printed();
        app.kill().await?;
        Ok(printed)
    }

    /// Ends it in good order; what it printed.
    ///
    /// # Errors
    /// When it does not end so.
    pub async fn terminate(&mut self) -> Result<String> {
        let app = self.app.take().with_context(|| format!("{} does not run", self.name))?;
        let printed = app.printed();
        app.terminate().await?;
        Ok(printed)
    }

    /// Where its API is, also while it does not run.
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.port)
    }
}

impl Fleet {
    /// Fresh stores, as durable as they are to be in earnest, and so many workers, all ready.
    ///
    /// # Errors
    /// When anything does not start.
    pub async fn start(world: &World, workers: usize) -> Result<Self> {
        let (postgres, redis) = tokio::task::block_in_place(|| {
            (Postgres::start_durable(), Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() }))
        });
        let database = tokio::task::block_in_place(|| postgres.database());
        let master = world.path("master-key");
        std::fs::write(&master, new_master_key().await?)?;
        private(&master)?;
        let mut fleet = Fleet { postgres, redis, workers: Vec::new(), key: String::new() };
        for n in 0..workers {
            let relay = Relay::to(fleet.redis.address());
            let name = format!("worker-{n}");
            let options = worker_options(world, &name, &database, &relay.instead_of(&fleet.redis.url()), &master);
            fleet.workers.push(Worker { name, app: None, redis: relay, options });
        }
        for worker in &mut fleet.workers {
            worker.start().await?;
        }
        fleet.key = fleet.worker(0)?.running()?.key().await?;
        Ok(fleet)
    }

    /// # Errors
    /// When there are not so many.
    pub fn worker(&self, n: usize) -> Result<&Worker> {
        self.workers.get(n).with_context(|| format!("there is no worker {n}"))
    }

    /// # Errors
    /// When there are not so many.
    pub fn worker_mut(&mut self, n: usize) -> Result<&mut Worker> {
        self.workers.get_mut(n).with_context(|| format!("there is no worker {n}"))
    }

    /// The API of each worker: any of them answers for any channel.
    pub fn doors(&self) -> Vec<Rest> {
        self.workers.iter().map(|worker| Rest::new(worker.base(), self.key.clone())).collect()
    }

    /// How many channels each worker says that it holds; `None` for one that does not answer.
    pub async fn held(&self) -> Vec<Option<u64>> {
        let mut held = Vec::new();
        for rest in self.doors() {
            let ready = rest.call(reqwest::Method::GET, "/readyz", None).await.ok();
            held.push(ready.and_then(|(_, body)| body["worker"]["held"].as_u64()));
        }
        held
    }
}

/// How a worker is told where everything is: by its environment, as in a container.
pub fn worker_options(world: &World, name: &str, database: &str, sessions: &str, master: &std::path::Path) -> Options {
    let mut options = Options { key_file: None, ..world.options(name) };
    let env = [
        ("WHATISUP_DATABASE", database.to_owned()),
        ("WHATISUP_SESSIONS", sessions.to_owned()),
        ("WHATISUP_WORKER_NAME", name.to_owned()),
        ("WHATISUP_VAULT_STORE", "master".to_owned()),
        ("WHATISUP_VAULT_MASTER_KEY_FILE", master.display().to_string()),
    ];
    options.env.extend(env.map(|(name, value)| (name.to_owned(), value)));
    options.port = process::free_port();
    options
}

/// As a person makes one: `whatisupd vault new-key`.
///
/// # Errors
/// When the command fails.
pub async fn new_master_key() -> Result<String> {
    let output =
        tokio::process::Command::new(crate::binaries::program("whatisupd")?).args(["vault", "new-key"]).output().await?;
    if !output.status.success() {
        bail!("whatisupd vault new-key: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn private(path: &PathBuf) -> Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(())
}
