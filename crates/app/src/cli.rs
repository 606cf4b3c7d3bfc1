//! The commands of `whatisupd`, one file each.

mod alive;
mod apps;
mod asks;
mod audit;
mod backup;
mod channels;
mod client;
mod doctor;
mod export;
mod import;
mod key;
mod migrate_store;
mod open;
mod pair;
mod passphrase;
mod restore;
mod run;
mod terminal;
mod vault;

use app::RunArgs;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Keeps WhatsApp sessions alive and lends them to the other programs on this machine.
#[derive(Debug, Parser)]
#[command(name = "whatisupd", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Keep the sessions alive and serve the API until told to stop.
    Run(RunArgs),
    /// Print the admin key of the API.
    Key(RunArgs),
    /// What every channel is doing.
    Channels(channels::Args),
    /// Make a channel (or take one that is not paired) and show its QR here.
    Pair(pair::Args),
    /// Stop a channel and write its session into one file, sealed with a passphrase, for another machine.
    Export(export::Args),
    /// Make a channel of a file that `export` has written. It goes on without a QR.
    Import(import::Args),
    /// Move sessions and database to other stores, compared before the old ones are left. Nothing may run meanwhile.
    MigrateStore(migrate_store::Args),
    /// Print a one-use link that signs a browser in to the dashboard.
    Open(RunArgs),
    /// Succeeds when the program runs here and answers, and says nothing: the health check of a container.
    Alive(RunArgs),
    /// The keys: make a master key, see how they stand, change them.
    Vault(vault::Args),
    /// The programs that may use the API: who asks, who has been let in, and with what.
    Apps(apps::Args),
    /// Messages of programs that wait for a person's word.
    Asks(asks::Args),
    /// Who did what with access and through the API: show it, check that nothing was changed in it, write it to a file.
    Audit(audit::Args),
    /// Check keychain, port, disk, clock and network, and say what to do.
    Doctor(RunArgs),
    /// Write everything but the keys into one file, while it runs.
    Backup(backup::Args),
    /// Make the data directory what a backup holds. Refused while the program runs there.
    Restore(restore::Args),
}

/// The time of this machine.
fn now() -> domain::Timestamp {
    engine::Clock::system().now()
}

impl Cli {
    pub async fn perform(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Run(args) => Box::pin(run::perform(args)).await,
            Command::Key(args) => key::perform(args).await,
            Command::Channels(args) => channels::perform(args).await,
            Command::Pair(args) => pair::perform(args).await,
            Command::Export(args) => export::perform(args).await,
            Command::Import(args) => import::perform(args).await,
            Command::MigrateStore(args) => Box::pin(migrate_store::perform(args)).await,
            Command::Open(args) => open::perform(args).await,
            Command::Alive(args) => alive::perform(args).await,
            Command::Vault(args) => vault::perform(args).await,
            Command::Apps(args) => apps::perform(args).await,
            Command::Asks(args) => asks::perform(args).await,
            Command::Audit(args) => audit::perform(args).await,
            Command::Doctor(args) => doctor::perform(args).await,
            Command::Backup(args) => backup::perform(args).await,
            Command::Restore(args) => restore::perform(args).await,
        }
    }
}
