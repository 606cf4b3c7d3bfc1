//! From disk to Redis, from SQLCipher to Postgres, and back.

use anyhow::Result;
use app::{Migrated, MigrationStep, Origin, RunArgs, Sources, Targets};
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where sessions are to be: "disk" or the address of a Redis; @FILE takes the address out of a file.
    #[arg(long, value_name = "WHERE")]
    sessions: Option<String>,
    /// Where the database is to be: "sqlite" or the address of a Postgres; @FILE takes the address out of a file.
    #[arg(long, value_name = "WHERE")]
    database: Option<String>,
    /// Destroy what is at the new place from another time.
    #[arg(long)]
    replace: bool,
    /// Destroy the old ones when everything was compared; afterwards, too, for those that are still there.
    #[arg(long)]
    shred: bool,
    #[command(flatten)]
    run: RunArgs,
}

pub async fn perform(args: Args) -> Result<ExitCode> {
    let targets = Targets { sessions: args.sessions, database: args.database, replace: args.replace };
    let mut shown = String::new();
    let tell = |step: MigrationStep<'_>| {
        let line = line(&step);
        if line != shown {
            eprintln!("{line}");
            shown = line;
        }
    };
    let shred = args.shred;
    let sources = Sources::from_args(args.run);
    let moved = Box::pin(app::migrate_store(&sources, &targets, tell, |moved| {
        report(moved);
        shred || wished()
    }))
    .await?;
    if !moved.to_set.is_empty() {
        report(&moved);
        println!("\nEverything is there. It is used from the next start on, when this is set:");
        for (origin, setting) in &moved.to_set {
            println!("  {}: {setting}", place(origin));
        }
        println!("Then the old ones can be destroyed with: whatisupd migrate-store --shred");
    } else if moved.shredded {
        println!("The old ones are destroyed.");
    } else {
        println!("The old ones are still there; destroy them with: whatisupd migrate-store --shred");
    }
    Ok(ExitCode::SUCCESS)
}

fn line(step: &MigrationStep<'_>) -> String {
    match step {
        MigrationStep::Session { done, of } => format!("sessions: {done} of {of} copied and compared"),
        MigrationStep::Ledger(progress) => format!("{}: {} of {} rows", progress.table, progress.copied, progress.total),
        MigrationStep::Old(what) => format!("destroyed: {what}"),
    }
}

/// What was compared, as a table.
fn report(moved: &Migrated) {
    for session in &moved.sessions {
        if session.records == 0 {
            println!("{:<32} {:>10}  never paired, left behind", session.channel.to_string(), 0);
        } else {
            println!("{:<32} {:>10}  {}  the same", session.channel.to_string(), session.records, short(&session.digest));
        }
    }
    for table in &moved.tables {
        println!("{:<32} {:>10}  {}  the same", table.table, table.rows, short(&table.hash));
    }
    for setting in &moved.switched {
        println!("{setting:<32} {:>10}  set for the next start", "");
    }
}

fn short(digest: &[u8; 32]) -> String {
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

fn place(origin: &Origin) -> String {
    match origin {
        Origin::Variable(name) => format!("the environment variable {name}"),
        Origin::File(path) => path.display().to_string(),
        Origin::Ours => "the same place".to_owned(),
    }
}

/// Asked of a person only.
fn wished() -> bool {
    if !std::io::stdin().is_terminal() {
        return false;
    }
    print!("Destroy the old ones now? Without them there is no way back to the time before. [y/N] ");
    let _ = std::io::stdout().flush();
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim().eq_ignore_ascii_case("y")
}
