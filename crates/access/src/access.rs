use crate::attempts::{Attempts, Many};
use crate::secret::{Hash, is_key};
use crate::table::{Gone, Table};
use crate::usage::Usage;
use crate::{Clock, Error, Grantee, Refusal, programs, sweep};
use domain::{AppRequest, AuditEntry, Event, Peer, Timestamp};
use ledger::{AccessWrite, Ledger, LedgerError};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How often the ledger is read for what is not known here, at most: who makes things up must not keep it busy.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What may be chosen about who comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessConfig {
    /// How long a program that asks waits for an answer. Those that ask already keep what they were promised.
    pub request_life: Duration,
    /// How many requests a minute a key of an app has that has no limit of its own.
    pub usual_limit: u32,
}

impl Default for AccessConfig {
    fn default() -> Self {
        AccessConfig { request_life: crate::requests::LIFE, usual_limit: 600 }
    }
}

/// What [`Access`] stands on.
#[derive(Clone, Debug)]
pub struct AccessDeps {
    pub ledger: Ledger,
    pub clock: Clock,
}

/// Who may come in. Cheap to clone; all clones are one.
///
/// What the ledger says of apps, keys and requests is kept in memory. Every change is one transaction of the ledger, with its lines
/// of the audit log and its events; it holds here as soon as the call has returned, and for other workers a moment later.
#[derive(Clone)]
pub struct Access {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub ledger: Ledger,
    pub clock: Clock,
    pub config: AccessConfig,
    table: RwLock<Arc<Table>>,
    /// One reading of the ledger at a time, so that an older one never takes the place of a newer one. Never held with `asking`
    /// taken inside.
    reading: tokio::sync::Mutex<()>,
    /// One program is put into the queue after another: whether there is room is judged with the one before it in place.
    pub asking: tokio::sync::Mutex<()>,
    changed: watch::Sender<u64>,
    origins: watch::Sender<Arc<BTreeSet<String>>>,
    pub usage: Mutex<Usage>,
    attempts: Mutex<Attempts>,
    /// Files of programs that are not let in by them for now, and of which the log tells. Not more than apps name.
    distrusted: Mutex<BTreeSet<PathBuf>>,
    /// When the ledger was last read because something was not known that another worker may have made.
    looked: Mutex<Option<Timestamp>>,
    /// Those that are to be told. At most one an hour comes in.
    pub told: Mutex<Vec<Many>>,
    /// The ledger was changed, and could not be read since.
    pub stale: AtomicBool,
    /// Rung when the next deadline may be another one, or there is something to be told.
    pub bell: Notify,
    pub shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Access {
    /// Reads who may come in, revokes what was to end with the run before, and begins to follow the ledger. Must be called within a
    /// tokio runtime.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn open(deps: AccessDeps) -> Result<Self, LedgerError> {
        Self::open_as(AccessConfig::default(), deps).await
    }

    /// As [`open`](Access::open), as `config` says.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub async fn open_as(config: AccessConfig, deps: AccessDeps) -> Result<Self, LedgerError> {
        let AccessDeps { ledger, clock } = deps;
        // Before the first reading: what comes later is news.
        let news = ledger.news();
        let inner = Inner {
            ledger,
            clock,
            config,
            table: RwLock::default(),
            reading: tokio::sync::Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            changed: watch::Sender::new(0),
            origins: watch::Sender::new(Arc::default()),
            usage: Mutex::default(),
            attempts: Mutex::default(),
            distrusted: Mutex::default(),
            looked: Mutex::default(),
            told: Mutex::default(),
            stale: AtomicBool::new(false),
            bell: Notify::new(),
            shutdown: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        let access = Access { inner: Arc::new(inner) };
        access.reload().await?;
        access.end_until_quit().await?;
        access.inner.tasks.spawn(sweep::follow(access.clone(), news));
        access.inner.tasks.close();
        Ok(access)
    }

