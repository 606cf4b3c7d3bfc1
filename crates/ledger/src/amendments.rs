use crate::LedgerError;
use crate::amend::{self, Amendment};
use crate::batch::Batch;
use crate::dialect::in_list;
use crate::inbound::Known;
use crate::messages;
use crate::rows::{list, pieces};
use crate::sql::{QueryBuilder, Row, query};
use crate::stored;
use domain::{ChannelId, Direction, Lid, Message, MessageId, MessageStatus, Person, Timestamp};

/// Amendments kept for messages that have not come; the oldest go first. A phone's old chats can produce any number.
const KEPT: i64 = 10_000;

/// Applies what waited for messages that have come just now, and then those that have come just now themselves, each to the
/// message that it is about.
pub(crate) async fn apply(batch: &mut Batch, known: &mut Known) -> Result<(), LedgerError> {
    let fresh: Vec<Message> =
        known.entries.iter().filter(|e| e.is_new || e.is_resolved).map(|e| e.target.message.clone()).collect();
    if fresh.is_empty() {
        return Ok(());
    }
    let names: Vec<_> = fresh.iter().map(|m| (m.channel, m.whatsapp_id.as_str())).collect();
    let mut done = Vec::new();
    let kept = if batch.amendments_kept { waiting(batch, &names).await? } else { Vec::new() };
    for (n, amendment) in kept {
        match one(batch, known, &amendment)? {
            Some(Amendment::Applied(_) | Amendment::Void) => done.push(n),
            Some(Amendment::TooEarly) | None => {}
        }
    }
    if !done.is_empty() {
        query(concat!("DELETE FROM amendments WHERE n ", in_list!("$1")))
            .bind(list(done))
            .execute(&mut batch.connection)
            .await
            .map_err(|e| batch.explain(&e))?;
    }
    let amending: Vec<&Message> = fresh.iter().filter(|m| m.content.target().is_some()).collect();
    let targets: Vec<(ChannelId, &str)> = amending.iter().filter_map(|m| Some((m.channel, m.content.target()?))).collect();
    known.read(batch, &targets).await?;
    let mut early = Vec::new();
    for amendment in amending {
        match one(batch, known, amendment)? {
            Some(Amendment::Applied(_) | Amendment::Void) => {}
            Some(Amendment::TooEarly) | None => early.push(amendment),
        }
    }
    keep(batch, &early).await?;
    for entry in known.entries.iter().filter(|e| e.is_amended) {
        let message = &entry.target.message;
        query("UPDATE messages SET content = $2, edited_at = $3, revoked_at = $4, reactions = $5 WHERE id = $1")
            .bind(message.id.to_string())
            .bind(stored::content_to(&message.content))
            .bind(message.amended.edited_at.map(Timestamp::as_millis))
            .bind(message.amended.revoked_at.map(Timestamp::as_millis))
            .bind(entry.target.reactions.to_column())
            .execute(&mut batch.connection)
            .await
            .map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}

/// `None` when the message that it is about is not known.
fn one(batch: &mut Batch, known: &mut Known, amendment: &Message) -> Result<Option<Amendment>, LedgerError> {
    let Some(name) = amendment.content.target() else { return Ok(None) };
    let places = known.named(amendment.channel, name).to_vec();
    let mut outcome = None;
    // Two senders may have given one id: it is about the one that can take it.
    for place in
        places.into_iter().filter(|i| amend::is_about(&known.entries[*i].target.message, amendment)).collect::<Vec<_>>()
    {
        let entry = &mut known.entries[place];
        let amended = amend::amend(&mut entry.target, amendment)?;
        if let Amendment::Applied(event) = &amended {
            entry.is_amended = true;
            let at = amendment.updated_at.max(entry.target.message.updated_at);
            batch.log(event, at)?;
            return Ok(Some(amended));
        }
        outcome = Some(amended);
    }
    Ok(outcome)
}

async fn waiting(batch: &mut Batch, names: &[(ChannelId, &str)]) -> Result<Vec<(i64, Message)>, LedgerError> {
    const WAITING: &str = concat!(
        "SELECT n, channel_id, target, chat, sender_phone, sender_lid, sender_name, from_me, content, at FROM amendments \
         WHERE channel_id ",
        in_list!("$1"),
        " AND target ",
        in_list!("$2"),
        " ORDER BY n"
    );
    let (channels, ids) = messages::lists(names);
    let rows = query(WAITING).bind(channels).bind(ids).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    rows.iter().map(|row| Ok((row.get("n"), amendment(row)?))).collect()
}

/// As a message, as far as it matters for what it does.
fn amendment(row: &Row) -> Result<Message, LedgerError> {
    let at = Timestamp::from_millis(row.get("at"));
    Ok(Message {
        id: MessageId::new(at, 0),
        channel: row.get::<&str>("channel_id").parse().map_err(|_| stored::unreadable("an amendment's channel"))?,
        whatsapp_id: String::new(),
        chat: messages::chat(&row.get::<String>("chat"))?,
        direction: Direction::Inbound,
        sender: Person {
            phone: stored::phone(row.get("sender_phone"))?,
            lid: row.get::<Option<String>>("sender_lid").map(Lid::from_user),
            name: row.get("sender_name"),
        },
        from_me: row.get("from_me"),
        content: stored::content_from(row.get("content"))?,
        status: MessageStatus::Received,
        at,
        updated_at: at,
        outbox: domain::OutboxNote::default(),
        amended: domain::Amended::default(),
    })
}

async fn keep(batch: &mut Batch, amendments: &[&Message]) -> Result<(), LedgerError> {
    batch.amendments_kept |= !amendments.is_empty();
    for piece in pieces(amendments) {
        let mut sql = QueryBuilder::new(
            "INSERT INTO amendments (channel_id, target, chat, sender_phone, sender_lid, sender_name, from_me, content, at) ",
        );
        sql.push_values(piece, |row, message| {
            row.push_bind(message.channel.to_string())
                .push_bind(message.content.target().unwrap_or_default())
                .push_bind(message.chat.as_str())
                .push_bind(message.sender.phone.as_ref().map(|p| p.digits()))
                .push_bind(message.sender.lid.as_ref().map(Lid::user))
                .push_bind(message.sender.name.as_deref())
                .push_bind(message.from_me)
                .push_bind(stored::content_to(&message.content))
                .push_bind(message.at.as_millis());
        });
        sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    if !amendments.is_empty() {
        query("DELETE FROM amendments WHERE n <= (SELECT max(n) FROM amendments) - $1")
            .bind(KEPT)
            .execute(&mut batch.connection)
            .await
            .map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}
