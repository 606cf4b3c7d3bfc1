//! Where a ledger of these tests lives: a database of its own on a server that the tests of a process share.

use ledger::{Ledger, Postgres, PostgresConfig};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Of tests that try many ways.
pub const CASES: u32 = 4;

pub struct Home {
    url: String,
    _server: Arc<servers::Postgres>,
}

static SERVER: Mutex<Weak<servers::Postgres>> = Mutex::new(Weak::new());

impl Home {
    pub fn new() -> Home {
        let mut known = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
        let server = known.upgrade().unwrap_or_else(|| {
            let server = Arc::new(servers::Postgres::start());
            *known = Arc::downgrade(&server);
            server
        });
        Home { url: server.database(), _server: server }
    }

    pub async fn open(&self) -> Ledger {
        let postgres = Postgres::connect(PostgresConfig::new(self.url.clone())).await.unwrap();
        Ledger::on(postgres, &[7; 32]).await.unwrap()
    }
}
