use app::{App, Config, Face, RunArgs, Sources};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

pub async fn perform(args: RunArgs) -> anyhow::Result<ExitCode> {
    let config = match Config::load(&Sources::from_args(args)) {
        Ok(config) => config,
        Err(error) => {
            app::init_logging(None);
            return Err(error.into());
        }
    };
    app::init_logging(Some(&config));
    let grace = Duration::from_secs(config.channels.drain_seconds);
    // Listened for from here on, so that a stop during a slow start is a stop.
    let stop = app::stop_requested();
    tokio::pin!(stop);
    let app = tokio::select! {
        started = Box::pin(App::start_when_unlocked(config, Face::Headless)) => started?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    println!("WhatIsUp is running. API: {}", app.address());
    if std::io::stdout().is_terminal() {
        println!("Dashboard: {}", app.sign_in_link());
    } else {
        println!("Dashboard: {}  (sign in with the link that `whatisupd open` prints)", app.address());
    }
    tell_system(Stage::Ready);
    stop.await;
    tell_system(Stage::Stopping);
    app.drain(grace).await;
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
enum Stage {
    Ready,
    Stopping,
}

/// Where systemd started this as a service of the type `notify`, it waits for these words; elsewhere nobody hears them.
#[cfg(unix)]
fn tell_system(stage: Stage) {
    let state = match stage {
        Stage::Ready => sd_notify::NotifyState::Ready,
        Stage::Stopping => sd_notify::NotifyState::Stopping,
    };
    // Not being heard changes nothing here.
    let _ = sd_notify::notify(&[state]);
}

#[cfg(not(unix))]
fn tell_system(_: Stage) {}
