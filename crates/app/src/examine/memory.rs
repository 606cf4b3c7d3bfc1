//! Whether what is in the memory of the running process is kept from others.

use super::Finding;
#[cfg(target_os = "linux")]
use crate::Running;
use crate::environment;
use std::path::Path;

pub(super) fn environment() -> Finding {
    match environment::shown().as_slice() {
        [] => Finding::good("environment", "No secret is in the environment of this process."),
        [first, ..] => Finding::bad(
            "environment",
            format!(
                "{first} holds a secret and could not be taken out of the environment. Give it in a file instead \
                 (vault.master_key_file, redis.password_file, postgres.password_file)."
            ),
        ),
    }
}

/// What holds for the running process; without one, for this command, which is started the same way.
#[cfg(target_os = "linux")]
pub(super) fn memory(data_dir: &Path) -> Finding {
    let running = Running::find(data_dir).filter(|running| running.lives() == Some(true)).map(|running| running.pid);
    let pid = running.unwrap_or_else(std::process::id);
    let whose = if running.is_some() { "the running process" } else { "this program" };
    let mut open = Vec::new();
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).unwrap_or_default();
    if core_size(&limits).is_some_and(|size| size != "0") {
        open.push("a crash may leave an image of the memory behind (core dump)");
    }
    // The files of a process that nobody may look into belong to the superuser, whoever runs it.
    if is_shown(pid) == Some(true) {
        open.push("other programs of yours can look into the memory");
    }
    match open.as_slice() {
        [] => Finding::good(
            "memory",
            format!("Of {whose} a crash leaves nothing behind, and other programs cannot look into it."),
        ),
        open => Finding::bad("memory", format!("Of {whose}: {}. Restart it with this version.", open.join(", and "))),
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn memory(_: &Path) -> Finding {
    Finding::good("memory", "This system is not asked who may look into the memory of programs.")
}

/// The soft limit of core dumps, as the kernel writes it.
#[cfg(target_os = "linux")]
fn core_size(limits: &str) -> Option<&str> {
    limits.lines().find_map(|line| line.strip_prefix("Max core file size")?.split_whitespace().next())
}

/// `None` when that cannot be told apart: for the superuser both look alike.
#[cfg(target_os = "linux")]
fn is_shown(pid: u32) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let directory = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    let inside = std::fs::metadata(format!("/proc/{pid}/environ")).ok()?;
    let me = rustix::process::geteuid().as_raw();
    (me != 0).then(|| directory.uid() == me && inside.uid() == me)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_limit_of_core_dumps_is_read() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max stack size            8388608              unlimited            bytes     \n\
                      Max core file size        0                    unlimited            bytes     \n";
        assert_eq!(core_size(limits), Some("0"));
        assert_eq!(
            core_size(&limits.replace("0                    unlimited", "unlimited            unlimited")),
            Some("unlimited")
        );
        assert_eq!(core_size(""), None);
    }
}
