use crate::batch::Batch;
use crate::sealing::Sealing;
use crate::sql::{Row, query};
use crate::{Ledger, LedgerError, holding, stored, timeline};
use domain::{ChannelId, ChannelView, Desired, Event, Fence, Identity, Proxy, State, Timestamp};

/// What became of a channel: its new state, and the events that tell it.
#[derive(Clone, Debug)]
pub struct TransitionRecord {
    pub channel: ChannelId,
    pub state: State,
    pub stuck_since: Option<Timestamp>,
    pub desired: Desired,
    pub paired: bool,
    /// `None` keeps the account that was known.
    pub identity: Option<Identity>,
    pub events: Vec<Event>,
    pub at: Timestamp,
    /// The writer's, when it holds the channel among several workers: `Fenced` when another one holds it since.
    pub fence: Option<Fence>,
}

/// Settings of a channel to change; `None` leaves one as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelPatch {
    pub name: Option<String>,
    pub proxy: Option<Option<Proxy>>,
}

macro_rules! columns {
    () => {
        "id, name, created_at, desired, paired, state, state_since, state_detail, stuck_since, identity, proxy, prompt"
    };
}
const ALL: &str = concat!("SELECT ", columns!(), " FROM channels ORDER BY created_at, id");
const BY_ID: &str = concat!("SELECT ", columns!(), " FROM channels WHERE id = $1");

impl Ledger {
    /// All channels in the order of their creation, as they were last recorded. A pairing prompt comes back without its code.
    pub async fn channels(&self) -> Result<Vec<ChannelView>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(ALL).fetch_all(&mut reader).await.map_err(|e| self.explain(&e))?;
        rows.iter().map(|row| channel(row, &self.inner.sealing)).collect()
    }

    /// One channel as it was last recorded; in a ledger that is shared, with what is shown for pairing.
    pub async fn channel(&self, id: ChannelId) -> Result<Option<ChannelView>, LedgerError> {
        let mut reader = self.reader().await?;
        let row = query(BY_ID).bind(id.to_string()).fetch_optional(&mut reader).await;
        let row = row.map_err(|e| self.explain(&e))?;
        let Some(row) = row else { return Ok(None) };
        let mut view = channel(&row, &self.inner.sealing)?;
        if let (State::Pairing { prompt, .. }, Some(shown)) = (&mut view.state, row.get::<Option<String>>("prompt")) {
            let shown = self.inner.sealing.open("channels.prompt", &id.to_string(), shown)?;
            *prompt = stored::prompt_from(&shown)?;
        }
        Ok(Some(view))
    }

    /// Adds a channel with the first line of its timeline. `AlreadyThere` when its id is taken. The newest `seq` afterwards.
    pub async fn insert_channel(&self, channel: ChannelView, events: Vec<Event>, at: Timestamp) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                insert(batch, &channel).await?;
                batch.told.channels.insert(channel.id);
                timeline::add(batch, channel.id, &channel.state, channel.desired, channel.stuck_since, at).await?;
                batch.log_all(&events, at)
            })
        })
        .await
    }

    /// Changes settings. The newest `seq` afterwards.
    pub async fn update_channel(
        &self,
        id: ChannelId,
        patch: ChannelPatch,
        events: Vec<Event>,
        at: Timestamp,
    ) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let proxy = patch.proxy.as_ref().and_then(Option::as_ref).map(|proxy| kept_proxy(batch, id, proxy));
                let changed = query(
                    "UPDATE channels SET name = coalesce($2, name), proxy = CASE WHEN $3 THEN $4 ELSE proxy END WHERE id = $1",
                )
                .bind(id.to_string())
                .bind(patch.name)
                .bind(patch.proxy.is_some())
                .bind(proxy)
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                if changed == 0 {
                    return Err(LedgerError::NoSuchChannel);
                }
                batch.told.channels.insert(id);
                batch.log_all(&events, at)
            })
        })
        .await
    }

    /// Removes a channel with its timeline and messages; the event log keeps what it told. The newest `seq` afterwards.
    pub async fn delete_channel(&self, id: ChannelId, events: Vec<Event>, at: Timestamp) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                batch.channels.remove(&id);
                let gone = query("DELETE FROM channels WHERE id = $1")
                    .bind(id.to_string())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                if gone == 0 {
                    return Err(LedgerError::NoSuchChannel);
                }
                batch.told.channels.insert(id);
                batch.log_all(&events, at)
            })
        })
        .await
    }

    /// Records what became of a channel: its row, a line of its timeline (when a state began, or stuck began or ended) and the
    /// events, all or nothing. The newest `seq` afterwards. `NoSuchChannel`; `Fenced`.
    pub async fn transition(&self, record: TransitionRecord) -> Result<u64, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                if record.fence.is_some() {
                    holding::check(batch, record.channel, record.fence).await?;
                }
                let before = query("SELECT state, state_since, stuck_since FROM channels WHERE id = $1")
                    .bind(record.channel.to_string())
                    .fetch_optional(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?
                    .ok_or(LedgerError::NoSuchChannel)?;
                let stuck_since = record.stuck_since.map(Timestamp::as_millis);
                let id = record.channel.to_string();
                // Who reads the file alone shows what he knows himself; a code links a device and outlives nothing.
                let prompt = match (&batch.sealing, stored::prompt_to(&record.state)) {
                    (Sealing::Sealed(_), Some(prompt)) => Some(batch.sealing.close("channels.prompt", &id, prompt)),
                    (Sealing::Sealed(_), None) | (Sealing::Unneeded, _) => None,
                };
                batch.told.channels.insert(record.channel);
                let same = before.get::<&str>(0) == record.state.kind().as_str()
                    && before.get::<i64>(1) == record.state.since().as_millis()
                    && before.get::<Option<i64>>(2) == stuck_since;
                query(
                    "UPDATE channels SET desired = $2, paired = $3, state = $4, state_since = $5, state_detail = $6, stuck_since = $7, \
                     identity = coalesce($8, identity), prompt = $9 WHERE id = $1",
                )
                .bind(record.channel.to_string())
                .bind(record.desired.as_str())
                .bind(record.paired)
                .bind(record.state.kind().as_str())
                .bind(record.state.since().as_millis())
                .bind(stored::state_detail(&record.state))
                .bind(stuck_since)
                .bind(record.identity.as_ref().map(stored::identity_to))
                .bind(prompt)
                .execute(&mut batch.connection)
                .await
                .map_err(|e| batch.explain(&e))?;
                if !same {
                    timeline::add(batch, record.channel, &record.state, record.desired, record.stuck_since, record.at).await?;
                }
                batch.log_all(&record.events, record.at)
            })
        })
        .await
    }
}

