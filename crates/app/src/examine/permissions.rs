//! Who can read what is in the data directory, and what else holds secrets on disk.

use super::Finding;
use crate::Config;
use std::path::Path;

#[cfg(unix)]
pub(super) fn permissions(data_dir: &Path) -> Finding {
    use crate::private::{self, OTHERS};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let Ok(about) = std::fs::metadata(data_dir) else {
        return Finding::good("permissions", "The data directory will be made for you alone.");
    };
    // The superuser looks at others' directories as well.
    let me = rustix::process::geteuid().as_raw();
    if me != 0 && about.uid() != me {
        return Finding::bad(
            "permissions",
            format!("{} belongs to another user, who can read and change all of it. Choose another.", data_dir.display()),
        );
    }
    if about.permissions().mode() & OTHERS != 0 {
        return Finding::bad(
            "permissions",
            format!("Others can enter {}. The next start mends it, or: chmod 700 {0}", data_dir.display()),
        );
    }
    let open = private::open_to_others(data_dir);
    match open.as_slice() {
        [] => Finding::good("permissions", "Only you can enter the data directory, and read what is in it."),
        [first, ..] => Finding::bad(
            "permissions",
            format!(
                "{} of the files are readable for others, such as {}. The directory protects them; the next start mends it, or: \
                 chmod -R go= {}",
                open.len(),
                first.path.display(),
                data_dir.display()
            ),
        ),
    }
}

#[cfg(not(unix))]
pub(super) fn permissions(_: &Path) -> Finding {
    Finding::good("permissions", "The data directory is protected as your user profile is.")
}

/// Files with secrets outside of the data directory. They are the person's own: nobody mends them.
#[cfg(unix)]
pub(crate) fn secret_files(config: &Config) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let outside: Vec<_> = config.secret_files().into_iter().filter(|path| !path.starts_with(&config.data_dir)).collect();
    if outside.is_empty() {
        return None;
    }
    let open = outside.iter().find_map(|path| {
        // One that cannot be read is told by what needs it. A group may be meant: that of the service.
        let mode = std::fs::metadata(path).ok()?.permissions().mode();
        (mode & 0o007 != 0 && !is_handed_over(path)).then_some((path, mode & 0o777))
    });
    Some(match open {
        None => Finding::good("secret files", "Not everybody can read the files with passwords that you named."),
        Some((path, mode)) => Finding::bad(
            "secret files",
            format!("{} holds a secret and is open to all (mode {mode:03o}). Mend it with: chmod 600 {0}", path.display()),
        ),
    })
}

/// Container engines mount secrets read-only, with modes that say nothing.
#[cfg(unix)]
fn is_handed_over(path: &Path) -> bool {
    rustix::fs::statvfs(path).is_ok_and(|about| about.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

#[cfg(not(unix))]
pub(crate) fn secret_files(_: &Config) -> Option<Finding> {
    None
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_file_that_others_can_read_is_found_however_deep() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("sessions/ch_1");
        fs::create_dir_all(&inner).unwrap();
        set(&dir.path().join("sessions"), 0o700);
        set(&inner, 0o700);
        let file = inner.join("auth.db");
        fs::write(&file, "").unwrap();
        set(dir.path(), 0o700);
        set(&file, 0o600);
        assert!(permissions(dir.path()).good);
        set(&file, 0o640);
        let found = permissions(dir.path());
        assert!(!found.good && found.says.contains("auth.db") && found.says.contains("chmod"), "{found:?}");
        set(dir.path(), 0o755);
        assert!(permissions(dir.path()).says.contains("Others can enter"));
    }

    #[test]
    fn a_file_of_settings_with_a_password_is_told_when_others_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        fs::write(&file, "sessions = \"redis://:hunter2@127.0.0.1:6379\"\n").unwrap();
        let args =
            crate::RunArgs { config: Some(file.clone()), data_dir: Some(dir.path().join("data")), ..crate::RunArgs::default() };
        let config = Config::load(&crate::Sources { args, ..crate::Sources::default() }).unwrap();
        set(&file, 0o644);
        let found = secret_files(&config).unwrap();
        assert!(!found.good && found.says.contains("config.toml") && found.says.contains("644"), "{found:?}");
        assert!(!found.says.contains("hunter2"));
        set(&file, 0o600);
        assert!(secret_files(&config).unwrap().good);
    }
}
