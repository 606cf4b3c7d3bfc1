//! Which files are trusted as programs: whoever can write one could let anything in by it.

use std::path::{Path, PathBuf};

/// Why a program is not let in by its file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    #[error("{path} cannot be looked at")]
    Unreadable { path: PathBuf },
    #[error("{path} is no plain file")]
    NoFile { path: PathBuf },
    /// Of neither this user nor root.
    #[error("{path} belongs to another user")]
    OtherOwner { path: PathBuf },
    /// By its group or by everybody.
    #[error("{path} can be written by other users")]
    WritableByOthers { path: PathBuf },
    #[error("programs are not told apart on this system")]
    Unsupported,
}

/// What the system says of a file or directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub owner: u32,
    pub mode: u32,
    pub is_dir: bool,
}

const WRITABLE: u32 = 0o022;
/// In such a directory everybody may make files, and nobody may replace another's.
const STICKY: u32 = 0o1000;

/// Whether nobody but `user` and root can change what is at `path`, which is the file's own path, without links: neither the file nor
/// a directory on the way to it.
pub(crate) fn judge(path: &Path, user: u32, look: impl Fn(&Path) -> Option<Standing>) -> Result<(), Distrust> {
    for (n, place) in path.ancestors().enumerate() {
        let path = || place.to_owned();
        let standing = look(place).ok_or_else(|| Distrust::Unreadable { path: path() })?;
        if (n == 0) == standing.is_dir {
            return Err(Distrust::NoFile { path: path() });
        }
        if standing.owner != user && standing.owner != 0 {
            return Err(Distrust::OtherOwner { path: path() });
        }
        let replaceable = standing.mode & WRITABLE != 0 && !(standing.is_dir && standing.mode & STICKY != 0);
        if replaceable {
            return Err(Distrust::WritableByOthers { path: path() });
        }
    }
    Ok(())
}

/// Whether the program in this file can be trusted to be what it was when a person let it in.
#[cfg(unix)]
pub(crate) fn trusted(path: &Path) -> Result<(), Distrust> {
    use rustix::fs::{AtFlags, CWD, FileType, statat};
    let look = |place: &Path| {
        // Links are not followed: the path is the true one, and a link on it was put there later.
        let stat = statat(CWD, place, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        match FileType::from_raw_mode(stat.st_mode) {
            kind @ (FileType::Directory | FileType::RegularFile) => {
                Some(Standing { owner: stat.st_uid, mode: stat.st_mode, is_dir: kind == FileType::Directory })
            }
            FileType::Symlink
            | FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => None,
        }
    };
    judge(path, our_user().ok_or(Distrust::Unsupported)?, look)
}

#[cfg(not(unix))]
pub(crate) fn trusted(_: &Path) -> Result<(), Distrust> {
    Err(Distrust::Unsupported)
}

/// The user that this process runs as.
pub(crate) fn our_user() -> Option<u32> {
    #[cfg(unix)]
    return Some(rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    return None;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The file `/home/ada/bin/till` with these modes, from the file up to the root.
    fn told(modes: [(u32, u32); 5]) -> Result<(), Distrust> {
        let path = Path::new("/home/ada/bin/till");
        judge(path, 1000, |place| {
            let n = path.ancestors().position(|ancestor| ancestor == place)?;
            let (owner, mode) = modes[n];
            Some(Standing { owner, mode, is_dir: n > 0 })
        })
    }

    const GOOD: [(u32, u32); 5] = [(1000, 0o755), (1000, 0o755), (1000, 0o700), (0, 0o755), (0, 0o755)];

    #[test]
    fn a_program_that_only_its_user_and_root_can_write_is_trusted() {
        assert_eq!(told(GOOD), Ok(()));
        let mut of_root = GOOD;
        of_root[0] = (0, 0o755);
        assert_eq!(told(of_root), Ok(()));
    }

    #[test]
    fn what_others_can_write_is_not_wherever_on_the_way() {
        for n in 0..5 {
            for mode in [0o775, 0o757, 0o777] {
                let mut modes = GOOD;
                modes[n].1 = mode;
                assert!(matches!(told(modes), Err(Distrust::WritableByOthers { .. })), "{n} {mode:o}");
            }
            let mut modes = GOOD;
            modes[n].0 = 1001;
            assert!(matches!(told(modes), Err(Distrust::OtherOwner { .. })), "{n}");
        }
    }

    #[test]
    fn a_directory_for_everybody_in_which_nobody_replaces_anothers_files_will_do() {
        let mut modes = GOOD;
        modes[3] = (0, 0o1777);
        assert_eq!(told(modes), Ok(()));
        modes[0] = (1000, 0o1777);
        assert!(told(modes).is_err(), "that is for directories only");
    }

    #[test]
    fn a_path_that_leads_nowhere_is_not_trusted() {
        assert!(matches!(judge(Path::new("/x"), 0, |_| None), Err(Distrust::Unreadable { .. })));
        let dir = |_: &Path| Some(Standing { owner: 0, mode: 0o755, is_dir: true });
        assert!(matches!(judge(Path::new("/x"), 0, dir), Err(Distrust::NoFile { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn real_files_are_looked_at() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        let (file, link) = (dir.join("till"), dir.join("link"));
        std::fs::write(&file, "").unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(&dir, 0o700);
        mode(&file, 0o755);
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(trusted(&file), Ok(()));
        assert!(trusted(&link).is_err() && trusted(&dir).is_err() && trusted(&dir.join("gone")).is_err());
        mode(&file, 0o775);
        assert_eq!(trusted(&file), Err(Distrust::WritableByOthers { path: file.clone() }));
        mode(&file, 0o755);
        mode(&dir, 0o777);
        assert_eq!(trusted(&file), Err(Distrust::WritableByOthers { path: dir }));
    }
}
