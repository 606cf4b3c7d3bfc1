//! Where a ledger of these tests lives: a directory of its own. The tests of the other engine have a file of this name too.

use ledger::{Ledger, OpenOptions};

/// Of tests that try many ways.
pub const CASES: u32 = 12;

pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    pub async fn open(&self) -> Ledger {
        Ledger::open(self.0.path(), &[7; 32], OpenOptions::default()).await.unwrap()
    }
}
