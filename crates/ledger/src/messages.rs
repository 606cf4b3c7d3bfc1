use crate::dialect::{Db, Row};
use crate::writer::Batch;
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, ChatId, Direction, Lid, Message, MessageId, Person, Timestamp};
use sqlx::{QueryBuilder, Row as _};

/// One message, by one of its names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MessageRef {
    Id(MessageId),
    /// One that left (or is to leave) this channel under this WhatsApp id.
    WhatsApp {
        channel: ChannelId,
        whatsapp_id: String,
    },
}

impl From<MessageId> for MessageRef {
    fn from(id: MessageId) -> Self {
        MessageRef::Id(id)
    }
}

/// Which messages of a channel to read, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageQuery {
    pub chat: Option<ChatId>,
    /// Only those of this status: `MessageStatus::as_str`'s word.
    pub status: Option<String>,
    pub direction: Option<Direction>,
    /// The `next` of the page before.
    pub before: Option<u64>,
    /// At most this many (1 to 1000).
    pub limit: u32,
}

/// A page of messages in the reverse order of their arrival here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessagePage {
    pub messages: Vec<Message>,
    /// What `before` takes for the next page; `None` at the end.
    pub next: Option<u64>,
}

pub(crate) const SELECT: &str = "SELECT n, id, channel_id, whatsapp_id, chat, direction, sender_phone, sender_lid, sender_name, from_me, \
                                 content, status, failure, at, updated_at FROM messages ";

impl Ledger {
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, LedgerError> {
        let mut reader = self.reader().await?;
        let mut sql = QueryBuilder::<Db>::new(SELECT);
        sql.push("WHERE id = ").push_bind(id.to_string());
        let row = sql.build().fetch_optional(&mut *reader).await.map_err(|e| self.explain(&e))?;
        row.as_ref().map(message).transpose()
    }

