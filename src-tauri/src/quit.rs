//! Ends the application: windows away, sessions closed in order, then the process. Bounded, for a person who shuts the
//! machine down waits for it.

use crate::shell::Shell;
use crate::stage::Stage;
use std::time::Duration;

/// Past the grace that the App gives its channels; then we go anyway. All that matters is on disk before it is answered for.
const BEYOND_GRACE: Duration = Duration::from_secs(2);

/// Begins to quit; a second call changes nothing. The process ends with code 0 when all is drained.
pub fn begin(shell: &Shell) {
    let running = match &*shell.stage().borrow() {
        Stage::Running { app, grace } => Some((app.clone(), *grace)),
        Stage::Starting | Stage::Failed(_) | Stage::Stopping => None,
    };
    if !shell.enter(Stage::Stopping) {
        return;
    }
    tracing::info!("quitting");
    shell.stopping().cancel();
    shell.windows().close_all();
    let ending = shell.clone();
    tauri::async_runtime::spawn(async move {
        if let Some((app, grace)) = running
            && tokio::time::timeout(grace + BEYOND_GRACE, app.drain(grace)).await.is_err()
        {
            tracing::warn!("channels did not close in time");
        }
        ending.tasks().close();
        if tokio::time::timeout(BEYOND_GRACE, ending.tasks().wait()).await.is_err() {
            tracing::debug!("a task of the shell did not end in time");
        }
        tracing::info!("bye");
        ending.handle().exit(0);
    });
}

/// Quits when the system asks: SIGTERM at shutdown and logout, Ctrl-C in a terminal, SIGHUP when that closes.
/// Asked twice, it goes at once.
#[cfg(unix)]
pub async fn on_signals(shell: Shell) {
    use tokio::signal::unix::{SignalKind, signal};

    let listen = || -> std::io::Result<_> {
        Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?, signal(SignalKind::hangup())?))
    };
    let (mut terminate, mut interrupt, mut hangup) = match listen() {
        Ok(signals) => signals,
        Err(error) => {
            tracing::error!(%error, "signals cannot be heard");
            return;
        }
    };
    let mut asked = false;
    loop {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
            _ = hangup.recv() => "SIGHUP",
        };
        tracing::info!(signal = name, "asked to quit");
        if std::mem::replace(&mut asked, true) {
            app::leave(std::process::ExitCode::FAILURE);
        }
        begin(&shell);
    }
}

#[cfg(not(unix))]
pub async fn on_signals(shell: Shell) {
    match tokio::signal::ctrl_c().await {
        Ok(()) => begin(&shell),
        Err(error) => tracing::error!(%error, "Ctrl-C cannot be heard"),
    }
}