pub(crate) async fn by_id(batch: &mut Batch, id: ChannelId) -> Result<Option<ChannelView>, LedgerError> {
    let row = query(BY_ID).bind(id.to_string()).fetch_optional(&mut batch.connection).await;
    row.map_err(|e| batch.explain(&e))?.as_ref().map(|row| channel(row, &batch.sealing)).transpose()
}

async fn insert(batch: &mut Batch, channel: &ChannelView) -> Result<(), LedgerError> {
    query(
        "INSERT INTO channels (id, name, created_at, desired, paired, state, state_since, state_detail, stuck_since, identity, proxy) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(channel.id.to_string())
    .bind(&channel.name)
    .bind(channel.created_at.as_millis())
    .bind(channel.desired.as_str())
    .bind(channel.paired)
    .bind(channel.state.kind().as_str())
    .bind(channel.state.since().as_millis())
    .bind(stored::state_detail(&channel.state))
    .bind(channel.stuck_since.map(Timestamp::as_millis))
    .bind(channel.identity.as_ref().map(stored::identity_to))
    .bind(channel.proxy.as_ref().map(|proxy| kept_proxy(batch, channel.id, proxy)))
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}

fn kept_proxy(batch: &Batch, id: ChannelId, proxy: &Proxy) -> String {
    batch.sealing.close(PROXY, &id.to_string(), stored::proxy_to(proxy))
}

const PROXY: &str = "channels.proxy";

fn channel(row: &Row, sealing: &Sealing) -> Result<ChannelView, LedgerError> {
    let proxy = row.get::<Option<String>>("proxy").map(|kept| sealing.open(PROXY, row.get("id"), kept)).transpose()?;
    Ok(ChannelView {
        id: row.get::<&str>("id").parse().map_err(|_| stored::unreadable("a channel's id"))?,
        name: row.get("name"),
        created_at: Timestamp::from_millis(row.get("created_at")),
        desired: stored::desired(row.get("desired"))?,
        state: stored::state(row.get("state"), row.get("state_since"), row.get("state_detail"))?,
        stuck_since: row.get::<Option<i64>>("stuck_since").map(Timestamp::from_millis),
        flapping_since: None,
        paired: row.get("paired"),
        identity: row.get::<Option<&str>>("identity").map(stored::identity_from).transpose()?,
        proxy: proxy.as_deref().map(stored::proxy_from).transpose()?,
    })
}
