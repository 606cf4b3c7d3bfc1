//! Where a ledger of these tests lives: a database of its own, whose address stands in a file.

use crate::ground::KEY;
use ledger::{Ledger, Postgres, PostgresConfig};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Of tests that try many ways.
pub const CASES: u32 = 4;

pub struct Home {
    dir: tempfile::TempDir,
    server: Arc<servers::Postgres>,
    url: String,
}

/// One server for the tests of a process that run at once.
static SERVER: Mutex<Weak<servers::Postgres>> = Mutex::new(Weak::new());

impl Home {
    pub fn new() -> Home {
        let mut known = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        let server = known.upgrade().unwrap_or_else(|| {
            let server = Arc::new(servers::Postgres::start());
            *known = Arc::downgrade(&server);
            server
        });
        drop(known);
        Home::at(server)
    }

    /// On a server that the test does things to.
    pub fn of_its_own(server: servers::Postgres) -> Home {
        Home::at(Arc::new(server))
    }

    fn at(server: Arc<servers::Postgres>) -> Home {
        let dir = tempfile::tempdir().unwrap();
        let url = server.database();
        fs::write(address(dir.path()), &url).unwrap();
        Home { dir, server, url }
    }

    /// What [`open`] takes.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn server(&self) -> &servers::Postgres {
        &self.server
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn psql(&self, sql: &str) -> String {
        self.server.psql_at(&self.url, sql)
    }
}

fn address(home: &Path) -> PathBuf {
    home.join("address")
}

pub async fn connect(url: &str) -> Postgres {
    Postgres::connect(PostgresConfig::new(url.to_owned())).await.unwrap()
}

pub async fn open(home: &Path) -> Ledger {
    let url = fs::read_to_string(address(home)).unwrap();
    Ledger::on(connect(&url).await, &KEY).await.unwrap()
}
