//! Files and directories for their owner only.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
#[cfg(unix)]
use std::path::PathBuf;

/// Writes a file that nobody else can read.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// Makes the directory, 0700, with what is in it for its owner alone; what others could enter, read or write is mended with a
/// warning.
pub(crate) fn directory(path: &Path) -> io::Result<()> {
    let mut maker = fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(path)?;
    #[cfg(unix)]
    mend(path)?;
    Ok(())
}

/// The outer directory first: once nobody else can enter it, nobody can change what is in it meanwhile.
#[cfg(unix)]
fn mend(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & OTHERS != 0 {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & !OTHERS))?;
        tracing::warn!(
            path = %path.display(),
            mode = format!("{:03o}", mode & 0o777),
            "others could enter the data directory; that is mended"
        );
    }
    let open = open_to_others(path);
    let (mut mended, mut left) = (0, None);
    for Open { path, mode } in &open {
        match fs::set_permissions(path, fs::Permissions::from_mode(mode & !OTHERS)) {
            Ok(()) => mended += 1,
            Err(error) => left = Some((path, error)),
        }
    }
    if let (Some(first), true) = (open.first(), mended > 0) {
        tracing::warn!(
            count = mended,
            first = %first.path.display(),
            mode = format!("{:03o}", first.mode & 0o777),
            "files or directories in the data directory were open to others; that is mended. If others could enter the \
             directory as well, rotate the keys: whatisupd vault rotate"
        );
    }
    if let Some((path, error)) = left {
        tracing::warn!(path = %path.display(), %error, "this is open to others in the data directory, and could not be mended");
    }
    Ok(())
}

/// All that is for others.
#[cfg(unix)]
pub(crate) const OTHERS: u32 = 0o077;

/// Something in the data directory that others may read, write or enter.
#[cfg(unix)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub path: PathBuf,
    pub mode: u32,
}

/// What others may read, write or enter below a directory, itself left out. Links are neither followed nor counted: they have
/// no mode of their own, and where they lead is not ours. Of the window's cache only its own directory is looked at: a browser
/// engine keeps what is in it as it likes.
#[cfg(unix)]
pub(crate) fn open_to_others(directory: &Path) -> Vec<Open> {
    use std::os::unix::fs::PermissionsExt;
    let (mut open, mut todo) = (Vec::new(), vec![directory.to_owned()]);
    while let Some(directory) = todo.pop() {
        // What goes away while we look, or cannot be read by us, is no finding.
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            // Of the link itself, where it is one.
            let Ok(about) = entry.metadata() else { continue };
            let mode = about.permissions().mode();
            if about.is_dir() && entry.file_name() != "webview" {
                todo.push(entry.path());
            }
            if (about.is_dir() || about.is_file()) && mode & OTHERS != 0 {
                open.push(Open { path: entry.path(), mode });
            }
        }
    }
    open.sort_by(|a, b| a.path.cmp(&b.path));
    open
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_open_to_others_is_closed_however_deep() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        directory(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        let inner = data.join("sessions/ch_1");
        fs::create_dir_all(&inner).unwrap();
        let (file, tool) = (inner.join("auth.db"), data.join("tool"));
        fs::write(&file, "").unwrap();
        fs::write(&tool, "").unwrap();
        for (path, to) in [(&data, 0o755), (&inner, 0o777), (&file, 0o644), (&tool, 0o750)] {
            set(path, to);
        }
        directory(&data).unwrap();
        let modes = [&data, &inner, &file, &tool].map(|path| mode(path));
        assert_eq!(modes, [0o700, 0o700, 0o600, 0o700]);
        assert!(open_to_others(&data).is_empty());
    }

    #[test]
    fn a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (data, elsewhere) = (dir.path().join("data"), dir.path().join("elsewhere"));
        directory(&data).unwrap();
        fs::create_dir(&elsewhere).unwrap();
        let theirs = elsewhere.join("theirs");
        fs::write(&theirs, "").unwrap();
        set(&theirs, 0o644);
        set(&elsewhere, 0o755);
        symlink(&elsewhere, data.join("sessions")).unwrap();
        symlink(&theirs, data.join("file")).unwrap();
        directory(&data).unwrap();
        assert_eq!((mode(&elsewhere), mode(&theirs)), (0o755, 0o644));
    }
}
