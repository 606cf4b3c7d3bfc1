//! Checks what usually goes wrong, and says what to do. Changes nothing.

use anyhow::Result;
use app::{Config, Finding, RunArgs, Sources};
use std::process::ExitCode;

pub async fn perform(args: RunArgs) -> Result<ExitCode> {
    let config = match Config::load(&Sources::from_args(args)) {
        Ok(config) => config,
        Err(error) => {
            print(&Finding::bad("configuration", error.to_string()));
            return Ok(ExitCode::FAILURE);
        }
    };
    println!("Data directory: {}\n", config.data_dir.display());
    let findings = app::examine(&config).await;
    findings.iter().for_each(print);
    let bad = findings.iter().filter(|f| !f.good).count();
    println!();
    if bad == 0 {
        println!("All is well.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{bad} of {} checks need attention.", findings.len());
    Ok(ExitCode::FAILURE)
}

fn print(finding: &Finding) {
    println!("{}  {:<13}  {}", if finding.good { "ok   " } else { "CHECK" }, finding.what, finding.says);
}
