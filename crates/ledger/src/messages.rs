use crate::batch::{Batch, signed};
use crate::dialect::in_list;
use crate::rows::{list, pieces};
use crate::sql::{List, QueryBuilder, Row, query, query_scalar};
use crate::{Ledger, LedgerError, Within, stored};
use domain::{Amended, ChannelId, ChatId, Direction, Lid, Message, MessageId, MessageStatus, OutboxNote, Person, Timestamp};

/// One message, by one of its names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// All of a message. Within `RETURNING` too.
macro_rules! columns {
    () => {
        "n, id, channel_id, whatsapp_id, chat, direction, sender_phone, sender_lid, sender_name, from_me, content, status, failure, \
         at, updated_at, position, send_at, expires_at, attempts, next_attempt_at, setback, edited_at, revoked_at, reactions, \
         app_id, ask_until"
    };
}
pub(crate) use columns;

pub(crate) const SELECT: &str = concat!("SELECT ", columns!(), " FROM messages ");
pub(crate) const RETURNING: &str = concat!(" RETURNING ", columns!());

/// Sent from here, or by the same account on another device.
pub(crate) const OURS: &str = "(from_me OR direction = 'outbound')";

impl Ledger {
    pub async fn message(&self, id: MessageId) -> Result<Option<Message>, LedgerError> {
        let mut reader = self.reader().await?;
        let row = query(BY_ID).bind(id.to_string()).fetch_optional(&mut reader).await.map_err(|e| self.explain(&e))?;
        row.as_ref().map(message).transpose()
    }

    pub async fn messages(&self, channel: ChannelId, query: &MessageQuery) -> Result<MessagePage, LedgerError> {
        self.page_of_messages(channel, query, &Within::everything()).await
    }

