use crate::access::{self, Owners};
use crate::batch::Batch;
use crate::dialect::in_list;
use crate::rows::{list, pieces};
use crate::sql::{QueryBuilder, Row, query, query_as, query_scalar};
use crate::{Ledger, LedgerError, messages, receipts, shut_out, stored};
use domain::{AppId, ChannelId, Event, Message, MessageId, MessageStatus, OutboxNote, Timestamp};
use std::collections::{HashMap, HashSet};
use std::time::Duration;

/// What makes a send that is asked for twice one send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// As the program gave it; counts within its channel.
    pub key: String,
    /// Of what was asked for, so that another request under the same key is told apart.
    pub fingerprint: [u8; 32],
}

/// What became of a message that was to be put into the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    New(Message),
    /// This key has been used for this very request: the message as it was first answered. Nothing was written.
    Again(Message),
    /// This key has been used for another request. Nothing was written.
    OtherBody,
}

/// How long a key counts.
const KEPT: Duration = Duration::from_secs(24 * 3600);
/// Keys forgotten in one transaction.
const STEP: i64 = 1000;

/// A message that is to be put into the outbox, or before it when it waits for a person.
pub(crate) struct Offer {
    pub message: Message,
    pub idempotency: Option<Idempotency>,
    /// Of those in the channel's outbox; or of the same app's that wait for a person.
    pub max_queued: Option<u32>,
}

impl Offer {
    fn is_asking(&self) -> bool {
        self.message.status == MessageStatus::Asking
    }
}

impl Ledger {
    /// Puts a message into its channel's outbox with `message.queued`. `NoSuchChannel`; `QueueFull` when `max_queued` of the
    /// channel's messages have not left yet; `AlreadyThere` when its id is taken; `NoSuchApp` when the app that wants it sent may not
    /// (any more). Offers that are made at once share their
    /// statements and their fsync.
    pub async fn insert_outbound(
        &self,
        message: Message,
        idempotency: Option<Idempotency>,
        max_queued: Option<u32>,
    ) -> Result<Accepted, LedgerError> {
        self.inner.writer.accept(Offer { message, idempotency, max_queued }).await
    }

    /// What has been answered under this key of the channel within the last day: `Again` or `OtherBody`, never `New`.
    pub async fn accepted(
        &self,
        channel: ChannelId,
        asked: &Idempotency,
        now: Timestamp,
    ) -> Result<Option<Accepted>, LedgerError> {
        const USED: &str = "SELECT k.key, k.fingerprint, k.content AS first_content, m.* FROM idempotency k \
                            JOIN messages m ON m.id = k.message_id WHERE k.channel_id = $1 AND k.key = $2";
        let mut reader = self.reader().await?;
        let row = query(USED).bind(channel.to_string()).bind(asked.key.as_str()).fetch_optional(&mut reader).await;
        let row = row.map_err(|e| self.explain(&e))?;
        let Some((_, used)) = row.as_ref().map(used_key).transpose()? else { return Ok(None) };
        Ok(match (used.counts_at(now), used.fingerprint == asked.fingerprint) {
            (false, _) => None,
            (true, true) => Some(Accepted::Again(used.message)),
            (true, false) => Some(Accepted::OtherBody),
        })
    }

    /// Forgets keys that are older than a day; how many.
    pub async fn prune_idempotency(&self, now: Timestamp) -> Result<u64, LedgerError> {
        let before = now.minus(KEPT).as_millis();
        let Some(alone) = self.alone().await? else { return Ok(0) };
        let gone = self.write_firmly(move |batch| {
            Box::pin(async move {
                let gone = query(
                    "DELETE FROM idempotency WHERE (channel_id, key) IN \
                     (SELECT channel_id, key FROM idempotency WHERE at <= $1 ORDER BY at LIMIT $2)",
                )
                .bind(before)
                .bind(STEP)
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                Ok(gone)
            })
        });
        let gone = gone.await;
        alone.give_back().await;
        gone
    }
}

