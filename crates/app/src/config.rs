//! Configuration: one commented file of defaults, the application's own choices, the user's file, the environment, the flags.

mod doors;
mod known;
mod layers;
mod master;
mod secret_files;
mod stores;
mod switch;

pub use doors::{ApiConfig, PublicConfig, Socket};
pub use layers::Sources;
pub(crate) use layers::{APP_NAME, chosen_store};
pub use master::MasterSource;
pub(crate) use master::VARIABLE as MASTER_KEY_VARIABLE;
pub use stores::{Database, PostgresConfig, RedisConfig, Sessions};
pub use switch::Origin;
pub(crate) use switch::choose;

use secrecy::SecretString;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// The defaults, as a file that people can read and copy from.
pub const DEFAULTS: &str = include_str!("defaults.toml");

/// Everything that can be configured, resolved and checked.
#[derive(Clone, Debug)]
pub struct Config {
    pub data_dir: PathBuf,
    pub sessions: Sessions,
    pub database: Database,
    pub worker: WorkerConfig,
    pub api: ApiConfig,
    pub apps: AppsConfig,
    pub vault: VaultConfig,
    pub whatsapp: WhatsAppConfig,
    pub channels: ChannelsConfig,
    pub outbox: OutboxConfig,
    pub events: EventsConfig,
    pub webhooks: WebhooksConfig,
    pub log: LogConfig,
    /// The person's file of settings, when there is a secret in it.
    pub(crate) secret_settings: Option<PathBuf>,
}

/// Programs that ask to be let in.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct AppsConfig {
    /// How long one waits for an answer.
    pub request_seconds: u64,
}

#[derive(Clone, Debug)]
pub struct VaultConfig {
    pub store: VaultStore,
    pub key_file: PathBuf,
    /// The entries that a master key wraps, while they are in the data directory.
    pub sealed_file: PathBuf,
    /// Where the master key is, if one is given.
    pub master: Option<MasterSource>,
}

impl VaultConfig {
    /// Whether keys are kept at `path`, or what belongs to them.
    pub(crate) fn keeps(&self, path: &Path) -> bool {
        [&self.key_file, &self.sealed_file].into_iter().any(|file| {
            let mut lock = file.clone().into_os_string();
            lock.push(".lock");
            path == file || path.as_os_str() == lock
        })
    }
}

/// What this process is called among the workers.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    pub name: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultStore {
    Auto,
    Keychain,
    File,
    /// Wrapped by a master key, in the data directory or in Postgres.
    Master,
}

#[derive(Clone, Debug)]
pub struct WhatsAppConfig {
    pub device_name: String,
    /// A loopback WhatsApp other than the embedded one; sandbox builds only.
    pub url: Option<String>,
    pub ca: Option<PathBuf>,
    pub version: Option<(u32, u32, u32)>,
}