    pub(crate) async fn page_of_messages(
        &self,
        channel: ChannelId,
        query: &MessageQuery,
        within: &Within,
    ) -> Result<MessagePage, LedgerError> {
        let mut sql = QueryBuilder::new(SELECT);
        sql.push("WHERE channel_id = ").push_bind(channel.to_string());
        if let Some(chat) = &query.chat {
            sql.push(" AND chat = ").push_bind(chat.as_str().to_owned());
        }
        if let Some(direction) = query.direction {
            sql.push(" AND direction = ").push_bind(direction_word(direction));
        }
        if let Some(status) = &query.status {
            sql.push(" AND status = ").push_bind(status.clone());
        }
        if let Some(before) = query.before {
            sql.push(" AND n < ").push_bind(signed(before));
        }
        within.push(&mut sql);
        let limit = query.limit.clamp(1, 1000);
        // One more than asked tells whether there is a next page.
        sql.push(" ORDER BY n DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let mut reader = self.reader().await?;
        let rows = sql.build().fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        let wanted = &rows[..rows.len().min(limit as usize)];
        let last = wanted.last().filter(|_| rows.len() > wanted.len());
        let next = last.map(|row| row.get::<i64>("n").unsigned_abs());
        Ok(MessagePage { messages: wanted.iter().map(message).collect::<Result<_, _>>()?, next })
    }
}

pub(crate) const BY_ID: &str = concat!("SELECT ", columns!(), " FROM messages WHERE id = $1");

/// Inserts messages in order. An outbound one gets the next place in the outbox. How many were inserted: those whose id is
/// taken are not.
pub(crate) async fn insert(batch: &mut Batch, messages: &[&Message]) -> Result<u64, LedgerError> {
    let mut inserted = 0;
    for piece in pieces(messages) {
        let mut sql = QueryBuilder::new(
            "INSERT INTO messages (id, channel_id, whatsapp_id, chat, direction, sender_phone, sender_lid, sender_name, from_me, \
             content, status, failure, at, updated_at, position, due_at, send_at, expires_at, edited_at, revoked_at, reactions, \
             app_id, ask_until) ",
        );
        let positions: Vec<Option<i64>> =
            piece.iter().map(|m| (m.direction == Direction::Outbound).then(|| signed(batch.next_position()))).collect();
        sql.push_values(piece.iter().zip(positions), |row, (message, position)| {
            let note = &message.outbox;
            row.push_bind(message.id.to_string())
                .push_bind(message.channel.to_string())
                .push_bind(message.whatsapp_id.as_str())
                .push_bind(message.chat.as_str())
                .push_bind(direction_word(message.direction))
                .push_bind(message.sender.phone.as_ref().map(|p| p.digits()))
                .push_bind(message.sender.lid.as_ref().map(Lid::user))
                .push_bind(message.sender.name.as_deref())
                .push_bind(message.from_me)
                .push_bind(stored::content_to(&message.content))
                .push_bind(message.status.as_str())
                .push_bind(stored::failure(&message.status))
                .push_bind(message.at.as_millis())
                .push_bind(message.updated_at.as_millis())
                .push_bind(position)
                .push_bind(note.send_at.map_or(0, Timestamp::as_millis))
                .push_bind(note.send_at.map(Timestamp::as_millis))
                .push_bind(note.expires_at.map(Timestamp::as_millis))
                .push_bind(message.amended.edited_at.map(Timestamp::as_millis))
                .push_bind(message.amended.revoked_at.map(Timestamp::as_millis))
                .push_bind(None::<String>)
                .push_bind(note.app.map(|app| app.to_string()))
                .push_bind(note.ask_until.map(Timestamp::as_millis));
        });
        sql.push(" ON CONFLICT (id) DO NOTHING");
        inserted += sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    Ok(inserted)
}

/// Notes that `message` changed at `at`. WhatsApp tells whole seconds, which may lie before what we noted ourselves: a message
/// never gets younger by that.
pub(crate) fn touch(message: &mut Message, at: Timestamp) {
    message.updated_at = message.updated_at.max(at);
}

/// Writes back what may become known of a message that came in: who sent it, what it says, how far it got.
pub(crate) async fn update(batch: &mut Batch, message: &Message) -> Result<(), LedgerError> {
    query(
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

pub(crate) async fn by_id(batch: &mut Batch, id: MessageId) -> Result<Option<Message>, LedgerError> {
    let row = query(BY_ID).bind(id.to_string()).fetch_optional(&mut batch.connection).await;
    row.map_err(|e| batch.explain(&e))?.as_ref().map(message).transpose()
}

pub(crate) const OF_WHATSAPP_IDS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages WHERE channel_id ",
    in_list!("$1"),
    " AND whatsapp_id ",
    in_list!("$2"),
    " ORDER BY n"
);

/// For one, which is what comes when little goes on: twice as quick.
const OF_WHATSAPP_ID: &str =
    concat!("SELECT ", columns!(), " FROM messages WHERE channel_id = $1 AND whatsapp_id = $2 ORDER BY n");

/// All messages that bear one of these ids in one of these channels, in order of arrival: ids are given by senders, so two
/// may bear one. The caller leaves out what it did not mean.
pub(crate) async fn of_whatsapp_ids(batch: &mut Batch, names: &[(ChannelId, &str)]) -> Result<Vec<Row>, LedgerError> {
    if let [(channel, id)] = names {
        let row = query(OF_WHATSAPP_ID).bind(channel.to_string()).bind(*id).fetch_all(&mut batch.connection).await;
        return row.map_err(|e| batch.explain(&e));
    }
    let (channels, ids) = lists(names);
    let rows = query(OF_WHATSAPP_IDS).bind(channels).bind(ids).fetch_all(&mut batch.connection).await;
    rows.map_err(|e| batch.explain(&e))
}

/// The channels and the ids of such names, each as a list.
pub(crate) fn lists(names: &[(ChannelId, &str)]) -> (List, List) {
    let mut channels: Vec<ChannelId> = names.iter().map(|(channel, _)| *channel).collect();
    channels.sort_unstable();
    channels.dedup();
    (list(channels.iter().map(ToString::to_string)), list(names.iter().map(|(_, id)| *id)))
}

/// Those of these channels that exist.
pub(crate) async fn channels_of(batch: &mut Batch, mut wanted: Vec<ChannelId>) -> Result<Vec<ChannelId>, LedgerError> {
    if wanted.iter().all(|id| batch.channels.contains(id)) {
        return Ok(wanted);
    }
    let ids: Vec<String> = query_scalar(concat!("SELECT id FROM channels WHERE id ", in_list!("$1")))
        .bind(list(wanted.iter().map(ToString::to_string)))
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    for id in ids {
        batch.channels.insert(id.parse().map_err(|_| stored::unreadable("a channel's id"))?);
    }
    wanted.retain(|id| batch.channels.contains(id));
    Ok(wanted)
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

pub(crate) fn status_words(wanted: impl Fn(&MessageStatus) -> bool) -> Vec<&'static str> {
    stored::statuses().into_iter().filter(wanted).map(|s| s.as_str()).collect()
}

fn direction_word(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

/// Also one that WhatsApp named and nobody would write by hand.
pub(crate) fn chat(text: &str) -> Result<ChatId, LedgerError> {
    let (user, server) = text.split_once('@').unwrap_or((text, ""));
    ChatId::from_wire(user, server).ok_or_else(|| stored::unreadable("a message's chat").into())
}

pub(crate) fn message(row: &Row) -> Result<Message, LedgerError> {
    let moment = |column: &str| row.get::<Option<i64>>(column).map(Timestamp::from_millis);
    Ok(Message {
        id: row.get::<&str>("id").parse().map_err(|_| stored::unreadable("a message's id"))?,
        channel: row.get::<&str>("channel_id").parse().map_err(|_| stored::unreadable("a message's channel"))?,
        whatsapp_id: row.get("whatsapp_id"),
        chat: chat(&row.get::<String>("chat"))?,
        direction: match row.get::<&str>("direction") {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return Err(stored::unreadable("a message's direction").into()),
        },
        sender: Person {
            phone: stored::phone(row.get("sender_phone"))?,
            lid: row.get::<Option<String>>("sender_lid").map(Lid::from_user),
            name: row.get("sender_name"),
        },
        from_me: row.get("from_me"),
        content: stored::content_from(row.get("content"))?,
        status: stored::status(row.get("status"), row.get("failure"))?,
        at: Timestamp::from_millis(row.get("at")),
        updated_at: Timestamp::from_millis(row.get("updated_at")),
        outbox: OutboxNote {
            send_at: moment("send_at"),
            expires_at: moment("expires_at"),
            attempts: u32::try_from(row.get::<i64>("attempts")).unwrap_or(u32::MAX),
            next_attempt_at: moment("next_attempt_at"),
            setback: row.get::<Option<&str>>("setback").map(stored::reason_from).transpose()?,
            app: row
                .get::<Option<&str>>("app_id")
                .map(|id| id.parse().map_err(|_| stored::unreadable("a message's app")))
                .transpose()?,
            ask_until: moment("ask_until"),
        },
        amended: Amended {
            edited_at: moment("edited_at"),
            revoked_at: moment("revoked_at"),
            reactions: stored::Reactions::from(row.get("reactions"))?.shown()?,
        },
    })
}
