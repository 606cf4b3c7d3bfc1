use crate::{key_check, open};
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// At once.
const BLOCK: usize = 64 * 1024;

/// Destroys the ledger below `dir`: its files are written over, as far as the disk lets that be, and removed. For one whose
/// content lives elsewhere by now. Succeeds when there is none.
///
/// # Errors
/// When a file cannot be removed; it may be repeated.
pub fn scrap(dir: &Path) -> io::Result<()> {
    for file in open::files(dir) {
        match fs::metadata(&file) {
            Ok(about) => {
                overwrite(&file, about.len())?;
                fs::remove_file(&file)?;
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e),
        }
    }
    key_check::forget(dir)
}

fn overwrite(file: &Path, length: u64) -> io::Result<()> {
    let mut open = OpenOptions::new().write(true).open(file)?;
    let mut left = length;
    while left > 0 {
        let part = usize::try_from(left).unwrap_or(BLOCK).min(BLOCK);
        open.write_all(&[0; BLOCK][..part])?;
        left -= part as u64;
    }
    open.sync_all()
}
