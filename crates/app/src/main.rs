//! `whatisupd`: the sessions and the API without a desktop, and the commands around them.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks on stdout and stderr")]

mod cli;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    app::shield();
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("whatisupd: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = match runtime.block_on(cli.perform()) {
        Ok(code) => code,
        Err(error) => {
            // A start error says all in its own words; others are told with their causes.
            match error.downcast_ref::<app::StartError>() {
                Some(start) => eprintln!("whatisupd: {}. {start}", start.title()),
                None => eprintln!("whatisupd: {error:#}"),
            }
            ExitCode::FAILURE
        }
    };
    app::leave(code)
}
