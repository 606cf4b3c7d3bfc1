//! The flags that `whatisupd run` and the desktop application share.

use crate::Taken;
use std::net::IpAddr;
use std::path::PathBuf;

/// Flags are the last layer of the configuration. None of them carries a secret: other users can read them.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct RunArgs {
    /// Read this configuration file instead of the platform's own.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where channels, events, messages and credentials live.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Port of the local API.
    #[arg(long, global = true, value_name = "N")]
    pub port: Option<u16>,
    /// Unix socket of the local API, for programs of the same user.
    #[arg(long, global = true, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Serve other machines at this address, with TLS; may be given several times.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub public: Vec<IpAddr>,
    /// Keep the keys in this file (0600) instead of the keychain.
    #[arg(long, global = true, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Sandbox builds: the loopback WhatsApp to talk to (ws:// or wss://).
    #[arg(long, global = true, value_name = "URL")]
    pub whatsapp_url: Option<String>,
    /// Sandbox builds: a PEM file to trust there.
    #[arg(long, global = true, value_name = "FILE")]
    pub whatsapp_ca: Option<PathBuf>,
    /// Sandbox builds: the client version to present, as in 2.3000.1023223821.
    #[arg(long, global = true, value_name = "VERSION")]
    pub whatsapp_version: Option<String>,
    /// error, warn, info, debug or trace; or a filter such as "info,whatsapp=debug".
    #[arg(long, global = true, value_name = "LEVEL")]
    pub log_level: Option<String>,
    /// pretty or json.
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<String>,
    /// What the environment held besides and does not hold any more. Read when the command line is, once.
    #[arg(skip = crate::environment::taken())]
    pub taken: Taken,
}
