use crate::News;
use crate::batch::Batch;
use crate::clean_stop::CleanStop;
use crate::dialect;
use crate::writer::{Told, Writer};
use crate::{LedgerError, OpenError, OpenOptions, open};
use futures::future::BoxFuture;
use sqlx::SqlitePool;
use sqlx::pool::PoolConnection;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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
    pub readers: SqlitePool,
    pub tip: watch::Sender<u64>,
    pub deliveries_tip: watch::Sender<u64>,
    pub news: broadcast::Sender<News>,
    pub clean_stop: CleanStop,
    /// The row of `runs` that is ours, or 0.
    pub run: AtomicI64,
    pub dir: std::path::PathBuf,
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("dir", &self.inner.dir).field("tip", &*self.inner.tip.borrow()).finish_non_exhaustive()
    }
}

impl Ledger {
    /// Opens `dir/ledger.db`, making it (0600, in a directory 0700) when there has never been one. Checks the key first, then
    /// the file (see [`Check`](crate::Check)), then brings its schema up to date. Must be called within a tokio runtime.
    /// That no other process has it open is for the caller to ensure.
    pub async fn open(dir: &Path, key: &[u8; 32], options: OpenOptions) -> Result<Self, OpenError> {
        let opened = open::open(dir, key, options).await?;
        let (tip, deliveries_tip) = (watch::Sender::new(opened.heads.seq), watch::Sender::new(0));
        let told = Told { tip: tip.clone(), deliveries: deliveries_tip.clone() };
        let writer = Writer::start(opened.connection, opened.heads, told, dir.to_owned());
        let inner = Inner {
            writer,
            readers: opened.readers,
            tip,
            deliveries_tip,
            news: broadcast::Sender::new(NEWS_KEPT),
            clean_stop: opened.clean_stop,
            run: AtomicI64::new(0),
            dir: dir.to_owned(),
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
        self.inner.readers.close().await;
        if let Some(connection) = self.inner.writer.stop().await {
            dialect::close(connection).await;
            self.inner.clean_stop.leave();
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

    pub(crate) async fn reader(&self) -> Result<PoolConnection<dialect::Db>, LedgerError> {
        self.inner.readers.acquire().await.map_err(|e| dialect::explain(&e, &self.inner.dir))
    }

    /// For the result of a read.
    pub(crate) fn explain(&self, error: &sqlx::Error) -> LedgerError {
        dialect::explain(error, &self.inner.dir)
    }

    pub(crate) fn current_run(&self) -> i64 {
        self.inner.run.load(Ordering::Relaxed)
    }
}
