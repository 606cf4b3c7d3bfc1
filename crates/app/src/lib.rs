//! The composition root: `Config::load → build → App → drain`. The desktop shell and the headless binary
//! both run the [`App`] made here.

mod app;
mod args;
mod awaited;
mod backup;
mod build;
mod concerns;
mod config;
#[cfg(feature = "sandbox")]
mod defect;
mod doors;
#[cfg(feature = "sandbox")]
mod embedded;
mod environment;
mod examine;
mod far_end;
mod keys;
mod leave;
mod log_file;
mod logging;
mod migrate;
mod moving;
mod notices;
mod opened;
mod panics;
mod private;
mod rotate;
mod running;
mod sealed_table;
mod servers;
mod shield;
mod standing;
mod start_error;
mod stop;
mod unseen;
mod workers;

pub use api::{Notifications, Settings};
pub use app::App;
pub use args::RunArgs;
pub use backup::restore::{RestoreError, Restored, restore};
pub use backup::{Backup, BackupError, back_up};
pub use build::{build, passes};
pub use concerns::Concerns;
pub use config::{
    ApiConfig, ChannelsConfig, Config, ConfigError, Database, EventsConfig, LogConfig, LogFormat, MasterSource, Origin,
    OutboxConfig, PostgresConfig, PublicConfig, RedisConfig, Sessions, Socket, Sources, VaultConfig, VaultStore,
    WebhooksConfig, WhatsAppConfig, WorkerConfig, remember_vault_choice,
};
pub use environment::Taken;
pub use examine::{Finding, alive, examine};
pub use keys::{Face, VaultKind, admin_key};
pub use leave::leave;
pub use logging::init_logging;
pub use migrate::{MigrateError, Migrated, MigrationStep, MovedSession, Targets, migrate_store};
pub use notices::{About, News};
pub use rotate::{NewKeys, NewMasterKey, VaultStatus, new_master_key, rotate_keys, rotate_master, vault_status};
pub use running::{Running, Stores};
pub use shield::shield;
pub use start_error::{Awaited, StartAction, StartError};
pub use stop::stop_requested;
pub use unseen::visible;
pub use vault::KeyOf;

use std::path::{Path, PathBuf};

/// Moves a damaged ledger aside, so that the next start begins with an empty one. Only for a person who asked for that.
///
/// # Errors
/// When the files cannot be moved.
pub fn set_ledger_aside(data_dir: &Path) -> std::io::Result<Option<PathBuf>> {
    ledger::start_fresh(data_dir)
}

/// Whether this build talks to a loopback WhatsApp only, under names of its own.
pub const SANDBOX: bool = cfg!(feature = "sandbox");
