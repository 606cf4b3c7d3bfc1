use crate::batch::Batch;
use crate::sql::query;
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, Desired, State, Timestamp};

/// A line of a channel's timeline: what it became, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimelineEntry {
    /// Rises with time; what `before` takes for the next page.
    pub n: u64,
    pub at: Timestamp,
    pub state: State,
    pub desired: Desired,
    pub stuck_since: Option<Timestamp>,
}

impl TimelineEntry {
    /// What happened, for a person.
    pub fn sentence(&self) -> String {
        match &self.state {
            State::Disconnected { reason, .. } => reason.sentence().to_owned(),
            State::Pairing { prompt, .. } => match prompt.setback() {
                Some(setback) => setback.cause.sentence().to_owned(),
                None => "Waiting for the phone to link this channel.".to_owned(),
            },
            State::Connected { .. } => "Connected.".to_owned(),
            State::Reconnecting { .. } if self.stuck_since.is_some() => "Still not connected; trying on.".to_owned(),
            State::Reconnecting { cause, .. } => cause.sentence().to_owned(),
        }
    }
}

impl Ledger {
    /// The channel's timeline, newest first: at most `limit` lines (up to 1000) older than the line `before`.
    pub async fn timeline(
        &self,
        channel: ChannelId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<TimelineEntry>, LedgerError> {
        let mut reader = self.reader().await?;
        let rows = query(
            "SELECT n, at, desired, state, state_since, state_detail, stuck_since FROM timeline \
             WHERE channel_id = $1 AND n < $2 ORDER BY n DESC LIMIT $3",
        )
        .bind(channel.to_string())
        .bind(before.map_or(i64::MAX, |n| i64::try_from(n).unwrap_or(i64::MAX)))
        .bind(i64::from(limit.clamp(1, 1000)))
        .fetch_all(&mut reader)
        .await
        .map_err(|e| self.explain(&e))?;
        rows.iter()
            .map(|row| {
                Ok(TimelineEntry {
                    n: row.get::<i64>("n").unsigned_abs(),
                    at: Timestamp::from_millis(row.get("at")),
                    state: stored::state(row.get("state"), row.get("state_since"), row.get("state_detail"))?,
                    desired: stored::desired(row.get("desired"))?,
                    stuck_since: row.get::<Option<i64>>("stuck_since").map(Timestamp::from_millis),
                })
            })
            .collect()
    }
}

pub(crate) async fn add(
    batch: &mut Batch,
    channel: ChannelId,
    state: &State,
    desired: Desired,
    stuck_since: Option<Timestamp>,
    at: Timestamp,
) -> Result<(), LedgerError> {
    query(
        "INSERT INTO timeline (channel_id, at, desired, state, state_since, state_detail, stuck_since) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(channel.to_string())
    .bind(at.as_millis())
    .bind(desired.as_str())
    .bind(state.kind().as_str())
    .bind(state.since().as_millis())
    .bind(stored::state_detail(state))
    .bind(stuck_since.map(Timestamp::as_millis))
    .execute(&mut batch.connection)
    .await
    .map_err(|e| batch.explain(&e))?;
    Ok(())
}
