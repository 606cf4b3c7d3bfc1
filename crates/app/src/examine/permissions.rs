//! Who can read what is in the data directory.

use super::Finding;
use std::path::Path;

#[cfg(unix)]
pub(super) fn permissions(data_dir: &Path) -> Finding {
    use std::os::unix::fs::PermissionsExt;
    let Ok(about) = std::fs::metadata(data_dir) else {
        return Finding::good("permissions", "The data directory will be made for you alone.");
    };
    if about.permissions().mode() & 0o077 != 0 {
        return Finding::bad(
            "permissions",
            format!("Others can enter {}. The next start mends it, or: chmod 700 {0}", data_dir.display()),
        );
    }
    let open = open_to_others(data_dir);
    match open.as_slice() {
        [] => Finding::good("permissions", "Only you can enter the data directory, and read what is in it."),
        [first, ..] => Finding::bad(
            "permissions",
            format!(
                "{} of the files are readable for others, such as {}. The directory protects them; mend it with: chmod -R go= {}",
                open.len(),
                first.display(),
                data_dir.display()
            ),
        ),
    }
}

/// Files that others may read or write. The window's own cache is not looked at: a browser engine keeps it as it likes.
#[cfg(unix)]
fn open_to_others(data_dir: &Path) -> Vec<std::path::PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let (mut open, mut todo) = (Vec::new(), vec![data_dir.to_owned()]);
    while let Some(directory) = todo.pop() {
        // What goes away while we look, or cannot be read by us, is no finding.
        for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
            let Ok(about) = entry.metadata() else { continue };
            if about.is_dir() && entry.file_name() != "webview" {
                todo.push(entry.path());
            } else if about.is_file() && about.permissions().mode() & 0o077 != 0 {
                open.push(entry.path());
            }
        }
    }
    open.sort();
    open
}

#[cfg(not(unix))]
pub(super) fn permissions(_: &Path) -> Finding {
    Finding::good("permissions", "The data directory is protected as your user profile is.")
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_others_can_read_is_found_however_deep() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("sessions/ch_1");
        fs::create_dir_all(&inner).unwrap();
        let file = inner.join("auth.db");
        fs::write(&file, "").unwrap();
        let mode = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        mode(dir.path(), 0o700);
        mode(&file, 0o600);
        assert!(permissions(dir.path()).good);
        mode(&file, 0o640);
        let found = permissions(dir.path());
        assert!(!found.good && found.says.contains("auth.db") && found.says.contains("chmod"), "{found:?}");
        mode(dir.path(), 0o755);
        assert!(permissions(dir.path()).says.contains("Others can enter"));
    }
}
