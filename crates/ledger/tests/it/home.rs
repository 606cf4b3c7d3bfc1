//! Where a ledger of these tests lives: a directory of its own. The tests of the other engine have a file of this name too.

use crate::ground::KEY;
use ledger::{Ledger, OpenOptions};
use std::path::Path;

/// Of tests that try many ways.
pub const CASES: u32 = 12;

pub struct Home {
    dir: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Home {
        Home { dir: tempfile::tempdir().unwrap() }
    }

    /// What [`open`] takes.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

pub async fn open(home: &Path) -> Ledger {
    Ledger::open(home, &KEY, OpenOptions::default()).await.unwrap()
}
