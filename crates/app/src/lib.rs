//! The composition root: `Config::load → build → App → drain`. The desktop shell and the headless binary
//! both run the [`App`] made here.

mod args;
mod config;

pub use args::RunArgs;
pub use config::{ApiConfig, ChannelsConfig, Config, ConfigError, LogConfig, LogFormat, Sources, VaultConfig, VaultStore, WhatsAppConfig};
