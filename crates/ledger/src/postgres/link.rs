//! The connection that writes. It is made anew when it was lost, with the next transaction.

use super::{connect, patiently, within};
use crate::batch::{Heads, signed};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, Connection as _, Error, Row as _};
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::Instant;

/// After a try to connect that failed, writes are refused at once for so long: each would wait for another try.
const REST: Duration = Duration::from_millis(500);
/// How long it is asked what became of a commit whose answer did not come.
const ASKING: Duration = Duration::from_secs(4);
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(200);
const ROLLING_BACK: Duration = Duration::from_secs(2);

pub(crate) struct Link {
    options: PgConnectOptions,
    connection: Option<PgConnection>,
    /// Since when it has been lost, and why.
    refused: Option<(Instant, String)>,
    /// Who we are to other processes.
    pub node: String,
    /// Transactions of this node that stand.
    commits: i64,
}

impl Link {
    pub fn new(options: PgConnectOptions, node: String) -> Self {
        Link { options, connection: None, refused: None, node, commits: 0 }
    }

    pub fn connection(&mut self) -> Option<&mut PgConnection> {
        self.connection.as_mut()
    }

    pub async fn connect(&mut self) -> Result<(), Error> {
        const ENTER: &str = "INSERT INTO writers (node, commits) VALUES ($1, $2) ON CONFLICT (node) DO NOTHING";
        const FORGET: &str = "DELETE FROM writers WHERE seen < clock_timestamp() - interval '7 days' AND node <> $1";
        self.connection = None;
        let mut connection = connect(&self.options).await?;
        patiently(sqlx::query(ENTER).bind(&self.node).bind(self.commits).execute(&mut connection)).await?;
        if self.commits == 0 {
            patiently(sqlx::query(FORGET).bind(&self.node).execute(&mut connection)).await?;
        }
        self.connection = Some(connection);
        Ok(())
    }

    /// Begins a transaction that writes: no other process writes until it ends.
    pub async fn begin(&mut self) -> Result<Heads, Error> {
        if self.connection.is_none() {
            self.find_again().await?;
        }
        let begun = self.lock_head().await;
        match begun {
            Ok(heads) => Ok(heads),
            // The server may have ended the connection long ago: it restarted, say.
            Err(e) if !is_told(&e) => {
                self.find_again().await?;
                let begun = self.lock_head().await;
                if begun.is_err() {
                    self.connection = None;
                }
                begun
            }
            Err(e) => {
                self.connection = None;
                Err(e)
            }
        }
    }

    async fn lock_head(&mut self) -> Result<Heads, Error> {
        // The second sees what was committed while the first waited.
        const LOCK: &str = "BEGIN; SELECT last_seq, last_position, pruned_through, bytes FROM event_head WHERE one = 1 FOR UPDATE; \
             SELECT EXISTS (SELECT 1 FROM amendments)";
        let Some(connection) = &mut self.connection else { return Err(crate::sql::lost()) };
        let rows = patiently(sqlx::raw_sql(LOCK).fetch_all(connection)).await?;
        let [row, kept] = rows.as_slice() else { return Err(Error::RowNotFound) };
        let number = |column| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
        Ok(Heads {
            seq: number("last_seq")?,
            position: number("last_position")?,
            pruned_through: number("pruned_through")?,
            bytes: number("bytes")?,
            amendments_kept: kept.try_get(0)?,
        })
    }

    async fn find_again(&mut self) -> Result<(), Error> {
        if let Some((since, why)) = &self.refused
            && since.elapsed() < REST
        {
            return Err(Error::Io(std::io::Error::new(std::io::ErrorKind::NotConnected, why.clone())));
        }
        match self.connect().await {
            Ok(()) => {
                self.refused = None;
                Ok(())
            }
            Err(e) => {
                self.refused = Some((Instant::now(), e.to_string()));
                Err(e)
            }
        }
    }

