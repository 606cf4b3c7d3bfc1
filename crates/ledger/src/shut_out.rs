//! What an app wants sent and may not send any more does not leave.

use crate::LedgerError;
use crate::access::{self, Owners};
use crate::batch::Batch;
use crate::dialect::in_list;
use crate::messages::{self, columns};
use crate::progress::{in_order, tell};
use crate::rows::list;
use crate::sql::query;
use domain::{AppId, Message, MessageStatus, Permits, Scope, Timestamp};

/// What it proposed.
pub(crate) const PROPOSED: &str = concat!("SELECT ", columns!(), " FROM messages WHERE status = 'asking' AND app_id = $1");

/// What waits in the outbox, by the index of what leaves; not what a person has approved.
pub(crate) const QUEUED: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE position >= 0 AND status IN ('queued', 'sending') AND status = 'queued' AND app_id = $1 ",
    "AND ask_until IS NULL"
);

/// Of an app that may do no more than this from now on: what it proposed and may not propose is denied, and what waits in the outbox
/// and may not be sent is cancelled.
pub(crate) async fn silence(batch: &mut Batch, app: AppId, left: &Permits, at: Timestamp) -> Result<(), LedgerError> {
    for sql in [PROPOSED, QUEUED] {
        let rows = query(sql).bind(app.to_string()).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
        let mut over = Vec::new();
        for row in &rows {
            let message = messages::message(row)?;
            if !may(left, &message) {
                over.push(message);
            }
        }
        end(batch, &over, at).await?;
    }
    Ok(())
}

/// Cancels a message that was put back into the outbox, if its app may not have it sent any more.
pub(crate) async fn reconsider(batch: &mut Batch, message: Message, at: Timestamp) -> Result<Message, LedgerError> {
    let may = match message.outbox {
        domain::OutboxNote { app: Some(_), ask_until: None, .. } => is_permitted(&access::enabled(batch).await?, &message),
        domain::OutboxNote { .. } => true,
    };
    if may {
        return Ok(message);
    }
    let ended = end(batch, std::slice::from_ref(&message), at).await?;
    Ok(ended.into_iter().next().unwrap_or(message))
}

/// Whether whoever wants it sent may have it sent. It was asked when the request came; much may have happened since.
pub(crate) fn is_permitted(senders: &Owners, message: &Message) -> bool {
    message.outbox.app.is_none_or(|app| senders.get(&app).is_some_and(|permits| may(permits, message)))
}

fn may(permits: &Permits, message: &Message) -> bool {
    let scope = if message.status == MessageStatus::Asking { Scope::MessagesSendAsk } else { Scope::MessagesSend };
    permits.allows(scope, Some(message.channel), Some(&message.chat))
}

async fn end(batch: &mut Batch, over: &[Message], at: Timestamp) -> Result<Vec<Message>, LedgerError> {
    const END: &str = concat!(
        "UPDATE messages SET status = CASE status WHEN 'asking' THEN 'denied' ELSE 'cancelled' END, next_attempt_at = NULL, due_at = 0, ",
        "updated_at = CASE WHEN updated_at < $2 THEN $2 ELSE updated_at END WHERE id ",
        in_list!("$1"),
        " AND status IN ('asking', 'queued') RETURNING ",
        columns!()
    );
    if over.is_empty() {
        return Ok(Vec::new());
    }
    let ids = list(over.iter().map(|message| message.id.to_string()));
    let rows = query(END).bind(ids).bind(at.as_millis()).fetch_all(&mut batch.connection).await;
    let ended = in_order(&rows.map_err(|e| batch.explain(&e))?)?;
    tell(batch, &ended)?;
    // What waited behind them may leave.
    batch.told.outbox.extend(ended.iter().map(|message| message.channel));
    Ok(ended)
}
