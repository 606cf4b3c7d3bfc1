//! What happens by itself: keys expire, requests end, other workers change something, and what was counted is written down.

use crate::access::{Access, Change};
use crate::attempts::Many;
use crate::keys::revoked;
use crate::table::Gone;
use crate::{By, Error, lifetime, requests};
use domain::{Actor, App, AppRequest, AuditEntry, Event, Outcome, RequestState, RevokeReason, Timestamp};
use ledger::{AccessWrite, LedgerError, News};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

/// How long what was counted stays in memory alone.
const FLUSH_EVERY: Duration = Duration::from_secs(30);
/// How long something may go unheard that another worker has written.
const READ_EVERY: Duration = Duration::from_secs(30);
/// How often what is long over is forgotten.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// How soon what the ledger did not take is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Runs until the shutdown.
pub(crate) async fn follow(access: Access, mut news: broadcast::Receiver<News>) {
    let inner = &access.inner;
    let mut due = Due::after(inner.clock.now());
    loop {
        let wait = due.wait(&access);
        tokio::select! {
            () = inner.shutdown.cancelled() => return,
            heard = hear(&mut news) => match heard {
                true => inner.stale.store(true, Ordering::Relaxed),
                false => continue,
            },
            () = inner.bell.notified() => {}
            () = inner.clock.sleep(wait) => {}
        }
        let outcome = access.sweep(&mut due).await;
        if let Err(error) = &outcome
            && !due.failed
        {
            tracing::warn!(%error, "the ledger does not take what happens to apps and keys; it is tried again");
        }
        due.failed = outcome.is_err();
    }
}

impl Change {
    /// Nothing becomes of this request any more; its app, when it has one that has no key, goes with it, unless it is let in by its
    /// programs.
    pub(crate) fn expire(&mut self, request: &AppRequest, keyless: Option<&App>) {
        self.writes.push(AccessWrite::Request { id: request.id, was: request.state, now: RequestState::Expired });
        if let Some(app) = keyless.filter(|app| app.programs.is_empty()) {
            self.writes.push(AccessWrite::DeleteApp(app.id));
            self.audit.push(By::itself().did("app.delete", app.id, format!("{:?} never collected its key", app.name)));
            self.events.push(revoked(app, None, RevokeReason::Deleted));
            self.gone.push(Gone::App(app.id));
        }
    }
}

/// Whether it concerns us. Returns never when nothing more will be heard.
async fn hear(news: &mut broadcast::Receiver<News>) -> bool {
    match news.recv().await {
        Ok(News::Access | News::Missed) | Err(RecvError::Lagged(_)) => true,
        Ok(News::Channels(_) | News::Outbox(_) | News::Orders | News::Endpoints) => false,
        Err(RecvError::Closed) => std::future::pending().await,
    }
}

struct Due {
    read: Timestamp,
    flush: Timestamp,
    forget: Timestamp,
    /// Keys have expired, and the webhooks of their apps were not looked at since.
    settle: bool,
    failed: bool,
}

impl Due {
    fn after(now: Timestamp) -> Self {
        Due { read: now.plus(READ_EVERY), flush: now.plus(FLUSH_EVERY), forget: now, settle: true, failed: false }
    }

    fn wait(&self, access: &Access) -> Duration {
        if self.failed {
            return RETRY;
        }
        let table = access.table();
        let ends = [table.next_expiry(), requests::next_end(&table.requests)].into_iter().flatten();
        let next = ends.chain([self.read, self.flush, self.forget]).min().unwrap_or(self.flush);
        // Longer than that nobody trusts a clock that can be set.
        next.since(access.inner.clock.now()).min(FLUSH_EVERY)
    }
}

impl Access {
    /// Does everything that is due by now; one part that fails keeps the others from nothing.
    async fn sweep(&self, due: &mut Due) -> Result<(), LedgerError> {
        let now = self.inner.clock.now();
        let read = self.read_if_due(due, now).await;
        self.end_expired(due, now);
        let steps = [
            read,
            self.settle(due, now).await,
            self.end_overdue(now).await,
            self.tell_many(now).await,
            self.flush_if_due(due, now).await,
            self.forget_if_due(due, now).await,
        ];
        steps.into_iter().collect()
    }

    async fn read_if_due(&self, due: &mut Due, now: Timestamp) -> Result<(), LedgerError> {
        // Also when the clock was set back.
        let over = due.read <= now || due.read > now.plus(READ_EVERY);
        if !over && !self.inner.stale.load(Ordering::Relaxed) {
            return Ok(());
        }
        due.read = now.plus(READ_EVERY);
        self.reload().await
    }

