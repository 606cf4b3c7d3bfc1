use crate::batch::{self, Batch};
use crate::clean_stop::CleanStop;
use crate::dialect::Place;
use crate::postgres::{Ears, Listener};
use crate::sealing::Sealing;
use crate::sql::{Connection, Reader};
use crate::writer::{Tips, Writer};
use crate::{LedgerError, News, OpenError, OpenOptions, Postgres, open, sqlite};
use futures::future::BoxFuture;
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{broadcast, watch};

/// News that a slow reader may be behind; when it is further, it is told that it missed some.
const NEWS_KEPT: usize = 1024;

/// The open ledger. Cheap to clone; all clones share one writer and two readers.
///
/// Writes wait in a bounded queue (256; when it is full the caller waits) for the one writer, which commits what has gathered
/// in one transaction, so that many small writes share an fsync. A write that was queued is carried out even if its
/// caller goes away. Reads see everything that a write has answered for.
#[derive(Clone)]
pub struct Ledger {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub writer: Writer,
    pub readers: Readers,
    pub tip: watch::Sender<u64>,
    pub deliveries_tip: watch::Sender<u64>,
    pub news: broadcast::Sender<News>,
    /// The row of `runs` that is ours, or 0.
    pub run: AtomicI64,
    pub place: Place,
    pub sealing: Sealing,
    /// Who we are to other processes.
    pub node: String,
    listener: Mutex<Option<Listener>>,
    clean_stop: Option<CleanStop>,
}

