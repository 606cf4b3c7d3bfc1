//! What is kept for a bad day: logs and backups.

use super::Finding;
use crate::{Config, backup, log_file};
use domain::Timestamp;
use std::path::Path;
use std::time::Duration;

/// A backup that is older than this would bring back sessions from long ago.
const OLD: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) fn logs(config: &Config) -> Finding {
    let directory = config.data_dir.join(log_file::DIRECTORY);
    if !config.log.files {
        return Finding::good("logs", "Log files are turned off (log.files); the log goes to stderr alone.");
    }
    let most = config.log.file_mib * u64::from(config.log.keep_files);
    match std::fs::read_dir(&directory) {
        Ok(entries) => {
            let sizes = entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len()));
            let bytes: u64 = sizes.sum();
            let kib = bytes.div_ceil(1024);
            Finding::good("logs", format!("{kib} KiB in {}; at the most {most} MiB.", directory.display()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Finding::good("logs", format!("They will be in {}.", directory.display()))
        }
        Err(error) => Finding::bad(
            "logs",
            format!("{}: {error}. Nothing is logged into files until that is mended.", directory.display()),
        ),
    }
}

/// As far as a note tells; copies made by other means are not known here.
pub(super) fn backup(data_dir: &Path, now: Timestamp) -> Finding {
    const MAKE: &str = "make one with: whatisupd backup DIRECTORY";
    let Ok(note) = std::fs::read_to_string(data_dir.join(backup::LAST)) else {
        return Finding::good("backup", format!("None was made here; {MAKE}"));
    };
    let mut lines = note.lines();
    let (at, path) = (lines.next().and_then(Timestamp::parse), lines.next().unwrap_or_default());
    let Some(at) = at else { return Finding::good("backup", format!("No time of the last one is known; {MAKE}")) };
    let days = now.since(at).as_secs() / (24 * 3600);
    let age = match days {
        0 => "less than a day old".to_owned(),
        1 => "a day old".to_owned(),
        n => format!("{n} days old"),
    };
    if now.since(at) > OLD {
        return Finding::bad("backup", format!("The last one is {age}; {MAKE}"));
    }
    if !Path::new(path).exists() {
        return Finding::good("backup", format!("The last one is {age}; it is no longer at {path}."));
    }
    Finding::good("backup", format!("The last one is {age}: {path}"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_old_backup_is_told_and_a_missing_one_is_no_fault() {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_secs(1_790_000_000);
        assert!(backup(dir.path(), now).good);
        let file = dir.path().join("backup.tar");
        std::fs::write(&file, "").unwrap();
        let note =
            |at: Timestamp| std::fs::write(dir.path().join(backup::LAST), format!("{at}\n{}\n", file.display())).unwrap();
        note(now);
        let fresh = backup(dir.path(), now);
        assert!(fresh.good && fresh.says.contains("less than a day old") && fresh.says.contains("backup.tar"), "{fresh:?}");
        note(Timestamp::from_secs(1_790_000_000 - 9 * 24 * 3600));
        let old = backup(dir.path(), now);
        assert!(!old.good && old.says.contains("9 days old") && old.says.contains("whatisupd backup"), "{old:?}");
    }
}