    pub async fn messages(&self, channel: ChannelId, query: &MessageQuery) -> Result<MessagePage, LedgerError> {
        let limit = query.limit.clamp(1, 1000);
        let mut sql = QueryBuilder::<Db>::new(SELECT);
        sql.push("WHERE channel_id = ").push_bind(channel.to_string());
        if let Some(chat) = &query.chat {
            sql.push(" AND chat = ").push_bind(chat.as_str().to_owned());
        }
        if let Some(status) = &query.status {
            sql.push(" AND status = ").push_bind(status.clone());
        }
        if let Some(direction) = query.direction {
            sql.push(" AND direction = ").push_bind(direction_word(direction));
        }
        if let Some(before) = query.before {
            sql.push(" AND n < ").push_bind(i64::try_from(before).unwrap_or(i64::MAX));
        }
        // One more than asked tells whether there is a next page.
        sql.push(" ORDER BY n DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut *reader).await.map_err(|e| self.explain(&e))?;
        let wanted = &rows[..rows.len().min(limit as usize)];
        let next =
            (rows.len() > wanted.len()).then(|| wanted.last().map(|row| row.get::<i64, _>("n").unsigned_abs())).flatten();
        Ok(MessagePage { messages: wanted.iter().map(message).collect::<Result<_, _>>()?, next })
    }
}

pub(crate) async fn insert(batch: &mut Batch, message: &Message) -> Result<(), LedgerError> {
    sqlx::query(
        "INSERT INTO messages (id, channel_id, whatsapp_id, chat, direction, sender_phone, sender_lid, sender_name, from_me, content, \
         status, failure, at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(message.id.to_string())
    .bind(message.channel.to_string())
    .bind(&message.whatsapp_id)
    .bind(message.chat.as_str())
    .bind(direction_word(message.direction))
    .bind(message.sender.phone.as_ref().map(|p| p.digits()))
    .bind(message.sender.lid.as_ref().map(Lid::user))
    .bind(&message.sender.name)
    .bind(message.from_me)
    .bind(stored::content_to(&message.content))
    .bind(message.status.as_str())
    .bind(stored::failure(&message.status))
    .bind(message.at.as_millis())
    .bind(message.updated_at.as_millis())
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}

/// Notes that `message` changed at `at`. WhatsApp tells whole seconds, which may lie before what we noted ourselves: a message
/// never gets younger by that.
pub(crate) fn touch(message: &mut Message, at: Timestamp) {
    message.updated_at = message.updated_at.max(at);
}

/// Writes back what may change of a message: who sent it, what it says, and how far it got.
pub(crate) async fn update(batch: &mut Batch, message: &Message) -> Result<(), LedgerError> {
    sqlx::query(
        "UPDATE messages SET sender_phone = $2, sender_lid = $3, sender_name = $4, content = $5, status = $6, failure = $7, \
         updated_at = $8 WHERE id = $1",
    )
    .bind(message.id.to_string())
    .bind(message.sender.phone.as_ref().map(|p| p.digits()))
    .bind(message.sender.lid.as_ref().map(Lid::user))
    .bind(&message.sender.name)
    .bind(stored::content_to(&message.content))
    .bind(message.status.as_str())
    .bind(stored::failure(&message.status))
    .bind(message.updated_at.as_millis())
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}

/// The message behind `which`, as the transaction sees it.
pub(crate) async fn find(batch: &mut Batch, which: &MessageRef) -> Result<Option<Message>, LedgerError> {
    match which {
        MessageRef::Id(id) => {
            let mut sql = QueryBuilder::<Db>::new(SELECT);
            sql.push("WHERE id = ").push_bind(id.to_string());
            let row = sql.build().fetch_optional(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
            row.as_ref().map(message).transpose()
        }
        MessageRef::WhatsApp { channel, whatsapp_id } => {
            Ok(of_whatsapp_id(batch, *channel, whatsapp_id).await?.into_iter().find(Message::is_ours))
        }
    }
}

/// All messages of a channel that bear this id: ids are given by senders, so two may bear one.
pub(crate) async fn of_whatsapp_id(
    batch: &mut Batch,
    channel: ChannelId,
    whatsapp_id: &str,
) -> Result<Vec<Message>, LedgerError> {
    let mut sql = QueryBuilder::<Db>::new(SELECT);
    sql.push("WHERE channel_id = ").push_bind(channel.to_string());
    sql.push(" AND whatsapp_id = ").push_bind(whatsapp_id.to_owned()).push(" ORDER BY n");
    let rows = sql.build().fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    rows.iter().map(message).collect()
}

/// Whether receipts of others can be about it.
pub(crate) trait Ours {
    fn is_ours(&self) -> bool;
}

impl Ours for Message {
    /// Sent from here, or by the same account on another device.
    fn is_ours(&self) -> bool {
        self.from_me || self.direction == Direction::Outbound
    }
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

pub(crate) fn message(row: &Row) -> Result<Message, LedgerError> {
    Ok(Message {
        id: row.get::<&str, _>("id").parse().map_err(|_| stored::unreadable("a message's id"))?,
        channel: row.get::<&str, _>("channel_id").parse().map_err(|_| stored::unreadable("a message's channel"))?,
        whatsapp_id: row.get("whatsapp_id"),
        chat: row.get::<&str, _>("chat").parse().map_err(|_| stored::unreadable("a message's chat"))?,
        direction: match row.get::<&str, _>("direction") {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return Err(stored::unreadable("a message's direction").into()),
        },
        sender: Person {
            phone: stored::phone(row.get("sender_phone"))?,
            lid: row.get::<Option<String>, _>("sender_lid").map(Lid::from_user),
            name: row.get("sender_name"),
        },
        from_me: row.get("from_me"),
        content: stored::content_from(row.get("content"))?,
        status: stored::status(row.get("status"), row.get("failure"))?,
        at: Timestamp::from_millis(row.get("at")),
        updated_at: Timestamp::from_millis(row.get("updated_at")),
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    })
}
