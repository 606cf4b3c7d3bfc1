//! Orders: what one worker wants done to a channel that another one holds. Kept for an hour, for their answers. They do not wait
//! for the writer: each step is one statement, which others see at once.

use crate::batch::signed;
use crate::dialect::in_list;
use crate::rows::list;
use crate::sql::{Query, Row, query, query_as, query_scalar};
use crate::told::Notice;
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

const FORGET: &str = "DELETE FROM orders WHERE placed_at < $1";
const PLACE: &str = "INSERT INTO orders (channel_id, what, placed_at) VALUES ($1, $2, $3) RETURNING n";
/// One that nobody took in time is not carried out: whoever placed it has long been told that nobody answers.
const TAKE: &str = concat!(
    "UPDATE orders SET taken = TRUE WHERE n IN (SELECT n FROM orders WHERE NOT taken AND channel_id ",
    in_list!("$1"),
    " /*+AND offered > clock_timestamp() - interval '15 seconds'+*/ ORDER BY n LIMIT $2 /*+FOR UPDATE SKIP LOCKED+*/) \
     RETURNING n, channel_id, what"
);
const ANSWER: &str = "UPDATE orders SET answer = $2, taken = TRUE WHERE n = $1";
const WITHDRAW: &str = "DELETE FROM orders WHERE n = $1 AND NOT taken";

const WHAT: &str = "orders.what";
const ANSWERED: &str = "orders.answer";

impl Ledger {
    /// Places an order for the channel's holder; its number.
    pub async fn place_order(&self, channel: ChannelId, what: String, at: Timestamp) -> Result<u64, LedgerError> {
        self.carry_out(query(FORGET).bind(at.minus(KEPT).as_millis())).await?;
        let what = self.inner.sealing.close(WHAT, &channel.to_string(), what);
        let place = query(PLACE).bind(channel.to_string()).bind(what).bind(at.as_millis());
        let rows = self.ordered(place).await?;
        let n: i64 = rows.first().ok_or_else(|| LedgerError::Io("an order got no number".into()))?.get("n");
        self.tell_of_orders().await?;
        Ok(n.unsigned_abs())
    }

    /// Takes open orders for these channels, the oldest first; each is taken once, whoever else takes some. In a ledger that is
    /// shared an order counts for 15 s.
    pub async fn take_orders(&self, held: &[ChannelId], limit: u32) -> Result<Vec<PlacedOrder>, LedgerError> {
        let take = query(TAKE).bind(list(held.iter().map(ToString::to_string))).bind(i64::from(limit));
        let rows = self.ordered(take).await?;
        let mut orders = rows.iter().map(|row| self.order(row)).collect::<Result<Vec<_>, _>>()?;
        orders.sort_by_key(|order| order.n);
        Ok(orders)
    }

    fn order(&self, row: &Row) -> Result<PlacedOrder, LedgerError> {
        let channel = row.get::<&str>("channel_id");
        Ok(PlacedOrder {
            n: row.get::<i64>("n").unsigned_abs(),
            what: self.inner.sealing.open(WHAT, channel, row.get("what"))?,
            channel: channel.parse().map_err(|_| stored::unreadable("an order's channel"))?,
        })
    }

    /// Answers an order that was taken; one that is gone needs no answer.
    pub async fn answer_order(&self, n: u64, answer: String) -> Result<(), LedgerError> {
        let answer = self.inner.sealing.close(ANSWERED, &n.to_string(), answer);
        self.carry_out(query(ANSWER).bind(signed(n)).bind(answer)).await?;
        self.tell_of_orders().await
    }

    /// The answer, once there is one.
    pub async fn order_answer(&self, n: u64) -> Result<Option<String>, LedgerError> {
        let mut reader = self.reader().await?;
        let answer: Option<(Option<String>,)> = query_as("SELECT answer FROM orders WHERE n = $1")
            .bind(signed(n))
            .fetch_optional(&mut reader)
            .await
            .map_err(|e| self.explain(&e))?;
        answer.and_then(|(answer,)| answer).map(|kept| self.inner.sealing.open(ANSWERED, &n.to_string(), kept)).transpose()
    }

    /// Takes an order back that nobody has taken. `false`: it was taken, so that it may be carried out still.
    pub async fn withdraw_order(&self, n: u64) -> Result<bool, LedgerError> {
        Ok(self.carry_out(query(WITHDRAW).bind(signed(n))).await? > 0)
    }

    /// On a server by a connection of its own, else by the writer.
    async fn ordered(&self, statement: Query<'static>) -> Result<Vec<Row>, LedgerError> {
        if self.is_shared() {
            let mut connection = self.reader().await?;
            return statement.fetch_all(&mut connection).await.map_err(|e| self.explain(&e));
        }
        self.write_firmly(move |batch| {
            Box::pin(async move { statement.fetch_all(&mut batch.connection).await.map_err(|e| batch.explain(&e)) })
        })
        .await
    }

    async fn carry_out(&self, statement: Query<'static>) -> Result<u64, LedgerError> {
        if self.is_shared() {
            let mut connection = self.reader().await?;
            return statement.execute(&mut connection).await.map_err(|e| self.explain(&e));
        }
        self.write_firmly(move |batch| {
            Box::pin(async move { statement.execute(&mut batch.connection).await.map_err(|e| batch.explain(&e)) })
        })
        .await
    }

    async fn tell_of_orders(&self) -> Result<(), LedgerError> {
        self.tell(Notice::orders(&self.inner.node)).await
    }

    /// Tells other processes something that no transaction of the writer carries.
    pub(crate) async fn tell(&self, notice: String) -> Result<(), LedgerError> {
        if !self.is_shared() {
            return Ok(());
        }
        let mut connection = self.reader().await?;
        let told = query_scalar::<bool>("SELECT pg_notify($1, $2) IS NULL").bind(crate::postgres::CHANNEL).bind(notice);
        told.fetch_one(&mut connection).await.map(drop).map_err(|e| self.explain(&e))
    }
}
