//! The composition root: `Config::load → build → App → drain`. The desktop shell and the headless binary
//! both run the [`App`] made here.

mod app;
mod args;
mod backup;
mod build;
mod concerns;
mod config;
#[cfg(feature = "sandbox")]
mod defect;
#[cfg(feature = "sandbox")]
mod embedded;
mod examine;
mod far_end;
mod keys;
mod leave;
mod log_file;
mod logging;
mod notices;
mod private;
mod running;
mod standing;
mod start_error;
mod stop;

pub use api::{Notifications, Settings};
pub use app::App;
pub use args::RunArgs;
pub use backup::restore::{RestoreError, Restored, restore};
pub use backup::{Backup, BackupError, back_up};
pub use build::{build, passes};
pub use concerns::Concerns;
pub use config::{
    ApiConfig, ChannelsConfig, Config, ConfigError, EventsConfig, LogConfig, LogFormat, OutboxConfig, Sources, VaultConfig,
    VaultStore, WebhooksConfig, WhatsAppConfig, remember_vault_choice,
};
pub use examine::{Finding, examine};
pub use keys::{Face, VaultKind, admin_key};
pub use leave::leave;
pub use logging::init_logging;
pub use notices::{About, News};
pub use running::Running;
pub use start_error::{StartAction, StartError};
pub use stop::stop_requested;

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
