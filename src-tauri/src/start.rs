//! Starts the App beside the tray, and offers what can be done when it does not start.

use crate::follow;
use crate::route::Route;
use crate::shell::Shell;
use crate::stage::{Problem, Stage};
use crate::troubles;
use app::{Config, ConfigError, RunArgs, Sources, StartError, VaultStore};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Reads the configuration as the command line asks.
///
/// # Errors
/// As `Config::load`.
pub fn configuration(args: &RunArgs) -> Result<Config, ConfigError> {
    Config::load(&Sources::from_args(args.clone()))
}

/// Starts it; the stage tells how that went.
pub async fn now(shell: Shell) {
    shell.enter(Stage::Starting);
    match begin(&shell).await {
        Ok((app, grace)) => {
            tracing::info!(address = app.address(), "WhatIsUp is running");
            shell.enter(Stage::Running { app: app.clone(), grace });
            follow::notices(&shell, app);
        }
        Err(refused) => {
            let problem = refused.problem();
            tracing::error!(code = problem.code, detail = problem.detail, "WhatIsUp could not start: {}", problem.title);
            shell.enter(Stage::Failed(Arc::new(problem)));
            shell.spawn(when_it_passes(shell.clone(), refused));
            // Even when started hidden: nothing works until somebody decides.
            shell.windows().steer(Route::Setup);
            shell.open(Route::Setup).await;
        }
    }
}

/// Why a start was refused.
enum Refused {
    Configuration(ConfigError),
    Start(Box<Config>, StartError),
}

impl Refused {
    fn problem(&self) -> Problem {
        match self {
            Refused::Configuration(error) => troubles::of_config(error),
            Refused::Start(_, error) => troubles::of_start(error),
        }
    }
}

async fn begin(shell: &Shell) -> Result<(app::App, Duration), Refused> {
    let config = configuration(&shell.cli().run).map_err(Refused::Configuration)?;
    let grace = Duration::from_secs(config.channels.drain_seconds);
    match app::build(config.clone()).await {
        Ok(app) => Ok((app, grace)),
        Err(error) => Err(Refused::Start(Box::new(config), error)),
    }
}

/// Starts again by itself when the keychain is unlocked, unless somebody has pressed a button before.
async fn when_it_passes(shell: Shell, refused: Refused) {
    let Refused::Start(config, error) = refused else { return };
    let mut stage = shell.stage();
    tokio::select! {
        () = app::passes(&config, &error) => again(&shell),
        _ = stage.wait_for(|stage| !matches!(stage, Stage::Failed(_))) => {}
    }
}

/// *Try again.* Shown for a moment even when it fails at once: a button that seems to do nothing is pressed again.
pub fn again(shell: &Shell) {
    const SEEN: Duration = Duration::from_millis(300);
    if !shell.leave_failure() {
        return;
    }
    let shell = shell.clone();
    shell.clone().spawn(async move {
        tokio::time::sleep(SEEN).await;
        now(shell).await;
    });
}

/// *Use a key file instead*: remembered, so that the next start asks nothing.
pub fn with_key_file(shell: &Shell) {
    after(shell, "choice", |config| app::remember_vault_choice(&config.data_dir, VaultStore::File));
}

/// *Start fresh*: the damaged file has been kept beside; the next start makes a new one.
pub fn fresh(shell: &Shell) {
    after(shell, "fresh start", |config| app::set_ledger_aside(&config.data_dir).map(|_: Option<PathBuf>| ()));
}

/// Does one thing to the data directory, then starts.
fn after(shell: &Shell, what: &'static str, change: impl FnOnce(&Config) -> std::io::Result<()> + Send + 'static) {
    let (then, args) = (shell.clone(), shell.cli().run.clone());
    if !shell.leave_failure() {
        return;
    }
    shell.spawn(async move {
        let done = tokio::task::spawn_blocking(move || {
            configuration(&args)
                .map_err(|error| troubles::of_config(&error))
                .and_then(|config| change(&config).map_err(|error| troubles::of_disk(&error)))
        });
        match done.await {
            Ok(Ok(())) => Box::pin(now(then)).await,
            Ok(Err(problem)) => {
                then.enter(Stage::Failed(Arc::new(problem)));
            }
            // Not with the words of the panic: they may quote a secret.
            Err(_) => tracing::error!(what, "the change to the data directory broke off"),
        }
    });
}
