//! The log in the data directory: one file that grows, and a few older ones behind it.
//!
//! Not a crate: those that bound the size either panic inside a log call when somebody removes a file, or make files that
//! others may read for a moment; `tracing-appender` knows no size (docs/decisions/004-our-own-log-files.md).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The directory below the data directory.
pub(crate) const DIRECTORY: &str = "logs";
const NAME: &str = "whatisup.log";

/// Every write is one whole line, appended; the file is set aside once it has grown past its limit.
#[derive(Debug)]
pub(crate) struct LogFile {
    directory: PathBuf,
    limit: u64,
    keep: u32,
    /// `None` when it could not be opened anew; the next line tries again.
    open: Option<(File, u64)>,
}

impl LogFile {
    /// Goes on with the file that is there. The directories are made 0700, the files 0600.
    pub fn open(data_dir: &Path, limit: u64, keep: u32) -> io::Result<Self> {
        let directory = data_dir.join(DIRECTORY);
        let mut maker = DirBuilder::new();
        maker.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
        maker.create(&directory)?;
        let mut log = LogFile { directory, limit, keep: keep.max(1), open: None };
        log.restrict()?;
        log.reopen()?;
        // A smaller number than at the last start.
        for surplus in (log.keep..).map(|n| log.path(n)).take_while(|path| path.exists()) {
            fs::remove_file(surplus)?;
        }
        Ok(log)
    }

    /// The present file, or the one set aside `n` times.
    fn path(&self, n: u32) -> PathBuf {
        match n {
            0 => self.directory.join(NAME),
            n => self.directory.join(format!("{NAME}.{n}")),
        }
    }

    fn reopen(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(self.path(0))?;
        let size = file.metadata()?.len();
        self.open = Some((file, size));
        Ok(())
    }

    /// Takes from others what a restored copy or an umask may have given them.
    fn restrict(&self) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o700))?;
            for path in (0..self.keep).map(|n| self.path(n)).filter(|path| path.exists()) {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
            }
        }
        Ok(())
    }

    /// Everything moves one place back; what falls off the end is deleted.
    fn set_aside(&mut self) {
        self.open = None;
        let last = self.keep - 1;
        let _ = fs::remove_file(self.path(last));
        for n in (0..last).rev() {
            // A missing one leaves a gap, which closes with the next.
            let _ = fs::rename(self.path(n), self.path(n + 1));
        }
    }
}

impl Write for LogFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.open.as_ref().is_some_and(|(_, size)| *size > 0 && size + line.len() as u64 > self.limit) {
            self.set_aside();
        }
        if self.open.is_none() {
            self.reopen()?;
        }
        let Some((file, size)) = &mut self.open else { return Err(io::Error::other("just opened")) };
        file.write_all(line)?;
        *size += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Nothing is buffered here.
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(dir: &Path, name: &str) -> String {
        fs::read_to_string(dir.join("logs").join(name)).unwrap_or_else(|_| "nothing".into())
    }

    #[test]
    fn lines_stay_whole_and_the_number_of_files_is_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(dir.path(), 10, 3).unwrap();
        for line in ["first\n", "second\n", "third\n", "a line that is longer than a file\n", "fifth\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(read(dir.path(), NAME), "fifth\n");
        assert_eq!(read(dir.path(), "whatisup.log.1"), "a line that is longer than a file\n");
        assert_eq!(read(dir.path(), "whatisup.log.2"), "third\n");
        assert_eq!(fs::read_dir(dir.path().join("logs")).unwrap().count(), 3);
        // The next start goes on where this one stopped, and with fewer files when so told.
        drop(log);
        LogFile::open(dir.path(), 100, 2).unwrap().write_all(b"sixth\n").unwrap();
        assert_eq!(read(dir.path(), NAME), "fifth\nsixth\n");
        assert_eq!(read(dir.path(), "whatisup.log.2"), "nothing");
    }

    #[test]
    fn one_file_alone_begins_again() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(dir.path(), 10, 1).unwrap();
        log.write_all(b"12345678\n").unwrap();
        log.write_all(b"next\n").unwrap();
        assert_eq!(read(dir.path(), NAME), "next\n");
    }

    #[test]
    fn logging_goes_on_when_somebody_has_removed_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = LogFile::open(dir.path(), 10, 3).unwrap();
        log.write_all(b"12345678\n").unwrap();
        fs::remove_dir_all(dir.path().join("logs")).unwrap();
        assert!(log.write_all(b"lost, and no panic\n").is_err());
        fs::create_dir(dir.path().join("logs")).unwrap();
        log.write_all(b"kept\n").unwrap();
        assert_eq!(read(dir.path(), NAME), "kept\n");
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        drop(LogFile::open(dir.path(), 10, 3).unwrap());
        assert_eq!((mode("logs"), mode("logs/whatisup.log")), (0o700, 0o600));
        fs::set_permissions(dir.path().join("logs/whatisup.log"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(dir.path().join("logs"), fs::Permissions::from_mode(0o755)).unwrap();
        drop(LogFile::open(dir.path(), 10, 3).unwrap());
        assert_eq!((mode("logs"), mode("logs/whatisup.log")), (0o700, 0o600), "an earlier mistake is mended");
    }
}
