//! What the system says of a process.

use anyhow::{Context, Result};
use std::fs;

/// Proportional set size of a process and all its descendants, in MiB.
///
/// # Errors
/// When the process is gone, or the system has no `smaps_rollup`.
pub fn pss_mib(pid: u32) -> Result<f64> {
    let mut total = pss_kib(pid)?;
    for child in children(pid) {
        // A child may end in between.
        total += pss_kib(child).unwrap_or(0);
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    Ok(total as f64 / 1024.0)
}

fn pss_kib(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).context("read smaps_rollup")?;
    let line = text.lines().find_map(|l| l.strip_prefix("Pss:")).context("smaps_rollup has a Pss line")?;
    line.trim().trim_end_matches("kB").trim().parse().context("Pss is a number of kB")
}

fn children(pid: u32) -> Vec<u32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(other) = entry.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(format!("/proc/{other}/stat")) else { continue };
        // The name may hold spaces and brackets; what follows its last bracket is: state, parent, …
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(1)).and_then(|p| p.parse::<u32>().ok());
        if parent == Some(pid) {
            found.push(other);
            found.extend(children(other));
        }
    }
    found
}

/// The machine, for the head of the report.
pub fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|l| l.strip_prefix("model name")).map_or("unknown CPU", |l| l.trim_start_matches([' ', '\t', ':']));
    let cores = cpu.lines().filter(|l| l.starts_with("processor")).count();
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = memory.lines().find_map(|l| l.strip_prefix("MemTotal:")).and_then(|l| l.trim().trim_end_matches("kB").trim().parse().ok()).unwrap_or(0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{model}, {cores} cores, {} GiB, Linux {}", kib / 1024 / 1024, kernel.trim())
}
