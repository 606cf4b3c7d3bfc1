//! Without a display: the same App, no tray and no windows. The dashboard is then a page in somebody's browser.

use crate::stage::Problem;
use crate::{start, troubles};
use app::{App, Face, RunArgs};
use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

pub async fn run(args: RunArgs) -> ExitCode {
    let config = match start::configuration(&args) {
        Ok(config) => config,
        Err(error) => return refuse(&troubles::of_config(&error)),
    };
    let grace = Duration::from_secs(config.channels.drain_seconds);
    // Listened for from here on, so that a stop during a slow start is a stop, and one right after it is in good order.
    let mut stop = pin!(app::stop_requested());
    // Nobody could press a button here: a locked keychain is waited for.
    let started = tokio::select! {
        started = Box::pin(App::start_when_unlocked(config, Face::Headless)) => started,
        () = &mut stop => return ExitCode::SUCCESS,
    };
    let app = match started {
        Ok(app) => app,
        Err(error) => return refuse(&troubles::of_start(&error)),
    };
    announce(&app);
    stop.await;
    tracing::info!("quitting");
    app.drain(grace).await;
    ExitCode::SUCCESS
}

fn refuse(problem: &Problem) -> ExitCode {
    tracing::error!(code = problem.code, "{}: {}", problem.title, problem.detail);
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal needs")]
fn announce(app: &App) {
    println!("WhatIsUp runs without a desktop. Open the dashboard in a browser:\n\n  {}\n", app.sign_in_link());
}
