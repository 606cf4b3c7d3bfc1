//! Without a display: the same App, no tray and no windows. The dashboard is then a page in somebody's browser.

use crate::stage::Problem;
use crate::{start, troubles};
use app::{Face, RunArgs};
use std::process::ExitCode;

pub async fn run(args: RunArgs) -> ExitCode {
    let config = match start::configuration(&args) {
        Ok(config) => config,
        Err(error) => return refuse(&troubles::of_config(&error)),
    };
    let app = match app::build(config, Face::Headless).await {
        Ok(app) => app,
        Err(error) => return refuse(&troubles::of_start(&error)),
    };
    announce(&app);
    app::until_asked_to_stop().await;
    tracing::info!("quitting");
    app.drain().await;
    ExitCode::SUCCESS
}

fn refuse(problem: &Problem) -> ExitCode {
    tracing::error!(code = problem.code, "{}: {}", problem.title, problem.detail);
    ExitCode::FAILURE
}

#[expect(clippy::print_stdout, reason = "this is what the person at the terminal needs")]
fn announce(app: &app::App) {
    println!("WhatIsUp runs without a desktop. Open the dashboard in a browser:\n\n  {}\n", app.sign_in_link());
}