/// Takes offers in order: an answer for each. What is refused is found out before anything is written.
pub(crate) async fn all(batch: &mut Batch, offers: Vec<Offer>) -> Result<Vec<Result<Accepted, LedgerError>>, LedgerError> {
    let mut room = rooms(batch, &offers).await?;
    let mut asking = asking(batch, &offers).await?;
    let mut keys = known_keys(batch, &offers).await?;
    let by_apps = offers.iter().any(|offer| offer.message.outbox.app.is_some());
    let senders = if by_apps { access::enabled(batch).await? } else { Owners::default() };
    let mut ids = HashSet::new();
    let mut outcomes = Vec::with_capacity(offers.len());
    let mut fresh = Vec::new();
    for offer in &offers {
        let message = &offer.message;
        let key = offer.idempotency.as_ref().map(|i| ((message.channel, i.key.clone()), i.fingerprint));
        let used = key.as_ref().and_then(|(key, _)| keys.get(key)).filter(|k| k.counts_at(message.at));
        outcomes.push(match (room.get_mut(&message.channel), &key, used) {
            (None, _, _) => Err(LedgerError::NoSuchChannel),
            (Some(_), Some((_, fingerprint)), Some(used)) if used.fingerprint == *fingerprint => {
                Ok(Accepted::Again(used.message.clone()))
            }
            (Some(_), _, Some(_)) => Ok(Accepted::OtherBody),
            (Some(_), _, None) if !shut_out::is_permitted(&senders, message) => Err(LedgerError::NoSuchApp),
            (Some(queued), _, None) => {
                let held = if offer.is_asking() { asking.entry(message.outbox.app).or_insert(0) } else { queued };
                if offer.max_queued.is_some_and(|max| *held >= u64::from(max)) {
                    Err(LedgerError::QueueFull)
                } else if !ids.insert(message.id) {
                    Err(LedgerError::AlreadyThere)
                } else {
                    *held += 1;
                    if let Some((key, fingerprint)) = key {
                        keys.insert(key, UsedKey { fingerprint, message: message.clone() });
                    }
                    fresh.push(outcomes.len());
                    Ok(Accepted::New(message.clone()))
                }
            }
        });
    }
    let new: Vec<&Message> = fresh.iter().map(|at| &offers[*at].message).collect();
    if messages::insert(batch, &new).await? < new.len() as u64 {
        // An id was given a second time, which no program of ours does: who asked for it learns that, and the rest stands.
        let mine = positions(batch, &new).await?;
        fresh.retain(|at| {
            let is_mine = mine.contains(&offers[*at].message.id);
            if !is_mine {
                outcomes[*at] = Err(LedgerError::AlreadyThere);
            }
            is_mine
        });
    }
    let fresh: Vec<&Offer> = fresh.iter().map(|at| &offers[*at]).collect();
    remember_keys(batch, &fresh).await?;
    for offer in &fresh {
        let message = offer.message.clone();
        let event = if offer.is_asking() {
            Event::MessageAsking { message }
        } else {
            batch.told.outbox.insert(message.channel);
            Event::MessageQueued { message }
        };
        batch.log(&event, offer.message.at)?;
    }
    let leaving = fresh.iter().filter(|offer| !offer.is_asking());
    let mut queued: Vec<Message> = leaving.map(|offer| offer.message.clone()).collect();
    for joined in receipts::join(batch, &mut queued).await? {
        let at = joined.updated_at;
        batch.log(&Event::MessageProgress { message: joined }, at)?;
    }
    Ok(outcomes)
}

/// How many messages the outboxes of those channels hold that exist; 0 where nobody asks.
async fn rooms(batch: &mut Batch, offers: &[Offer]) -> Result<HashMap<ChannelId, u64>, LedgerError> {
    const HELD: &str = concat!(
        "SELECT id, (SELECT count(*) FROM messages WHERE channel_id = channels.id AND status IN ('queued', 'sending')) \
         FROM channels WHERE id ",
        in_list!("$1")
    );
    let bounded = offers.iter().any(|offer| offer.max_queued.is_some() && !offer.is_asking());
    let channels: HashSet<ChannelId> = offers.iter().map(|offer| offer.message.channel).collect();
    if !bounded {
        let known = messages::channels_of(batch, channels.into_iter().collect()).await?;
        return Ok(known.into_iter().map(|id| (id, 0)).collect());
    }
    let rows: Vec<(String, i64)> = query_as(HELD)
        .bind(list(channels.iter().map(ToString::to_string)))
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    rows.into_iter()
        .map(|(id, held)| Ok((id.parse().map_err(|_| stored::unreadable("a channel's id"))?, held.unsigned_abs())))
        .collect()
}

