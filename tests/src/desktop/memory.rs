//! How much memory a process and those it started hold, shared pages divided among their users.

use anyhow::{Context, Result};

/// Pss of the process and of all its descendants, in MiB. WebKit draws in processes of its own.
///
/// # Errors
/// When the process is gone.
pub fn pss_mib(pid: u32) -> Result<f64> {
    let mut total = pss_kib(pid).context("the process is gone")?;
    for child in descendants(pid) {
        total += pss_kib(child).unwrap_or(0);
    }
    #[expect(clippy::cast_precision_loss, reason = "memory in KiB is far below 2^52")]
    Ok(total as f64 / 1024.0)
}

fn pss_kib(pid: u32) -> Option<u64> {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    rollup.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok())
}

/// The processes that this one started, and theirs.
pub fn descendants(pid: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children: Vec<u32> = tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect();
    children.iter().copied().chain(children.iter().flat_map(|&child| descendants(child))).collect()
}