pub(crate) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger")
            .field("place", &self.inner.place)
            .field("tip", &*self.inner.tip.borrow())
            .finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens `dir/ledger.db`, making it (0600, in a directory 0700) when there has never been one. Checks the key first, then
    /// the file (see [`Check`](crate::Check)), then brings its schema up to date. Must be called within a tokio runtime.
    /// That no other process has it open is for the caller to ensure.
    pub async fn open(dir: &Path, key: &[u8; 32], options: OpenOptions) -> Result<Self, OpenError> {
        let opened = open::open(dir, key, options).await?;
        let tips = Tips { tip: watch::Sender::new(opened.heads.seq), deliveries: watch::Sender::new(0) };
        let place = Place::Directory(dir.to_owned());
        let connection = Connection::Sqlite(opened.connection);
        let inner = Inner {
            tip: tips.tip.clone(),
            deliveries_tip: tips.deliveries.clone(),
            writer: Writer::start(connection, opened.heads, tips, place.clone(), Sealing::Unneeded),
            readers: Readers::Sqlite(opened.readers),
            news: broadcast::Sender::new(NEWS_KEPT),
            run: AtomicI64::new(0),
            place,
            sealing: Sealing::Unneeded,
            node: String::new(),
            listener: Mutex::new(None),
            clean_stop: Some(opened.clean_stop),
        };
        Ok(Ledger { inner: Arc::new(inner) })
    }

    /// The ledger in this database. What could harm others if it were read there is sealed with a key that all processes share.
    /// Must be called within a tokio runtime. When the server is lost later, writes and reads fail with `Io` until it is back;
    /// nothing has to be done for that.
    ///
    /// # Errors
    /// `WrongKey` when secrets were sealed with another one: nothing is changed then. `Unreachable`.
    pub async fn on(postgres: Postgres, sealing_key: &[u8; 32]) -> Result<Self, OpenError> {
        let sealing = Sealing::with(sealing_key);
        postgres.check_key(&sealing).await?;
        let node = hex::encode(rand::random::<[u8; 8]>());
        let mut connection = Connection::Postgres(Box::new(postgres.writer(node.clone()).await?));
        let heads = batch::heads(&mut connection).await.map_err(|e| OpenError::Unreachable(e.to_string()))?;
        let tips = Tips { tip: watch::Sender::new(heads.seq), deliveries: watch::Sender::new(0) };
        let news = broadcast::Sender::new(NEWS_KEPT);
        let ears = Ears { node: node.clone(), tip: tips.tip.clone(), deliveries: tips.deliveries.clone(), news: news.clone() };
        let listener = Listener::start(postgres.listener(), ears).await.map_err(|e| OpenError::Unreachable(e.to_string()))?;
        // Once more: who listens keeps others from changing the key, but until now it could have been changed.
        postgres.check_key(&sealing).await?;
        let inner = Inner {
            tip: tips.tip.clone(),
            deliveries_tip: tips.deliveries.clone(),
            writer: Writer::start(connection, heads, tips, Place::Server, sealing.clone()),
            readers: Readers::Postgres(postgres.readers()),
            news,
            run: AtomicI64::new(0),
            place: Place::Server,
            sealing,
            node,
            listener: Mutex::new(Some(listener)),
            clean_stop: None,
        };
        Ok(Ledger { inner: Arc::new(inner) })
    }

    /// The newest `seq`; changes after the commit that wrote it. Zero when nothing has happened yet.
    pub fn tip(&self) -> watch::Receiver<u64> {
        self.inner.tip.subscribe()
    }

    /// A number that changes when endpoints or what is owed to them were changed by somebody (not by
    /// [`plan_deliveries`](Ledger::plan_deliveries) or [`record_attempt`](Ledger::record_attempt)), after the commit.
    pub fn deliveries_tip(&self) -> watch::Receiver<u64> {
        self.inner.deliveries_tip.subscribe()
    }

    /// What other processes change, as it happens; never what this one does itself. A ledger that is not shared has none.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.inner.news.subscribe()
    }

    /// Carries out what is queued, then closes the file in good order. Later calls answer `Closed`.
    ///
    /// A process must not end without this: SQLCipher takes down its memory as the process exits, under the feet of a thread
    /// that is still closing a connection (seen as a crash at exit; what was answered for is safe all the same).
    pub async fn close(&self) {
        match &self.inner.readers {
            Readers::Sqlite(pool) => pool.close().await,
            Readers::Postgres(pool) => pool.close().await,
        }
        self.inner.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        match self.inner.writer.stop().await {
            Some(Connection::Sqlite(connection)) => {
                sqlite::close(connection).await;
                if let Some(clean_stop) = &self.inner.clean_stop {
                    clean_stop.leave();
                }
            }
            Some(Connection::Postgres(link)) => link.close().await,
            None => {}
        }
    }

    /// Carries out `act` within the writer's next transaction and answers after its commit. It may fail for a reason that
    /// lies in what is written; what was written with it stands all the same.
    pub(crate) async fn write<T, F>(&self, act: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
    {
        self.inner.writer.write(true, act).await
    }

    /// As [`write`](Ledger::write), for what fails only when nothing can be written; saves the savepoint.
    pub(crate) async fn write_firmly<T, F>(&self, act: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a mut Batch) -> BoxFuture<'a, Result<T, LedgerError>> + Send + 'static,
    {
        self.inner.writer.write(false, act).await
    }

    pub(crate) async fn reader(&self) -> Result<Reader, LedgerError> {
        let reader = match &self.inner.readers {
            Readers::Sqlite(pool) => pool.acquire().await.map(Reader::Sqlite),
            Readers::Postgres(pool) => pool.acquire().await.map(Reader::Postgres),
        };
        reader.map_err(|e| self.explain(&e))
    }

    /// For the result of a read.
    pub(crate) fn explain(&self, error: &sqlx::Error) -> LedgerError {
        self.inner.place.explain(error)
    }

    /// Where the database is, when it is a server's.
    pub(crate) fn server(&self) -> Option<&PgPool> {
        match &self.inner.readers {
            Readers::Sqlite(_) => None,
            Readers::Postgres(pool) => Some(pool),
        }
    }

    /// Whether other processes write into it too.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self.inner.place, Place::Server)
    }

    pub(crate) fn current_run(&self) -> i64 {
        self.inner.run.load(Ordering::Relaxed)
    }
}
