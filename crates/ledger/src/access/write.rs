//! One step of a change, within a transaction.

use super::{AccessWrite, stored};
use crate::batch::Batch;
use crate::sql::{Query, query};
use crate::{LedgerError, shut_out};
use domain::{App, AppId, AppRequest, Key, Permits, Timestamp};

/// The app whose standing may be another one now.
pub(super) async fn write(batch: &mut Batch, step: &AccessWrite, at: Timestamp) -> Result<Option<AppId>, LedgerError> {
    match step {
        AccessWrite::NewApp(app) => insert_app(batch, app).await.map(|()| Some(app.id)),
        AccessWrite::App { was, now } => change_app(batch, was, now, at).await.map(|()| Some(now.id)),
        AccessWrite::DeleteApp(id) => {
            shut_out::silence(batch, *id, &Permits::default(), at).await?;
            let gone = run(batch, query("DELETE FROM apps WHERE id = $1").bind(id.to_string())).await?;
            if gone == 0 { Err(LedgerError::NoSuchApp) } else { Ok(Some(*id)) }
        }
        AccessWrite::NewKey { key, hash } => insert_key(batch, key, hash).await.map(|()| Some(key.app)),
        AccessWrite::Key(key) => change_key(batch, key).await.map(|()| Some(key.app)),
        AccessWrite::ForgetKey(id) => {
            run(batch, query("DELETE FROM app_keys WHERE id = $1").bind(id.to_string())).await?;
            Ok(None)
        }
        AccessWrite::NewRequest(request) => insert_request(batch, request).await.map(|()| None),
        AccessWrite::Request { id, was, now } => {
            let (was, now) = (stored::state_to(was), stored::state_to(now));
            let query = query(
                "UPDATE app_requests SET state = $2, app_id = coalesce($3, app_id), once = $4, key_until = $5 \
                 WHERE id = $1 AND state = $6 AND ($7 IS NULL OR app_id = $7)",
            );
            let query = query.bind(id.to_string()).bind(now.word).bind(now.app).bind(now.once).bind(now.key_until);
            let changed = run(batch, query.bind(was.word).bind(was.app)).await?;
            if changed == 0 { Err(LedgerError::Changed) } else { Ok(None) }
        }
    }
}

async fn insert_app(batch: &mut Batch, app: &App) -> Result<(), LedgerError> {
    let query = query(
        "INSERT INTO apps (id, name, created_at, disabled_at, permits, origins, programs, rate_limit) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    run(batch, bound(query.bind(app.id.to_string()).bind(app.name.clone()).bind(app.created_at.as_millis()), app))
        .await
        .map(drop)
}

/// What follows name and creation.
fn bound<'q>(query: Query<'q>, app: &App) -> Query<'q> {
    query
        .bind(app.disabled_at.map(Timestamp::as_millis))
        .bind(stored::permits_to(&app.permits))
        .bind(stored::origins_to(app))
        .bind(stored::programs_to(app))
        .bind(app.limits.map(i64::from))
}

async fn change_app(batch: &mut Batch, was: &App, now: &App, at: Timestamp) -> Result<(), LedgerError> {
    let row = query(stored::APP).bind(was.id.to_string()).fetch_optional(&mut batch.connection).await;
    let row = row.map_err(|e| batch.explain(&e))?.ok_or(LedgerError::NoSuchApp)?;
    if stored::app(&row)? != stored::as_kept(was) || now.id != was.id {
        return Err(LedgerError::Changed);
    }
    let query = query(
        "UPDATE apps SET name = $2, disabled_at = $3, permits = $4, origins = $5, programs = $6, rate_limit = $7 WHERE id = $1",
    );
    run(batch, bound(query.bind(now.id.to_string()).bind(now.name.clone()), now)).await?;
    if was.disabled_at.is_none() && now.disabled_at.is_some() {
        shut_out::silence(batch, now.id, &Permits::default(), at).await?;
    } else if !was.permits.within(&now.permits) {
        shut_out::silence(batch, now.id, &now.permits, at).await?;
    }
    Ok(())
}

async fn insert_key(batch: &mut Batch, key: &Key, hash: &[u8; 32]) -> Result<(), LedgerError> {
    let app = query(stored::APP).bind(key.app.to_string()).fetch_optional(&mut batch.connection).await;
    if app.map_err(|e| batch.explain(&e))?.is_none() {
        return Err(LedgerError::NoSuchApp);
    }
    let query = query(
        "INSERT INTO app_keys (id, app_id, hash, label, made_at, expires_at, revoked_at, until_quit, replaces, last_used_at, last_from, \
         requests_today, day) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
    )
    .bind(key.id.to_string())
    .bind(key.app.to_string())
    .bind(hex::encode(hash))
    .bind(key.label.clone())
    .bind(key.made_at.as_millis())
    .bind(key.expires_at.map(Timestamp::as_millis))
    .bind(key.revoked_at.map(Timestamp::as_millis))
    .bind(key.until_quit)
    .bind(key.replaces.map(|id| id.to_string()))
    .bind(key.last_used_at.map(Timestamp::as_millis))
    .bind(key.last_from.clone())
    .bind(crate::batch::signed(key.requests_today))
    .bind(key.day);
    run(batch, query).await.map(drop)
}

async fn change_key(batch: &mut Batch, key: &Key) -> Result<(), LedgerError> {
    let query = query(
        "UPDATE app_keys SET label = $3, expires_at = $4, revoked_at = coalesce(revoked_at, $5) WHERE id = $1 AND app_id = $2",
    )
    .bind(key.id.to_string())
    .bind(key.app.to_string())
    .bind(key.label.clone())
    .bind(key.expires_at.map(Timestamp::as_millis))
    .bind(key.revoked_at.map(Timestamp::as_millis));
    if run(batch, query).await? == 0 { Err(LedgerError::Changed) } else { Ok(()) }
}

async fn insert_request(batch: &mut Batch, request: &AppRequest) -> Result<(), LedgerError> {
    let state = stored::state_to(&request.state);
    let query = query(
        "INSERT INTO app_requests (id, name, reason, permits, origin, peer, code, poll_hash, made_at, expires_at, state, app_id, once, \
         key_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(request.id.to_string())
    .bind(request.name.clone())
    .bind(request.reason.clone())
    .bind(stored::permits_to(&request.permits))
    .bind(request.origin.clone())
    .bind(stored::peer_to(&request.peer))
    .bind(request.code.to_string())
    .bind(hex::encode(request.poll_hash))
    .bind(request.made_at.as_millis())
    .bind(request.expires_at.as_millis())
    .bind(state.word)
    .bind(state.app)
    .bind(state.once)
    .bind(state.key_until);
    run(batch, query).await.map(drop)
}

/// How many rows it changed.
async fn run(batch: &mut Batch, query: Query<'_>) -> Result<u64, LedgerError> {
    query.execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))
}
