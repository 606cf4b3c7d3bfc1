use crate::batch::Batch;
use crate::dialect::in_list;
use crate::messages::{self, Ours as _};
use crate::progress::bring;
use crate::rows::list;
use crate::sql::{Row, query, query_as, query_scalar};
use crate::{Ledger, LedgerError, MessageRef, stored};
use domain::{ChannelId, ChatId, Event, Message, MessageStatus, Person, Timestamp};
use std::collections::{BTreeMap, HashSet};

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
    /// [`receipts`](Ledger::receipts) of one.
    pub async fn receipt(&self, receipt: Receipt) -> Result<Vec<Message>, LedgerError> {
        self.receipts(vec![receipt]).await
    }

    /// Takes receipts, in one transaction: the messages that they brought forward, each told by an event. Of a message that is
    /// not known the receipt is kept, told as `receipt.unmatched`, and joined when the message comes. A receipt that comes
    /// twice changes nothing; one for a channel that was deleted is passed over.
    pub async fn receipts(&self, receipts: Vec<Receipt>) -> Result<Vec<Message>, LedgerError> {
        self.write_firmly(move |batch| Box::pin(async move { take(batch, &receipts).await })).await
    }
}

async fn take(batch: &mut Batch, receipts: &[Receipt]) -> Result<Vec<Message>, LedgerError> {
    let mut stages = BTreeMap::<u8, (MessageStatus, Vec<(MessageRef, Timestamp)>)>::new();
    for receipt in receipts {
        let (_, messages) = stages.entry(receipt.status.rank()).or_insert((receipt.status, Vec::new()));
        messages.extend(receipt.whatsapp_ids.iter().map(|whatsapp_id| {
            (MessageRef::WhatsApp { channel: receipt.channel, whatsapp_id: whatsapp_id.clone() }, receipt.at)
        }));
    }
    let mut changed = Vec::new();
    for (status, messages) in stages.into_values() {
        changed.extend(bring(batch, status, &messages).await?);
    }
    let mut known: HashSet<(ChannelId, String)> = changed.iter().map(|m| (m.channel, m.whatsapp_id.clone())).collect();
    let left: Vec<(ChannelId, &str)> = receipts
        .iter()
        .flat_map(|r| r.whatsapp_ids.iter().map(|id| (r.channel, id.as_str())))
        .filter(|(channel, id)| !known.contains(&(*channel, (*id).to_owned())))
        .collect();
    if left.is_empty() {
        return Ok(changed);
    }
    known.extend(ours(batch, &left).await?);
    let mut channels = None;
    for receipt in receipts {
        for whatsapp_id in &receipt.whatsapp_ids {
            if known.contains(&(receipt.channel, whatsapp_id.clone())) {
                continue;
            }
            let channels = match &channels {
                Some(channels) => channels,
                None => {
                    let wanted = receipts.iter().map(|r| r.channel).collect();
                    channels.insert(messages::channels_of(batch, wanted).await?)
                }
            };
            if channels.contains(&receipt.channel) {
                keep(batch, receipt, whatsapp_id).await?;
            }
        }
    }
    Ok(changed)
}

const KNOWN: &str = concat!(
    "SELECT channel_id, whatsapp_id FROM messages WHERE channel_id ",
    in_list!("$1"),
    " AND whatsapp_id ",
    in_list!("$2"),
    " AND (from_me OR direction = 'outbound')"
);

/// Those of ours among such names.
async fn ours(batch: &mut Batch, names: &[(ChannelId, &str)]) -> Result<Vec<(ChannelId, String)>, LedgerError> {
    let (channels, ids) = messages::lists(names);
    let rows: Vec<(String, String)> =
        query_as(KNOWN).bind(channels).bind(ids).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    rows.into_iter()
        .map(|(channel, id)| Ok((channel.parse().map_err(|_| stored::unreadable("a message's channel"))?, id)))
        .collect()
}

async fn keep(batch: &mut Batch, receipt: &Receipt, whatsapp_id: &str) -> Result<(), LedgerError> {
    let n: Option<i64> = query_scalar(
        // Not left to the conflict alone: on Postgres each would use up a number, and those bound how many are kept.
        "INSERT INTO receipts (channel_id, whatsapp_id, chat, status, reader, at) SELECT $1, $2, $3, $4, $5, $6 \
         WHERE NOT EXISTS (SELECT 1 FROM receipts WHERE channel_id = $1 AND whatsapp_id = $2 AND status = $4 AND reader = $5) \
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
    query("DELETE FROM receipts WHERE n <= $1")
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
    batch.log(&event, receipt.at)?;
    Ok(())
}

/// Brings messages that have just been written as far as the receipts that waited for them say. Those for which that is
/// further, also in `messages`; the caller tells them.
pub(crate) async fn join(batch: &mut Batch, messages: &mut [Message]) -> Result<Vec<Message>, LedgerError> {
    const WAITING: &str = concat!(
        "SELECT n, channel_id, whatsapp_id, status, at FROM receipts WHERE channel_id ",
        in_list!("$1"),
        " AND whatsapp_id ",
        in_list!("$2"),
        " ORDER BY n"
    );
    const JOINED: &str = concat!("DELETE FROM receipts WHERE n ", in_list!("$1"));
    let names: Vec<_> = messages.iter().filter(|m| m.is_ours()).map(|m| (m.channel, m.whatsapp_id.as_str())).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (channels, ids) = messages::lists(&names);
    let rows = query(WAITING).bind(channels).bind(ids).fetch_all(&mut batch.connection).await;
    let rows: Vec<Row> = rows.map_err(|e| batch.explain(&e))?;
    let (mut further, mut joined) = (Vec::new(), Vec::new());
    if rows.is_empty() {
        return Ok(further);
    }
    for message in messages.iter_mut().filter(|m| m.is_ours()) {
        let before = message.status;
        let (channel, whatsapp_id) = (message.channel.to_string(), message.whatsapp_id.clone());
        for row in
            rows.iter().filter(|r| r.get::<&str>("channel_id") == channel && r.get::<String>("whatsapp_id") == whatsapp_id)
        {
            joined.push(row.get::<i64>("n"));
            let status = stored::status(row.get("status"), None)?;
            if message.status.leads_to(&status) {
                message.status = status;
                messages::touch(message, Timestamp::from_millis(row.get("at")));
            }
        }
        if message.status != before {
            messages::update(batch, message).await?;
            further.push(message.clone());
        }
    }
    query(JOINED).bind(list(joined)).execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    Ok(further)
}

/// Tells readers apart; never shown.
fn reader(by: &Person) -> String {
    match (&by.lid, &by.phone) {
        (Some(lid), _) => lid.to_string(),
        (None, Some(phone)) => phone.to_string(),
        (None, None) => String::new(),
    }
}
