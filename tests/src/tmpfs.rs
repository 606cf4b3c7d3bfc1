//! A file system of a few megabytes, to be filled.

use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Mounted while it lives. Needs root, if only of a namespace: see [`crate::namespace`].
#[derive(Debug)]
pub struct Tmpfs {
    directory: TempDir,
}

impl Tmpfs {
    /// # Errors
    /// When it cannot be mounted here.
    pub fn mount(megabytes: u32) -> Result<Self> {
        let directory = tempfile::tempdir()?;
        let size = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(directory.path()).output()?;
        if !done.status.success() {
            bail!("cannot mount a tmpfs (this test needs root): {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(Tmpfs { directory })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Forbids writing, or allows it again. Nobody may have a file open to write.
    ///
    /// # Errors
    /// When it cannot be mounted anew.
    pub fn read_only(&self, forbidden: bool) -> Result<()> {
        let how = if forbidden { "remount,ro" } else { "remount,rw" };
        let done = Command::new("mount").args(["-o", how]).arg(self.path()).output()?;
        if !done.status.success() {
            bail!("mount -o {how}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Writes until nothing fits any more.
    ///
    /// # Errors
    /// When the ballast cannot be made at all.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.ballast()).context("make the ballast")?;
        // Whole blocks, then single bytes, so that not even a small write fits.
        for size in [65_536, 4096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).and_then(|()| file.flush()).is_ok() {}
        }
        Ok(())
    }

    /// Makes room again.
    ///
    /// # Errors
    /// When the ballast cannot be removed.
    pub fn relieve(&self) -> Result<()> {
        fs::remove_file(self.ballast()).context("remove the ballast")
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        // What cannot be unmounted goes with the machine.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}