#[derive(Clone, Debug, Deserialize)]
pub struct ChannelsConfig {
    pub resume_at_once: usize,
    pub drain_seconds: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct OutboxConfig {
    /// Per channel, on average; 0: no limit.
    pub per_minute: u32,
    /// How many may leave at once after a rest.
    pub burst: u32,
    /// Per channel.
    pub max_queued: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct EventsConfig {
    pub keep_days: u32,
    pub max: u64,
    pub max_mib: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub struct WebhooksConfig {
    pub timeout_seconds: u64,
}

#[derive(Clone, Debug, Deserialize)]
pub struct LogConfig {
    pub level: String,
    /// Of what goes to stderr.
    pub format: LogFormat,
    /// Whether there are log files in the data directory.
    pub files: bool,
    pub file_format: LogFormat,
    /// From which size on a new file begins.
    pub file_mib: u64,
    /// The most files, the present one included.
    pub keep_files: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Pretty,
    Json,
}

/// Why the configuration cannot be used; each says where the value came from and what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{origin}: there is no setting {name:?}{hint}")]
    Unknown { origin: String, name: String, hint: String },
    #[error("{origin}: {message}")]
    Invalid { origin: String, message: String },
    #[error("cannot read {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("this platform names no directory for application data; give one with --data-dir")]
    NoDataDir,
    #[error("{0} is for sandbox builds only: this build talks to the real WhatsApp")]
    SandboxOnly(&'static str),
}

#[derive(Deserialize)]
struct Raw {
    sessions: String,
    database: String,
    redis: stores::RawRedis,
    postgres: stores::RawPostgres,
    worker: RawWorker,
    data: RawData,
    api: doors::RawApi,
    limits: doors::RawLimits,
    apps: AppsConfig,
    vault: RawVault,
    whatsapp: RawWhatsApp,
    channels: ChannelsConfig,
    outbox: OutboxConfig,
    events: EventsConfig,
    webhooks: WebhooksConfig,
    log: LogConfig,
}

#[derive(Deserialize)]
struct RawData {
    dir: PathBuf,
}

#[derive(Deserialize)]
struct RawVault {
    store: VaultStore,
    key_file: PathBuf,
    master_key_file: PathBuf,
    previous_master_key_file: PathBuf,
}

#[derive(Deserialize)]
struct RawWorker {
    name: String,
}

#[derive(Deserialize)]
struct RawWhatsApp {
    device_name: String,
    url: String,
    ca: PathBuf,
    version: String,
}

impl Config {
    /// Reads all layers and checks the result.
    ///
    /// # Errors
    /// An unknown setting (with the nearest known name), a value that does not fit, or a file that cannot be read.
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        let data_dir = layers::data_dir(sources)?;
        let raw: Raw = layers::merged(sources, &data_dir)?;
        raw.check(data_dir, sources).map_err(|error| match error {
            ConfigError::Invalid { origin, message } => ConfigError::Invalid { origin: sources.named(&origin), message },
            ConfigError::Unknown { .. }
            | ConfigError::Unreadable { .. }
            | ConfigError::NoDataDir
            | ConfigError::SandboxOnly(_) => error,
        })
    }
}

impl Raw {
    fn check(self, data_dir: PathBuf, sources: &Sources) -> Result<Config, ConfigError> {
        debug_assert!(self.data.dir.as_os_str().is_empty() || !data_dir.as_os_str().is_empty());
        if self.channels.resume_at_once == 0 {
            return Err(invalid("channels.resume_at_once", "at least 1"));
        }
        self.check_queues()?;
        if !(1..=1024).contains(&self.log.file_mib) {
            return Err(invalid("log.file_mib", "1 to 1024"));
        }
        if !(1..=100).contains(&self.log.keep_files) {
            return Err(invalid("log.keep_files", "1 to 100"));
        }
        let device_name = self.whatsapp.device_name.trim().to_owned();
        if device_name.is_empty() || device_name.chars().count() > 50 || device_name.chars().any(char::is_control) {
            return Err(invalid("whatsapp.device_name", "1 to 50 printable characters"));
        }
        let url = Some(self.whatsapp.url).filter(|u| !u.is_empty());
        let ca = Some(self.whatsapp.ca).filter(|p| !p.as_os_str().is_empty());
        let version = Some(self.whatsapp.version).filter(|v| !v.is_empty());
        if !cfg!(feature = "sandbox") {
            for (given, name) in
                [(url.is_some(), "whatsapp.url"), (ca.is_some(), "whatsapp.ca"), (version.is_some(), "whatsapp.version")]
            {
                if given {
                    return Err(ConfigError::SandboxOnly(name));
                }
            }
        }
        let version = version.map(|v| parse_version(&v)).transpose()?;
        let key_file =
            if self.vault.key_file.as_os_str().is_empty() { data_dir.join("vault.key") } else { self.vault.key_file };
        let given = |path: PathBuf| Some(path).filter(|path| !path.as_os_str().is_empty());
        let master = MasterSource::find(
            given(self.vault.master_key_file),
            given(self.vault.previous_master_key_file),
            sources.credentials.as_deref(),
            sources.master_key.as_ref(),
        );
        if self.vault.store == VaultStore::Master && master.is_none() {
            return Err(invalid(
                "vault.store",
                format!(
                    "\"master\" needs a master key: name a file with vault.master_key_file, or give it as the credential {} or in \
                     {}. Make one with: whatisupd vault new-key FILE",
                    vault::CREDENTIAL,
                    MASTER_KEY_VARIABLE
                ),
            ));
        }
        Ok(Config {
            sessions: stores::sessions(&SecretString::from(self.sessions), self.redis)?,
            database: stores::database(&SecretString::from(self.database), self.postgres)?,
            worker: worker(self.worker)?,
            vault: VaultConfig {
                store: self.vault.store,
                key_file,
                sealed_file: data_dir.join(vault::SealedFile::NAME),
                master,
            },
            api: doors::api(self.api, self.limits, &data_dir)?,
            apps: self.apps,
            whatsapp: WhatsAppConfig { device_name, url, ca, version },
            channels: self.channels,
            outbox: self.outbox,
            events: self.events,
            webhooks: self.webhooks,
            log: self.log,
            secret_settings: secret_files::of_settings(sources),
            data_dir,
        })
    }
}

impl Raw {
    fn check_queues(&self) -> Result<(), ConfigError> {
        if self.outbox.burst == 0 {
            return Err(invalid("outbox.burst", "at least 1; set outbox.per_minute to 0 for no limit"));
        }
        if self.outbox.max_queued == 0 {
            return Err(invalid("outbox.max_queued", "at least 1, or nothing could be sent"));
        }
        if !(1..=3650).contains(&self.events.keep_days) {
            return Err(invalid("events.keep_days", "from 1 to 3650"));
        }
        if self.events.max < 1000 {
            return Err(invalid("events.max", "at least 1000"));
        }
        if !(1..=1 << 20).contains(&self.events.max_mib) {
            return Err(invalid("events.max_mib", "from 1 to 1048576"));
        }
        if !(10..=3600).contains(&self.apps.request_seconds) {
            return Err(invalid("apps.request_seconds", "from 10 to 3600"));
        }
        if !(1..=120).contains(&self.webhooks.timeout_seconds) {
            return Err(invalid("webhooks.timeout_seconds", "from 1 to 120"));
        }
        Ok(())
    }
}

fn worker(raw: RawWorker) -> Result<WorkerConfig, ConfigError> {
    let name = match raw.name.trim() {
        "" => host_name().unwrap_or_else(|| "worker".to_owned()),
        name => name.to_owned(),
    };
    if name.chars().count() > 64 || name.chars().any(char::is_control) {
        return Err(invalid("worker.name", "at most 64 printable characters"));
    }
    Ok(WorkerConfig { name })
}

#[cfg(unix)]
fn host_name() -> Option<String> {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Some(name.chars().filter(|c| !c.is_control()).take(64).collect()).filter(|name: &String| !name.is_empty())
}

#[cfg(not(unix))]
fn host_name() -> Option<String> {
    std::env::var("COMPUTERNAME").ok().filter(|name| !name.is_empty())
}

fn parse_version(text: &str) -> Result<(u32, u32, u32), ConfigError> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Ok(a)), Some(Ok(b)), Some(Ok(c)), None) => Ok((a, b, c)),
        _ => Err(invalid("whatsapp.version", format!("{text:?} is not a version; write it as 2.3000.1023223821"))),
    }
}

fn invalid(origin: &str, message: impl Into<String>) -> ConfigError {
    ConfigError::Invalid { origin: origin.to_owned(), message: message.into() }
}

/// Remembers in the data directory which store the person chose, so that the next start asks nothing.
/// An explicit setting of the user's own file, environment or flags still wins.
///
/// # Errors
/// When the file cannot be written.
pub fn remember_vault_choice(data_dir: &Path, store: VaultStore) -> std::io::Result<()> {
    let word = match store {
        VaultStore::Auto => "auto",
        VaultStore::Keychain => "keychain",
        VaultStore::File => "file",
        VaultStore::Master => "master",
    };
    let text = format!(
        "# Chosen in the application. Your own config.toml, the environment and flags win over this.\n[vault]\nstore = \"{word}\"\n"
    );
    crate::private::write(&layers::choices_file(data_dir), text.as_bytes())
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
