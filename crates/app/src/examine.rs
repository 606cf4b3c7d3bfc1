//! What `doctor` looks at, one check a function.

mod doors;
mod memory;
pub(crate) mod permissions;
mod stores;
mod upkeep;

use crate::keys::{self, Face};
use crate::servers::Servers;
use crate::{Config, Database, Running};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use vault::Access;

/// One thing looked at, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub what: &'static str,
    pub good: bool,
    /// What was found and, when it is not good, what to do.
    pub says: String,
}

impl Finding {
    pub fn good(what: &'static str, says: impl Into<String>) -> Self {
        Finding { what, good: true, says: says.into() }
    }

    pub fn bad(what: &'static str, says: impl Into<String>) -> Self {
        Finding { what, good: false, says: says.into() }
    }
}

/// Below this, a database may not be able to grow for long.
const LITTLE_SPACE: u64 = 200 << 20;
/// How long a connection to WhatsApp may take.
const REACH: Duration = Duration::from_secs(10);
/// 2026-01-01: a clock before this build's year has lost its battery.
const BUILT_AFTER: i64 = 1_767_225_600;
/// WhatsApp's signatures and our schedules stand a few minutes.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(120);

/// Looks at everything. Takes some seconds when something does not answer.
pub async fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = vec![application(config).await, keys(config).await];
    findings.push(stores::database(config).await);
    findings.push(stores::sessions(config).await);
    findings.extend(ports(config).await);
    findings.extend(doors::public(config));
    findings.push(disk(&config.data_dir));
    findings.push(permissions::permissions(&config.data_dir));
    findings.extend(permissions::secret_files(config));
    findings.push(memory::environment());
    findings.push(memory::memory(&config.data_dir));
    findings.push(upkeep::logs(config));
    findings.push(upkeep::backup(&config.data_dir, engine::Clock::system().now()));
    let (network, date) = network(config).await;
    findings.push(clock(date));
    findings.push(network);
    findings
}

async fn application(config: &Config) -> Finding {
    let data_dir = &config.data_dir;
    const START: &str = "start it with: whatisupd run";
    let Some(running) = Running::find(data_dir) else {
        return Finding::good("application", format!("It is not running; {START}"));
    };
    let (pid, base) = (running.pid, running.base_url());
    if running.lives() == Some(false) {
        return Finding::bad("application", format!("It did not stop in order: process {pid} is gone; {START}"));
    }
    let Some(address) = running.addresses.first() else {
        return Finding::bad("application", format!("Process {pid} serves no address. Stop it, then {START}"));
    };
    let (sessions, database) = (config.sessions.described(), config.database.described());
    let stores = &running.stores;
    if !stores.sessions.is_empty() && (&stores.sessions, &stores.database) != (&sessions, &database) {
        return Finding::bad(
            "application",
            format!(
                "Process {pid} keeps sessions in {} and the database in {}, while this configuration says {sessions} and {database}. \
                 Give this command the same configuration, or restart that process.",
                stores.sessions, stores.database
            ),
        );
    }
    if answers(*address).await {
        Finding::good("application", format!("Process {pid} answers at {base}."))
    } else {
        Finding::bad(
            "application",
            format!("Process {pid} does not answer at {base}. If it still is WhatIsUp, stop it; {START}"),
        )
    }
}

async fn keys(config: &Config) -> Finding {
    // Before the first start there is no installation whose keys one could look for.
    if !config.data_dir.exists() {
        return Finding::good("keys", "The application has not been started yet; its first start makes the keys.");
    }
    // A look makes no schema: that is for the first start.
    if let Database::Postgres(postgres) = &config.database
        && !stores::is_prepared(postgres).await
    {
        return Finding::good("keys", "The first start makes them, when the database can be used.");
    }
    let opened = async {
        let servers = Servers::of_keys(config).await?;
        keys::open(config, Face::Headless, servers.postgres.as_ref()).await
    };
    let open = match opened.await {
        Ok(open) => open,
        Err(error) => return Finding::bad("keys", error.to_string()),
    };
    let place = open.kind.place(config);
    match open.vault.access().await {
        Ok(Access::Locked) => return Finding::bad("keys", vault::VaultError::Locked.sentence()),
        Ok(Access::Open | Access::Unknown) => {}
        Err(error) => return Finding::bad("keys", error.sentence()),
    }
    match open.vault.ledger_key().await {
        Ok(Some(_)) => Finding::good("keys", format!("In {place}.")),
        Ok(None) if config.data_dir.join("ledger.db").exists() => Finding::bad(
            "keys",
            format!(
                "The key of the database is not in {place}. Restore it, or choose the store that holds it; nothing was deleted."
            ),
        ),
        Ok(None) => Finding::good("keys", format!("{place} answers; the first start makes the keys.")),
        Err(error) => Finding::bad("keys", error.sentence()),
    }
}

