use crate::messages::{self, Ours as _};
use crate::outbox::advance;
use crate::writer::Batch;
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, ChatId, Event, Message, MessageStatus, Person, Timestamp};
use sqlx::Row as _;

/// What a recipient's device tells of messages of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub channel: ChannelId,
    pub chat: ChatId,
    pub by: Person,
    pub whatsapp_ids: Vec<String>,
    /// `Delivered`, `Read` or `Played`.
    pub status: MessageStatus,
    pub at: Timestamp,
}

/// Receipts kept for messages that have not come; the oldest go first. A phone's old chats can produce any number.
const KEPT: i64 = 10_000;

impl Ledger {
    /// Takes a receipt: the messages that it brought forward, each told by an event. Of a message that is not known the receipt is kept,
    /// told as `receipt.unmatched`, and joined when the message comes. A receipt that comes twice changes nothing.
    pub async fn receipt(&self, receipt: Receipt) -> Result<Vec<Message>, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let mut changed = Vec::new();
                for whatsapp_id in &receipt.whatsapp_ids {
                    let known = messages::of_whatsapp_id(batch, receipt.channel, whatsapp_id).await?;
                    match known.into_iter().find(Message::is_ours) {
                        Some(message) => changed.extend(advance(batch, message, receipt.status, receipt.at).await?),
                        None => keep(batch, &receipt, whatsapp_id).await?,
                    }
                }
                Ok(changed)
            })
        })
        .await
    }
}

async fn keep(batch: &mut Batch, receipt: &Receipt, whatsapp_id: &str) -> Result<(), LedgerError> {
    let n: Option<i64> = sqlx::query_scalar(
        "INSERT INTO receipts (channel_id, whatsapp_id, chat, status, reader, at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT DO NOTHING RETURNING n",
    )
    .bind(receipt.channel.to_string())
    .bind(whatsapp_id)
    .bind(receipt.chat.as_str())
    .bind(receipt.status.as_str())
    .bind(reader(&receipt.by))
    .bind(receipt.at.as_millis())
    .fetch_optional(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    let Some(n) = n else { return Ok(()) };
    sqlx::query("DELETE FROM receipts WHERE n <= $1")
        .bind(n - KEPT)
        .execute(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let event = Event::ReceiptUnmatched {
        channel: receipt.channel,
        chat: receipt.chat.clone(),
        whatsapp_id: whatsapp_id.to_owned(),
        status: receipt.status,
        by: receipt.by.clone(),
    };
    batch.log(&event, receipt.at).await?;
    Ok(())
}

/// Brings a message that has just been written as far as the receipts that waited for it say. `Some` when that is further;
/// the caller tells it.
pub(crate) async fn join(batch: &mut Batch, message: &Message) -> Result<Option<Message>, LedgerError> {
    if !message.is_ours() {
        return Ok(None);
    }
    let rows = sqlx::query("DELETE FROM receipts WHERE channel_id = $1 AND whatsapp_id = $2 RETURNING status, at")
        .bind(message.channel.to_string())
        .bind(&message.whatsapp_id)
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    let mut furthest = message.clone();
    for row in &rows {
        let status = stored::status(row.get(0), None)?;
        if furthest.status.leads_to(&status) {
            furthest.status = status;
            messages::touch(&mut furthest, Timestamp::from_millis(row.get(1)));
        }
    }
    if furthest.status == message.status {
        return Ok(None);
    }
    messages::update(batch, &furthest).await?;
    Ok(Some(furthest))
}

/// Tells readers apart; never shown.
fn reader(by: &Person) -> String {
    match (&by.lid, &by.phone) {
        (Some(lid), _) => lid.to_string(),
        (None, Some(phone)) => phone.to_string(),
        (None, None) => String::new(),
    }
}