/// How many messages of which app wait for a person; nothing where none is to join them.
async fn asking(batch: &mut Batch, offers: &[Offer]) -> Result<HashMap<Option<AppId>, u64>, LedgerError> {
    let mut waiting = HashMap::new();
    if !offers.iter().any(Offer::is_asking) {
        return Ok(waiting);
    }
    let rows: Vec<Option<String>> =
        query_scalar(ASKING).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    for app in rows {
        let app = app.map(|id| id.parse()).transpose().map_err(|_| stored::unreadable("a message's app"))?;
        *waiting.entry(app).or_insert(0) += 1;
    }
    Ok(waiting)
}

/// Few: each app may only have so many. Not counted by the database, which would walk all messages in the order of the groups.
pub(crate) const ASKING: &str = "SELECT app_id FROM messages WHERE status = 'asking'";

struct UsedKey {
    fingerprint: [u8; 32],
    /// As it was first answered.
    message: Message,
}

impl UsedKey {
    fn counts_at(&self, now: Timestamp) -> bool {
        now.since(self.message.at) < KEPT
    }
}

async fn known_keys(batch: &mut Batch, offers: &[Offer]) -> Result<HashMap<(ChannelId, String), UsedKey>, LedgerError> {
    const USED: &str = concat!(
        "SELECT k.key, k.fingerprint, k.content AS first_content, m.* FROM idempotency k JOIN messages m ON m.id = k.message_id \
         WHERE k.channel_id ",
        in_list!("$1"),
        " AND k.key ",
        in_list!("$2")
    );
    let names: Vec<_> = offers.iter().filter_map(|o| Some((o.message.channel, o.idempotency.as_ref()?.key.as_str()))).collect();
    if names.is_empty() {
        return Ok(HashMap::new());
    }
    let (channels, keys) = messages::lists(&names);
    let rows = query(USED).bind(channels).bind(keys).fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    rows.iter().map(used_key).collect()
}

fn used_key(row: &Row) -> Result<((ChannelId, String), UsedKey), LedgerError> {
    let now = messages::message(row)?;
    let message = Message {
        content: stored::content_from(row.get("first_content"))?,
        // Also when somebody has answered for it since.
        status: if now.outbox.ask_until.is_some() { MessageStatus::Asking } else { MessageStatus::Queued },
        updated_at: now.at,
        outbox: OutboxNote {
            send_at: now.outbox.send_at,
            expires_at: now.outbox.expires_at,
            app: now.outbox.app,
            ask_until: now.outbox.ask_until,
            ..OutboxNote::default()
        },
        amended: domain::Amended::default(),
        ..now
    };
    let mut fingerprint = [0; 32];
    hex::decode_to_slice(row.get::<&str>("fingerprint"), &mut fingerprint)
        .map_err(|_| stored::unreadable("an idempotency key"))?;
    Ok(((message.channel, row.get("key")), UsedKey { fingerprint, message }))
}

async fn remember_keys(batch: &mut Batch, accepted: &[&Offer]) -> Result<(), LedgerError> {
    let keyed: Vec<_> = accepted.iter().filter_map(|o| Some((&o.message, o.idempotency.as_ref()?))).collect();
    for piece in pieces(&keyed) {
        let mut sql = QueryBuilder::new("INSERT INTO idempotency (channel_id, key, fingerprint, message_id, content, at) ");
        sql.push_values(piece, |row, (message, idempotency)| {
            row.push_bind(message.channel.to_string())
                .push_bind(idempotency.key.as_str())
                .push_bind(hex::encode(idempotency.fingerprint))
                .push_bind(message.id.to_string())
                .push_bind(stored::content_to(&message.content))
                .push_bind(message.at.as_millis());
        });
        // Of a day ago.
        sql.push(
            " ON CONFLICT (channel_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, message_id = excluded.message_id, \
             content = excluded.content, at = excluded.at",
        );
        sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}

/// Those of `new` that were inserted just now: they have one of the newest places.
async fn positions(batch: &mut Batch, new: &[&Message]) -> Result<HashSet<MessageId>, LedgerError> {
    const MINE: &str = concat!("SELECT id FROM messages WHERE position > $1 AND id ", in_list!("$2"));
    let before = batch.heads.position.saturating_sub(new.len() as u64);
    let ids: Vec<String> = query_scalar(MINE)
        .bind(crate::batch::signed(before))
        .bind(list(new.iter().map(|m| m.id.to_string())))
        .fetch_all(&mut batch.connection)
        .await
        .map_err(|e| batch.explain(&e))?;
    ids.iter().map(|id| id.parse().map_err(|_| stored::unreadable("a message's id").into())).collect()
}
