//! Where the log goes: stderr, so that stdout stays for what a command answers.

use crate::{LogConfig, LogFormat};
use tracing_subscriber::EnvFilter;

const OURS: [&str; 12] =
    ["api", "app", "channel", "domain", "engine", "ledger", "sandbox", "socket", "vault", "whatisup", "whatisupd", "whatsapp"];

/// Starts logging for this process; `None` (the configuration could not be read) logs as the defaults say.
/// A second call does nothing.
pub fn init_logging(config: Option<&LogConfig>) {
    let level = config.map_or("info", |c| c.level.as_str());
    let plain = level.chars().all(|c| c.is_ascii_alphabetic());
    // A plain level is for our own crates. The protocol library talks of stanzas at info: chatter for a person, and close
    // to what must not be logged; its warnings are heard.
    let directives = match level {
        "trace" | "off" | "error" | "warn" => level.to_owned(),
        // `whatsapp` would also be the beginning of the library's name. It calls each failed connect an error; our own
        // crates tell that once, in words.
        _ if plain => OURS.iter().fold("warn,whatsapp_rust=off".to_owned(), |all, ours| format!("{all},{ours}={level}")),
        _ => level.to_owned(),
    };
    let (filter, bad) = match EnvFilter::try_new(&directives) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colours).with_writer(std::io::stderr);
    let started = match config.map_or(LogFormat::Pretty, |c| c.format) {
        LogFormat::Pretty => builder.with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_ok()
        && let Some(error) = bad
    {
        tracing::warn!(%error, "log.level is not understood; logging at info");
    }
}
