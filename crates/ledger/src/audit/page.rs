use super::Audited;
use super::row::{AuditRow, SELECT};
use crate::batch::signed;
use crate::sql::QueryBuilder;
use crate::{Ledger, LedgerError};
use domain::{AppId, Timestamp};

/// Which entries to read, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// The `next` of the page before.
    pub before: Option<u64>,
    /// Of those after this `seq`, in order from the oldest: for an export. Not together with `before`.
    pub after: Option<u64>,
    /// At most this many (1 to 1000).
    pub limit: u32,
    /// Only what this app did.
    pub app: Option<AppId>,
    /// Only this action; a trailing `*` takes all that begin so.
    pub action: Option<String>,
    /// Only what was done to this.
    pub target: Option<String>,
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPage {
    pub entries: Vec<Audited>,
    /// What `before` (or `after`) takes for the next page; `None` at the end.
    pub next: Option<u64>,
}

impl Ledger {
    /// A page of the audit log: newest first, or in order with [`AuditQuery::after`].
    pub async fn audit_page(&self, query: &AuditQuery) -> Result<AuditPage, LedgerError> {
        let limit = query.limit.clamp(1, 1000) as usize;
        let mut sql = page(query);
        // One more than asked tells whether there is a next page.
        sql.push(" LIMIT ").push_bind(limit as i64 + 1);
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        let more = rows.len() > limit;
        let entries = rows.iter().take(limit).map(|row| AuditRow::read(row).and_then(|(row, hash)| row.audited(hash)));
        let entries = entries.collect::<Result<Vec<_>, _>>()?;
        let next = entries.last().filter(|_| more).map(|entry| entry.seq);
        Ok(AuditPage { entries, next })
    }
}

pub(crate) fn page(query: &AuditQuery) -> QueryBuilder<'static> {
    let mut sql = QueryBuilder::new(SELECT);
    sql.push("WHERE 1 = 1");
    if let Some(before) = query.before {
        sql.push(" AND seq < ").push_bind(signed(before));
    }
    if let Some(after) = query.after {
        sql.push(" AND seq > ").push_bind(signed(after));
    }
    if let Some(app) = query.app {
        sql.push(" AND app_id = ").push_bind(app.to_string());
    }
    match query.action.as_deref().map(|action| (action, action.strip_suffix('*'))) {
        Some((_, Some(begins))) => {
            let length = i64::try_from(begins.chars().count()).unwrap_or(i64::MAX);
            sql.push(" AND substr(action, 1, CAST(").push_bind(length).push(" AS INTEGER)) = ").push_bind(begins.to_owned());
        }
        Some((action, None)) => {
            sql.push(" AND action = ").push_bind(action.to_owned());
        }
        None => {}
    }
    if let Some(target) = &query.target {
        sql.push(" AND target = ").push_bind(target.clone());
    }
    if let Some(since) = query.since {
        sql.push(" AND at >= ").push_bind(since.as_millis());
    }
    if let Some(until) = query.until {
        sql.push(" AND at <= ").push_bind(until.as_millis());
    }
    sql.push(if query.after.is_some() { " ORDER BY seq" } else { " ORDER BY seq DESC" });
    sql
}
