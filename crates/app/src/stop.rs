//! The wish to stop, however the system tells it.

use std::process::ExitCode;

/// Returns at Ctrl-C, and on Unix at SIGTERM and SIGHUP too. Only the first wish is waited for: a second Ctrl-C during
/// the drain ends the process the hard way, as people expect.
pub async fn stop_requested() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (signal(SignalKind::terminate()), signal(SignalKind::hangup()), signal(SignalKind::interrupt()));
        if let (Ok(mut term), Ok(mut hup), Ok(mut int)) = signals {
            tokio::select! {
                _ = term.recv() => {}
                _ = hup.recv() => {}
                _ = int.recv() => {}
            }
            tokio::spawn(async move {
                if int.recv().await.is_some() {
                    crate::leave(ExitCode::FAILURE);
                }
            });
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without any way to be told, only the end of the process remains.
        std::future::pending::<()>().await;
    }
}
