//! Orders: what one worker wants done to a channel that another one holds. Kept for an hour, for their answers.

use crate::batch::signed;
use crate::dialect::in_list;
use crate::rows::list;
use crate::sql::{query, query_scalar};
use crate::{Ledger, LedgerError, stored};
use domain::{ChannelId, Timestamp};
use std::time::Duration;

/// An order that is for who took it.
#[derive(Clone, PartialEq, Eq)]
pub struct PlacedOrder {
    pub n: u64,
    pub channel: ChannelId,
    /// As it was placed. May hold what is not for a log.
    pub what: String,
}

impl std::fmt::Debug for PlacedOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlacedOrder").field("n", &self.n).field("channel", &self.channel).finish_non_exhaustive()
    }
}

const KEPT: Duration = Duration::from_secs(3600);

impl Ledger {
    /// Places an order for the channel's holder; its number.
    pub async fn place_order(&self, channel: ChannelId, what: String, at: Timestamp) -> Result<u64, LedgerError> {
        self.write_firmly(move |batch| {
            Box::pin(async move {
                query("DELETE FROM orders WHERE placed_at < $1")
                    .bind(at.minus(KEPT).as_millis())
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                let n: i64 = query_scalar("INSERT INTO orders (channel_id, what, placed_at) VALUES ($1, $2, $3) RETURNING n")
                    .bind(channel.to_string())
                    .bind(what)
                    .bind(at.as_millis())
                    .fetch_one(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                Ok(n.unsigned_abs())
            })
        })
        .await
    }

    /// Takes open orders for these channels, the oldest first; each is taken once.
    pub async fn take_orders(&self, held: &[ChannelId], limit: u32) -> Result<Vec<PlacedOrder>, LedgerError> {
        const TAKE: &str = concat!(
            "UPDATE orders SET taken = TRUE WHERE n IN (SELECT n FROM orders WHERE NOT taken AND channel_id ",
            in_list!("$1"),
            " ORDER BY n LIMIT $2) RETURNING n, channel_id, what"
        );
        let held = list(held.iter().map(ToString::to_string));
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let rows = query(TAKE).bind(held).bind(i64::from(limit)).fetch_all(&mut batch.connection).await;
                let rows = rows.map_err(|e| batch.explain(&e))?;
                let mut orders = rows
                    .iter()
                    .map(|row| {
                        let channel = row.get::<&str>("channel_id").parse();
                        Ok(PlacedOrder {
                            n: row.get::<i64>("n").unsigned_abs(),
                            channel: channel.map_err(|_| stored::unreadable("an order's channel"))?,
                            what: row.get("what"),
                        })
                    })
                    .collect::<Result<Vec<_>, LedgerError>>()?;
                orders.sort_by_key(|order| order.n);
                Ok(orders)
            })
        })
        .await
    }

    /// Answers an order that was taken; one that is gone needs no answer.
    pub async fn answer_order(&self, n: u64, answer: String) -> Result<(), LedgerError> {
        self.write_firmly(move |batch| {
            Box::pin(async move {
                query("UPDATE orders SET answer = $2, taken = TRUE WHERE n = $1")
                    .bind(signed(n))
                    .bind(answer)
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                Ok(())
            })
        })
        .await
    }

    /// The answer, once there is one.
    pub async fn order_answer(&self, n: u64) -> Result<Option<String>, LedgerError> {
        let mut reader = self.reader().await?;
        let answer: Option<Option<String>> = query_scalar("SELECT answer FROM orders WHERE n = $1")
            .bind(signed(n))
            .fetch_optional(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        Ok(answer.flatten())
    }

    /// Takes an order back that nobody has taken. `false`: it was taken, so that it may be carried out still.
    pub async fn withdraw_order(&self, n: u64) -> Result<bool, LedgerError> {
        self.write_firmly(move |batch| {
            Box::pin(async move {
                let gone = query("DELETE FROM orders WHERE n = $1 AND NOT taken")
                    .bind(signed(n))
                    .execute(&mut batch.connection)
                    .await
                    .map_err(|e| batch.explain(&e))?;
                Ok(gone > 0)
            })
        })
        .await
    }
}
