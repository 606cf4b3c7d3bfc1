use super::endpoints;
use super::write::write;
use crate::sql::query;
use crate::{Ledger, LedgerError, audit};
use domain::{App, AppId, AppRequest, AppRequestId, AuditEntry, Event, Key, KeyId, RequestState, Timestamp};
use std::collections::BTreeSet;

/// A step of a change of who may come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessWrite {
    /// A new one. `AlreadyThere` when its id is taken.
    NewApp(App),
    /// Changes one that is still as it `was`. `NoSuchApp`; `Changed`.
    App { was: App, now: App },
    /// With its keys; what it wants sent and waits for a person is denied, what waits in the outbox is cancelled. Its webhooks are
    /// paused. `NoSuchApp`.
    DeleteApp(AppId),
    /// A new one, with SHA-256 of its text. `NoSuchApp`; `AlreadyThere`.
    NewKey { key: Key, hash: [u8; 32] },
    /// Label and end of one that is there. One that was revoked stays revoked, since when it was; what is known of its use is not
    /// touched. `Changed` when it is not there.
    Key(Key),
    /// Takes out one that was revoked or has expired long ago. Nothing when it is not there.
    ForgetKey(KeyId),
    /// `AlreadyThere`.
    NewRequest(AppRequest),
    /// Brings one on that still `was` so. `Changed`: somebody else was faster, or it was forgotten.
    Request { id: AppRequestId, was: RequestState, now: RequestState },
}

impl Ledger {
    /// Changes who may come in, notes it in the audit log and tells it by events: all or nothing. The newest `seq` of the event
    /// log afterwards. With it the webhooks of an app that may not come in any more (it is disabled or deleted, or has neither a
    /// key that works nor a program that is let in) are paused, those of one that may again are resumed; what an
    /// app wants sent that may not send it any more (disabled, deleted, narrowed) is denied where it waits for a person, and cancelled
    /// where it waits in the outbox without a person having approved it.
    pub async fn change_access(
        &self,
        writes: Vec<AccessWrite>,
        audit: Vec<AuditEntry>,
        events: Vec<Event>,
        at: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let mut touched = BTreeSet::new();
                for step in &writes {
                    touched.extend(write(batch, step, at).await?);
                }
                batch.told.access |= !writes.is_empty();
                let audit: Vec<_> = audit.into_iter().map(|entry| (at, entry)).collect();
                audit::append(batch, &audit).await?;
                batch.log_all(&events, at)?;
                for app in touched {
                    endpoints::settle(batch, app, at).await?;
                }
                Ok(batch.heads.seq)
            })
        })
        .await
    }

    /// Forgets requests that ended before `before`, however they did. How many.
    pub async fn prune_requests(&self, before: Timestamp) -> Result<u64, LedgerError> {
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let gone = query("DELETE FROM app_requests WHERE expires_at < $1")
                    .bind(before.as_millis())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                batch.told.access |= gone > 0;
                Ok(gone)
            })
        })
        .await
    }
}