    /// Ends the transaction. `Ok`: it stands.
    ///
    /// When the connection is lost before the answer comes, the server is asked on a new one whether it had taken it: each
    /// transaction raises this node's count of commits, and the row that holds it is locked until the old connection's
    /// transaction has ended. Only when the server cannot be asked in time does a transaction count as failed that may stand.
    /// What callers do again then is told apart by its ids: sends by their idempotency key, messages that came in by their
    /// WhatsApp id, receipts and progress by how far a message has got, deliveries by receiver and event. What may be told
    /// twice by its events is a change of a channel's state or settings, and a second line of the timeline only when the state
    /// began at another moment.
    pub async fn commit(&mut self, heads: Option<Heads>, tallies: Option<String>, notices: &[String]) -> Result<(), Error> {
        let mut sql = format!(
            "UPDATE writers SET commits = {}, seen = clock_timestamp() WHERE node = '{}'; ",
            self.commits + 1,
            self.node
        );
        if let Some(heads) = heads {
            let [seq, position, pruned, bytes] = [heads.seq, heads.position, heads.pruned_through, heads.bytes].map(signed);
            let written = write!(
                sql,
                "UPDATE event_head SET last_seq = {seq}, last_position = {position}, pruned_through = {pruned}, \
                 bytes = {bytes} WHERE one = 1; "
            );
            written.expect("a String takes all that is written to it");
        }
        if let Some(tallies) = tallies {
            write!(sql, "{tallies}; ").expect("a String takes all that is written to it");
        }
        for notice in notices {
            // JSON of ids and numbers of our own; a quote would be doubled all the same.
            let quoted = notice.replace('\'', "''");
            write!(sql, "SELECT pg_notify('{}', '{quoted}'); ", super::CHANNEL)
                .expect("a String takes all that is written to it");
        }
        // Within one message, so that a statement that failed unseen keeps the COMMIT from being a silent ROLLBACK.
        sql.push_str("COMMIT");
        let Some(connection) = &mut self.connection else { return Err(crate::sql::lost()) };
        match patiently(sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection)).await {
            Ok(_) => {
                self.commits += 1;
                Ok(())
            }
            Err(e) if is_told(&e) => Err(e),
            Err(e) => {
                self.connection = None;
                match within(ASKING, self.ask()).await {
                    Ok(true) => {
                        self.commits += 1;
                        Ok(())
                    }
                    Ok(false) => Err(e),
                    Err(_) => {
                        tracing::warn!(error = %e, "whether the database took the last changes is not known; they count as not taken");
                        self.connection = None;
                        Err(e)
                    }
                }
            }
        }
    }

    /// Whether the transaction under way stands after all.
    async fn ask(&mut self) -> Result<bool, Error> {
        const COUNT: &str = "SELECT commits FROM writers WHERE node = $1 FOR UPDATE";
        loop {
            if self.connect().await.is_ok()
                && let Some(connection) = &mut self.connection
                && let Ok(commits) = sqlx::query_scalar::<_, i64>(COUNT).bind(&self.node).fetch_one(connection).await
            {
                return Ok(commits > self.commits);
            }
            tokio::time::sleep(BETWEEN_QUESTIONS).await;
        }
    }

    /// Undoes what was not committed. A connection on which that fails is of no use.
    pub async fn roll_back(&mut self) {
        if let Some(connection) = &mut self.connection
            && within(ROLLING_BACK, sqlx::raw_sql("ROLLBACK").execute(connection)).await.is_err()
        {
            self.connection = None;
        }
    }

    /// The server undoes what was not committed when it notices.
    pub fn let_go(&mut self) {
        self.connection = None;
    }

    pub async fn close(mut self) {
        if let Some(mut connection) = self.connection.take() {
            let gone = sqlx::query("DELETE FROM writers WHERE node = $1").bind(&self.node).execute(&mut connection);
            drop(within(ROLLING_BACK, gone).await);
            drop(within(ROLLING_BACK, connection.close()).await);
        }
    }
}

/// Whether the server has said so, and goes on serving this connection: what it was asked for did not happen.
fn is_told(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code().map(std::borrow::Cow::into_owned));
    // Of connections and of the server's own end (08, 57), of its insides (58, XX), and of sessions that were ended (25P03).
    code.is_some_and(|code| !["08", "57", "58", "XX", "25P03"].iter().any(|class| code.starts_with(class)))
}