    /// Ends what ends when WhatIsUp quits, writes down what is still in memory, and follows the ledger no longer. What is in memory
    /// goes on to be answered. To be called before the ledger is closed; a second time it does nothing.
    pub async fn drain(&self) {
        if self.inner.shutdown.is_cancelled() {
            return;
        }
        self.inner.shutdown.cancel();
        self.inner.tasks.wait().await;
        if let Err(error) = self.end_until_quit().await {
            // The next start does it.
            tracing::warn!(%error, "keys that were to end with this run could not be revoked");
        }
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "how keys were used of late could not be written down");
        }
    }

    /// Whom a key lets in. From memory, in microseconds.
    ///
    /// # Errors
    /// It is none, or opens nothing any more.
    pub fn authenticate(&self, presented: &str, now: Timestamp) -> Result<Arc<Grantee>, Refusal> {
        if !is_key(presented) {
            return Err(Refusal::Unknown);
        }
        self.table().by_key(&Hash::of(presented), now)
    }

    /// As [`authenticate`](Access::authenticate), for a key that was unknown there: another worker may have made it a moment ago, and its
    /// word may be on its way. Reads the ledger, but seldom; where nobody else writes into it there is nothing to be found.
    ///
    /// # Errors
    /// It is none, or opens nothing any more.
    pub async fn authenticate_anew(&self, presented: &str, now: Timestamp) -> Result<Arc<Grantee>, Refusal> {
        if is_key(presented) {
            self.look().await;
        }
        self.authenticate(presented, now)
    }

    /// Whom a program of our own user lets in over the Unix socket, when a person has let it in by its file, and that file is one that
    /// nobody else can write. Looks at the file system.
    pub fn peer(&self, program: &Path, uid: u32) -> Option<Arc<Grantee>> {
        let grantee = self.table().by_program(program).cloned()?;
        if programs::our_user() != Some(uid) {
            return None;
        }
        let distrust = programs::trusted(program).err();
        let mut known = self.inner.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        match distrust {
            None => {
                known.remove(program);
                Some(grantee)
            }
            Some(distrust) => {
                // Said once, not with every request.
                if known.insert(program.to_owned()) {
                    tracing::warn!(app.id = %grantee.app, %distrust, "a program is not let in by its file");
                }
                None
            }
        }
    }

    /// Counts a request.
    pub fn used(&self, grantee: &Grantee, from: &Peer, now: Timestamp) {
        if let Some(key) = grantee.key {
            self.inner.usage.lock().unwrap_or_else(PoisonError::into_inner).count(key, from, now);
        }
    }

    /// `peer` has tried a key that is none. `Some`: it has tried so many that it is to be told to wait that long. Whoever has a good key
    /// is not asked here, and so never waits for what others do.
    pub fn failed(&self, peer: &Peer, now: Timestamp) -> Option<Duration> {
        let (wait, many) = self.inner.attempts.lock().unwrap_or_else(PoisonError::into_inner).failed(peer, now);
        if let Some(many) = many {
            self.inner.told.lock().unwrap_or_else(PoisonError::into_inner).push(many);
            self.inner.bell.notify_one();
        }
        wait
    }

    /// The web origins from which some app may be used in a browser.
    pub fn origins(&self) -> watch::Receiver<Arc<BTreeSet<String>>> {
        self.inner.origins.subscribe()
    }

    /// A number that is another one when apps, keys or requests may have changed.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    /// Those who wait for an answer; the first one has waited longest, and is to be shown first.
    pub fn waiting(&self) -> Vec<AppRequest> {
        crate::requests::waiting(&self.table().requests, self.inner.clock.now())
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        self.inner.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes a change, and has it hold here before it returns. It is carried out even if the caller goes away meanwhile.
    pub(crate) async fn change(&self, change: Change) -> Result<(), Error> {
        let access = self.clone();
        let done = tokio::spawn(async move { access.carry_out(change).await });
        done.await.unwrap_or(Err(Error::Ledger(LedgerError::Closed)))
    }

    async fn carry_out(&self, change: Change) -> Result<(), Error> {
        let Change { writes, audit, events, gone } = change;
        match self.inner.ledger.change_access(writes, audit, events, self.inner.clock.now()).await {
            Ok(_) => {
                if let Err(error) = self.reload().await {
                    tracing::error!(%error, "access was changed, and cannot be read back: what was taken away is closed");
                    self.install(|table, _| table.without(&gone));
                    self.read_soon();
                }
                Ok(())
            }
            Err(LedgerError::Changed) => {
                // Somebody else was faster: what is in memory is old.
                self.reload().await?;
                Err(Error::Changed)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes memory what the ledger says.
    pub(crate) async fn reload(&self) -> Result<(), LedgerError> {
        let _one = self.inner.reading.lock().await;
        // Before it is read: what is told meanwhile may not be in it.
        self.inner.stale.store(false, Ordering::Relaxed);
        let state = self.inner.ledger.access().await.inspect_err(|_| self.inner.stale.store(true, Ordering::Relaxed))?;
        self.install(|before, now| Table::of(state, before, now));
        Ok(())
    }

    /// Reads what another worker may have written, unless that was done just now.
    pub(crate) async fn look(&self) {
        let now = self.inner.clock.now();
        {
            let mut looked = self.inner.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|at| at <= now && now.since(at) < LOOK_EVERY) {
                return;
            }
            *looked = Some(now);
        }
        if let Err(error) = self.reload().await {
            tracing::debug!(%error, "the ledger could not be asked for what is not known here");
        }
    }

    /// Has the ledger read again by the task that follows it.
    pub(crate) fn read_soon(&self) {
        self.inner.stale.store(true, Ordering::Relaxed);
        self.inner.bell.notify_one();
    }

    /// Puts a table in the place of the one before, then tells those for whom it is over.
    fn install(&self, next: impl FnOnce(&Table, Timestamp) -> (Table, Vec<CancellationToken>)) {
        let now = self.inner.clock.now();
        let (ended, origins) = {
            let mut table = self.inner.table.write().unwrap_or_else(PoisonError::into_inner);
            let (new, ended) = next(&table, now);
            let origins = new.origins.clone();
            *table = Arc::new(new);
            (ended, origins)
        };
        for token in ended {
            token.cancel();
        }
        self.inner.origins.send_if_modified(|known| {
            let other = *known != origins;
            if other {
                *known = origins;
            }
            other
        });
        self.tell_changed();
        self.inner.bell.notify_one();
    }

    pub(crate) fn tell_changed(&self) {
        self.inner.changed.send_modify(|n| *n = n.wrapping_add(1));
    }
}

/// What is written in one transaction.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub writes: Vec<AccessWrite>,
    pub audit: Vec<AuditEntry>,
    pub events: Vec<Event>,
    /// From whom it takes everything away.
    pub gone: Vec<Gone>,
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table();
        f.debug_struct("Access")
            .field("apps", &table.apps.len())
            .field("requests", &table.requests.len())
            .finish_non_exhaustive()
    }
}