async fn ports(config: &Config) -> Vec<Finding> {
    let running = Running::find(&config.data_dir);
    let mut findings = Vec::new();
    for ip in &config.api.bind {
        let address = SocketAddr::new(*ip, config.api.port);
        let ours = running.as_ref().is_some_and(|r| r.addresses.contains(&address));
        findings.push(match TcpListener::bind(address) {
            Ok(_) => Finding::good("port", format!("{address} is free.")),
            Err(_) if ours && answers(address).await => {
                Finding::good("port", format!("{address} is served by this installation."))
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Finding::bad(
                "port",
                format!("{address} is taken{}. Stop that program, or choose another port with --port.", held_by(address)),
            ),
            Err(error) => Finding::bad("port", format!("{address} cannot be used: {error}. Change api.bind.")),
        });
    }
    findings
}

/// Whether what runs on this data directory answers, for whoever watches it from outside.
pub async fn alive(data_dir: &Path) -> bool {
    match Running::find(data_dir).and_then(|running| running.addresses.first().copied()) {
        Some(address) => answers(address).await,
        None => false,
    }
}

async fn answers(address: SocketAddr) -> bool {
    // Not by a proxy of the environment, which would be asked for its own machine.
    let Ok(client) = reqwest::Client::builder().no_proxy().build() else { return false };
    let asked = client.get(format!("http://{address}/livez")).timeout(Duration::from_secs(2)).send().await;
    asked.is_ok_and(|a| a.status().is_success())
}

/// By whom a port is taken, for a sentence.
fn held_by(address: SocketAddr) -> String {
    api::Holder::of(address).map(|who| format!(" by {who}")).unwrap_or_default()
}

fn disk(data_dir: &Path) -> Finding {
    // The directory itself may not be there before the first start.
    let Some(existing) = data_dir.ancestors().find(|d| d.exists()) else {
        return Finding::bad("disk", format!("{} cannot be reached.", data_dir.display()));
    };
    match fs4::available_space(existing) {
        Ok(free) if free < LITTLE_SPACE => Finding::bad(
            "disk",
            format!("Only {} MiB are free. Make room: messages are not accepted on a full disk.", free >> 20),
        ),
        Ok(free) => Finding::good("disk", format!("{} MiB are free.", free >> 20)),
        Err(error) => Finding::bad("disk", format!("{}: {error}", existing.display())),
    }
}

fn clock(there: Option<domain::Timestamp>) -> Finding {
    let here = engine::Clock::system().now();
    if here.as_millis() / 1000 < BUILT_AFTER {
        return Finding::bad("clock", format!("This machine believes it is {here}. Set the clock."));
    }
    let Some(there) = there else {
        return Finding::good("clock", format!("{here}; there was nothing to compare it with."));
    };
    let apart = here.since(there).max(there.since(here));
    if apart > CLOCK_TOLERANCE {
        return Finding::bad("clock", format!("{} s off from WhatsApp's. Turn on automatic time.", apart.as_secs()));
    }
    Finding::good("clock", format!("Within {} s of WhatsApp's.", apart.as_secs().max(1)))
}

/// Whether WhatsApp can be reached, and what time it is there.
async fn network(config: &Config) -> (Finding, Option<domain::Timestamp>) {
    let endpoint = match crate::far_end::configured(config) {
        Ok(Some(endpoint)) => endpoint,
        Ok(None) => return (Finding::good("network", "The sandbox is built in; no network is needed."), None),
        Err(error) => return (Finding::bad("network", error.to_string()), None),
    };
    match tokio::time::timeout(REACH, whatsapp::reach(&endpoint)).await {
        Ok(Ok(reached)) => (Finding::good("network", format!("{} answers.", endpoint.url())), reached.date),
        Ok(Err(error)) => (
            Finding::bad(
                "network",
                format!("{} cannot be reached: {error}. Check the connection, a firewall or a proxy.", endpoint.url()),
            ),
            None,
        ),
        Err(_) => (
            Finding::bad(
                "network",
                format!(
                    "{} did not answer within {} s. Check the connection, a firewall or a proxy.",
                    endpoint.url(),
                    REACH.as_secs()
                ),
            ),
            None,
        ),
    }
}