    fn end_expired(&self, due: &mut Due, now: Timestamp) {
        let expired = self.table().expired(now);
        if expired.is_empty() {
            return;
        }
        for token in expired {
            token.cancel();
        }
        due.settle = true;
        self.tell_changed();
    }

    async fn settle(&self, due: &mut Due, now: Timestamp) -> Result<(), LedgerError> {
        if std::mem::take(&mut due.settle)
            && let Err(error) = self.inner.ledger.settle_endpoints(now).await
        {
            due.settle = true;
            return Err(error);
        }
        Ok(())
    }

    /// Ends requests that waited too long for an answer, or to be collected; an app that never had a key goes with its request.
    async fn end_overdue(&self, now: Timestamp) -> Result<(), LedgerError> {
        let table = self.table();
        for request in requests::overdue(&table.requests, now) {
            let mut ends = Change::default();
            let app = requests::app(request).and_then(|app| table.apps.get(&app));
            ends.expire(request, app.filter(|app| !table.has_keys(app.id)));
            match self.change(ends).await {
                // Answered, collected or deleted this moment; what is now will be looked at next.
                Ok(()) | Err(Error::Changed | Error::NoSuchApp) => {}
                Err(Error::Ledger(error)) => return Err(error),
                Err(error) => tracing::error!(%error, request.id = %request.id, "a request could not be ended"),
            }
        }
        Ok(())
    }

    async fn tell_many(&self, now: Timestamp) -> Result<(), LedgerError> {
        let told = std::mem::take(&mut *self.inner.told.lock().unwrap_or_else(PoisonError::into_inner));
        for (n, Many { peer, failures, since }) in told.iter().cloned().enumerate() {
            let entry = AuditEntry {
                actor: Actor::Nobody,
                peer: Some(peer.clone()),
                action: "access.attempts".to_owned(),
                target: None,
                outcome: Outcome::Refused,
                detail: Some(format!("{failures} tries with keys that are none, since {since}; most of them from here")),
            };
            let event = Event::AccessAttempts { peer, failures, since };
            if let Err(error) = self.inner.ledger.change_access(vec![], vec![entry], vec![event], now).await {
                self.inner.told.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&told[n..]);
                return Err(error);
            }
        }
        Ok(())
    }

    async fn flush_if_due(&self, due: &mut Due, now: Timestamp) -> Result<(), LedgerError> {
        // Also when the clock was set back.
        if due.flush <= now || due.flush > now.plus(FLUSH_EVERY) {
            due.flush = now.plus(FLUSH_EVERY);
            return self.flush().await;
        }
        Ok(())
    }

    /// Writes down how keys were used.
    pub(crate) async fn flush(&self) -> Result<(), LedgerError> {
        let usage = || self.inner.usage.lock().unwrap_or_else(PoisonError::into_inner);
        let uses = usage().take();
        let written = self.inner.ledger.usage(uses.clone()).await;
        if written.is_err() {
            usage().put_back(uses);
        }
        written
    }

    async fn forget_if_due(&self, due: &mut Due, now: Timestamp) -> Result<(), LedgerError> {
        if due.forget > now && due.forget <= now.plus(FORGET_EVERY) {
            return Ok(());
        }
        if self.inner.ledger.prune_requests(now.minus(requests::REMEMBERED)).await? > 0 {
            self.reload().await?;
        }
        let (old, kept): (Vec<_>, Vec<_>) =
            self.inner.ledger.keys().await?.into_iter().partition(|key| lifetime::is_forgotten(key, now));
        let mut forgotten =
            Change { writes: old.iter().map(|key| AccessWrite::ForgetKey(key.id)).collect(), ..Change::default() };
        for app in self.table().apps.values().filter(|app| app.programs.is_empty()) {
            let mut keys = old.iter().filter(|key| key.app == app.id).peekable();
            let was_once = keys.peek().is_some() && keys.all(|key| key.until_quit) && kept.iter().all(|key| key.app != app.id);
            if was_once {
                forgotten.writes.push(AccessWrite::DeleteApp(app.id));
                let why = format!("{:?} was let in until quit", app.name);
                forgotten.audit.push(By::itself().did("app.delete", app.id, why));
                forgotten.events.push(revoked(app, None, RevokeReason::Deleted));
                forgotten.gone.push(Gone::App(app.id));
            }
        }
        if !forgotten.writes.is_empty() {
            match self.change(forgotten).await {
                // Somebody changed the same this moment: next time.
                Ok(()) | Err(Error::Changed | Error::NoSuchApp) => {}
                Err(Error::Ledger(error)) => return Err(error),
                Err(error) => tracing::error!(%error, "what is long over could not be forgotten"),
            }
        }
        due.forget = now.plus(FORGET_EVERY);
        Ok(())
    }
}
