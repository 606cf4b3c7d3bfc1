//! Where the log goes: stderr, so that stdout stays for what a command answers; and files in the data directory.

use crate::log_file::LogFile;
use crate::{Config, LogConfig, LogFormat};
use std::path::Path;
use std::sync::Mutex;
use tracing::Level;
use tracing_subscriber::filter::{FilterExt as _, dynamic_filter_fn};
use tracing_subscriber::fmt::format::{DefaultFields, FormatFields, Writer};
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::{Filter, Layer, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Registry};

const OURS: [&str; 16] = [
    "api",
    "app",
    "channel",
    "cluster",
    "domain",
    "engine",
    "keyspace",
    "ledger",
    "parcel",
    "sandbox",
    "socket",
    "vault",
    "webhooks",
    "whatisup",
    "whatisupd",
    "whatsapp",
];

type Lines = Box<dyn Layer<Registry> + Send + Sync>;

/// Starts logging for this process; `None` (the configuration could not be read) logs as the defaults say, to stderr alone.
/// A second call does nothing.
pub fn init_logging(config: Option<&Config>) {
    let log = config.map(|c| &c.log);
    let level = log.map_or("info", |c| c.level.as_str());
    let directives = directives(level);
    let (filter, bad) = match EnvFilter::try_new(&directives) {
        Ok(filter) => (filter, None),
        Err(error) => (EnvFilter::new("info"), Some(error)),
    };
    let mut lines = vec![to_stderr(log.map_or(LogFormat::Pretty, |c| c.format))];
    let mut no_file = None;
    if let Some(config) = config.filter(|c| c.log.files) {
        match to_file(&config.data_dir, &config.log) {
            Ok(file) => lines.push(file),
            Err(error) => no_file = Some(error),
        }
    }
    if tracing_subscriber::registry().with(lines.with_filter(filter.and(without_stanzas(level)))).try_init().is_err() {
        return;
    }
    if let Some(error) = bad {
        tracing::warn!(%error, "log.level is not understood; logging at info");
    }
    if let Some(error) = no_file {
        tracing::warn!(%error, "there are no log files in the data directory");
    }
}

/// What the protocol library tells below a warning: whole stanzas, with pairing codes, numbers and ciphertexts. Its log targets
/// have no common beginning, its modules have.
const STANZAS: [&str; 4] = ["whatsapp_rust", "wacore", "waproto", "whatsapp_rust_sqlite_storage"];

/// What of the library tells with each message that it cannot decrypt whose it is, and both identity keys; as an error.
const PEOPLE: &str = "wacore_libsignal";

/// Leaves out the library's chatter, unless the filter names the library: a general `debug` is no wish to see stanzas. What it tells of
/// people is left out at every level.
///
/// Asked for every line, though the answer is the same each time. Who asks by the older facade whether something would be
/// logged (`log_enabled!`, as sqlx does for each notice of Postgres) leaves that answer behind on the thread, and a line that is
/// known to be wanted is not asked about again: it would be dropped for the answer to another question.
fn without_stanzas(level: &str) -> impl Filter<Registry> + Send + Sync + 'static {
    let asked = level.split(',').any(|part| STANZAS.iter().any(|name| part.trim().starts_with(name)));
    dynamic_filter_fn(move |about, _| {
        let of = |name: &str| about.module_path().is_some_and(|module| module.starts_with(name));
        let library = || STANZAS.iter().any(|name| of(name));
        asked || (*about.level() <= Level::WARN && !of(PEOPLE)) || !library()
    })
}

/// What `log.level` means.
fn directives(level: &str) -> String {
    let plain = level.chars().all(|c| c.is_ascii_alphabetic());
    // A plain level is for our own crates. The protocol library talks of stanzas at info: chatter for a person, and close
    // to what must not be logged; its warnings are heard.
    match level {
        "off" | "error" | "warn" => level.to_owned(),
        // `whatsapp` would also be the beginning of the library's name. It calls each failed connect an error; our own
        // crates tell that once, in words.
        _ if plain => OURS.iter().fold("warn,whatsapp_rust=off".to_owned(), |all, ours| format!("{all},{ours}={level}")),
        _ => level.to_owned(),
    }
}

fn to_stderr(format: LogFormat) -> Lines {
    let colours = std::io::IsTerminal::is_terminal(&std::io::stderr());
    let to = layer().with_ansi(colours).with_writer(std::io::stderr);
    match format {
        LogFormat::Pretty => to.with_target(false).boxed(),
        LogFormat::Json => to.json().flatten_event(true).boxed(),
    }
}

fn to_file(data_dir: &Path, config: &LogConfig) -> std::io::Result<Lines> {
    let file = LogFile::open(data_dir, config.file_mib << 20, config.keep_files)?;
    // A full disk is told by those whom it stops; not once more for every line that finds no room.
    let to = layer().with_ansi(false).with_writer(Mutex::new(file)).log_internal_errors(false);
    Ok(match config.file_format {
        LogFormat::Pretty => to.fmt_fields(Plain(DefaultFields::new())).boxed(),
        LogFormat::Json => to.json().flatten_event(true).boxed(),
    })
}

/// Fields without colours. A type of its own, because layers with the same type share what the first has written of a span,
/// and stderr may be coloured.
struct Plain(DefaultFields);

impl<'writer> FormatFields<'writer> for Plain {
    fn format_fields<R: tracing_subscriber::field::RecordFields>(&self, to: Writer<'writer>, fields: R) -> std::fmt::Result {
        self.0.format_fields(to, fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_plain_level_is_for_our_own_crates() {
        for level in ["info", "debug", "trace"] {
            let all = directives(level);
            assert!(all.starts_with("warn,whatsapp_rust=off,") && all.contains(&format!(",engine={level}")), "{all}");
            assert!(EnvFilter::try_new(all).is_ok());
        }
        assert_eq!(directives("error"), "error");
        assert_eq!(directives("info,whatsapp=debug"), "info,whatsapp=debug");
    }

    #[test]
    fn a_question_about_another_line_costs_no_line() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let to = written.clone();
        let writer = move || Copy(to.clone());
        let filter = EnvFilter::new(directives("info")).and(without_stanzas("info"));
        let lines: Lines = layer().with_ansi(false).with_writer(writer).boxed();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(vec![lines].with_filter(filter)), || {
            for n in 0..3 {
                tracing::warn!("line {n}");
                let other = tracing::debug_span!(target: "sqlx", "chatter");
                let about = other.metadata().expect("a span of the macro has them, wanted or not");
                tracing::dispatcher::get_default(|all| all.enabled(about));
            }
        });
        let written = String::from_utf8_lossy(&written.lock().expect("nobody panicked")).into_owned();
        assert!((0..3).all(|n| written.contains(&format!("line {n}"))), "{written}");
    }

    struct Copy(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Copy {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
