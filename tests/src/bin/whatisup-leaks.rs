//! Looks for every secret and every message of a run of the tests in all that was seen of the programs meanwhile.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks on stdout and stderr")]

use acceptance::leaks::{Report, scan};
use std::path::PathBuf;
use std::process::ExitCode;

type Count = fn(&Report) -> usize;

/// What a whole run has at least; less means that it was not kept.
const AT_LEAST: [(&str, Count, usize); 7] = [
    ("secrets", |r| r.secrets, 100),
    ("texts", |r| r.texts, 30),
    ("printed logs", |r| r.logs, 50),
    ("answers", |r| r.answers, 500),
    ("events", |r| r.events, 500),
    ("files of data directories", |r| r.files, 200),
    ("files of servers", |r| r.stored, 100),
];

fn main() -> anyhow::Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(folder), None) = (arguments.next().map(PathBuf::from), arguments.next()) else {
        eprintln!("usage: whatisup-leaks FOLDER");
        return Ok(ExitCode::FAILURE);
    };
    let report = scan(&folder)?;
    let mut good = report.leaks.is_empty();
    for leak in &report.leaks {
        println!("LEAK  {} in {}: …{}…", leak.what, leak.place, leak.around);
    }
    for (what, count, least) in AT_LEAST {
        let count = count(&report);
        println!("{count:>7} {what}");
        if count < least {
            println!("That is too little: a whole run has {least} at least.");
            good = false;
        }
    }
    println!("{}", if good { "Nothing is where it must not be." } else { "Not good." });
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
