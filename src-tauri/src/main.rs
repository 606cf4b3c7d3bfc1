//! The desktop application: a tray icon and windows around a running App. Without a display it is the headless program.

#![cfg_attr(all(windows, not(debug_assertions)), windows_subsystem = "windows")]

mod cli;
mod coalescer;
mod commands;
mod desk;
mod desktop;
#[cfg(test)]
mod example;
mod follow;
mod glance;
mod headless;
mod icon;
mod identity;
mod leaving;
#[cfg(target_os = "linux")]
mod logout;
mod menu;
mod notice;
mod outside;
#[cfg(target_os = "linux")]
mod panel;
mod quit;
mod route;
mod run;
mod shell;
mod stage;
mod start;
mod toast;
mod tray;
mod troubles;
mod windows;
mod words;

use clap::Parser;
use cli::Cli;
use std::process::ExitCode;

fn main() -> ExitCode {
    app::shield();
    let cli = Cli::parse();
    let config = start::configuration(&cli.run);
    app::init_logging(config.as_ref().ok());
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().thread_name("whatisup").build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "this system gives no threads to run on");
            return ExitCode::FAILURE;
        }
    };
    let desktop = if desktop::has_display() {
        run::with_tray(&runtime, cli.clone(), config.as_ref().ok().map(|config| config.data_dir.as_path()))
    } else {
        Err(run::NoDesktop::unnamed())
    };
    let code = desktop.unwrap_or_else(|error| {
        tracing::warn!(%error, "no desktop: running without tray and windows");
        runtime.block_on(headless::run(cli.run))
    });
    // Without waiting for the runtime's threads: a keychain prompt that nobody answers holds one.
    app::leave(code)
}
