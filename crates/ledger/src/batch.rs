use crate::dialect::Place;
use crate::rows::pieces;
use crate::sealing::Sealing;
use crate::sql::{Conn, Connection, QueryBuilder, query, query_as};
use crate::told::Told;
use crate::{LedgerError, audit, counts, sqlite};
use domain::{ChannelId, Event, EventId, Timestamp};
use std::collections::HashSet;

/// The transaction under way.
pub(crate) struct Batch {
    pub connection: Connection,
    pub heads: Heads,
    pub sealing: Sealing,
    /// What is told to readers after the commit.
    pub endpoints_changed: bool,
    /// What is told to other processes with the commit.
    pub told: Told,
    /// Channels that are known to exist.
    pub channels: HashSet<ChannelId>,
    /// Whether any edit, revoke or reaction may be waiting for its message; `false` saves the look.
    pub amendments_kept: bool,
    /// What the audit log gets of this transaction.
    pub audit: audit::Tail,
    heads_written: Heads,
    /// Logged and not yet in the table: all of a transaction go there together.
    unwritten: Vec<EventRow>,
    tallied: Vec<(i64, &'static str)>,
    place: Place,
}

/// What is numbered over the whole ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    /// The newest `seq` of the log ever given, also when its event is gone by retention.
    pub seq: u64,
    /// The newest place in an outbox.
    pub position: u64,
    /// Readers see what is after this.
    pub pruned_through: u64,
    /// What the JSON of those events takes.
    pub bytes: u64,
    /// As it was when the file was opened.
    pub amendments_kept: bool,
}

struct EventRow {
    seq: u64,
    id: String,
    kind: &'static str,
    at: i64,
    channel: Option<String>,
    data: String,
}

/// Where a write began, to be able to undo it.
pub(crate) struct Mark {
    heads: Heads,
    unwritten: usize,
    tallied: usize,
    endpoints_changed: bool,
    audit: audit::TailMark,
}

impl Batch {
    pub fn new(connection: Connection, heads: Heads, place: Place, sealing: Sealing) -> Self {
        Batch {
            connection,
            heads,
            sealing,
            endpoints_changed: false,
            told: Told::default(),
            channels: HashSet::new(),
            amendments_kept: heads.amendments_kept,
            audit: audit::Tail::default(),
            heads_written: heads,
            unwritten: Vec::new(),
            tallied: Vec::new(),
            place,
        }
    }

    /// Begins a transaction. On a server it waits until no other process writes, and learns what those have written.
    pub async fn begin(&mut self) -> Result<(), LedgerError> {
        match &mut self.connection {
            Connection::Sqlite(_) => self.command(sqlite::BEGIN).await,
            Connection::Postgres(link) => {
                let begun = link.begin().await;
                self.heads = begun.map_err(|e| self.explain(&e))?;
                self.heads_written = self.heads;
                self.amendments_kept = self.heads.amendments_kept;
                self.channels.clear();
                self.audit.read_anew();
                Ok(())
            }
        }
    }

    /// Undoes what was not committed because of `error`, as far as the engine has not done so by itself.
    pub async fn roll_back(&mut self, error: &LedgerError) {
        match &mut self.connection {
            // Fails when SQLite has rolled back by itself, as it does on a full disk.
            Connection::Sqlite(_) => drop(self.command("ROLLBACK").await),
            Connection::Postgres(link) if error.is_about_one_row() => link.roll_back().await,
            // Whatever it was, a new connection has nothing of it: no half-read answer, no plan that a new schema made void.
            Connection::Postgres(link) => link.let_go(),
        }
    }

    /// Appends an event; its `seq`.
    pub fn log(&mut self, event: &Event, at: Timestamp) -> Result<u64, LedgerError> {
        let data =
            serde_json::to_string(&wire::event_data(event)).map_err(|e| LedgerError::Io(format!("event as JSON: {e}")))?;
        let kind = event.kind().as_str();
        self.heads.seq += 1;
        self.heads.bytes += data.len() as u64;
        self.unwritten.push(EventRow {
            seq: self.heads.seq,
            id: EventId::new(at, rand::random()).to_string(),
            kind,
            at: at.as_millis(),
            channel: event.channel_id().map(|id| id.to_string()),
            data,
        });
        if let Some(what) = counts::tally_of(kind) {
            self.tally(what, at);
        }
        Ok(self.heads.seq)
    }

    /// Appends events in order; the newest `seq` afterwards.
    pub fn log_all(&mut self, events: &[Event], at: Timestamp) -> Result<u64, LedgerError> {
        for event in events {
            self.log(event, at)?;
        }
        Ok(self.heads.seq)
    }

    /// Counts one for the charts.
    pub fn tally(&mut self, what: &'static str, at: Timestamp) {
        self.tallied.push((counts::minute(at), what));
    }

    pub fn next_position(&mut self) -> u64 {
        self.heads.position += 1;
        self.heads.position
    }

    /// Puts what was logged into the table, for who reads it within the transaction. Not within a savepoint: undoing that
    /// would take with it what others logged before it.
    pub async fn write_events(&mut self) -> Result<(), LedgerError> {
        let rows = std::mem::take(&mut self.unwritten);
        for piece in pieces(&rows) {
            let mut sql = QueryBuilder::new("INSERT INTO events (seq, id, kind, at, channel_id, data) ");
            sql.push_values(piece, |row, event| {
                row.push_bind(signed(event.seq))
                    .push_bind(event.id.as_str())
                    .push_bind(event.kind)
                    .push_bind(event.at)
                    .push_bind(event.channel.as_deref())
                    .push_bind(event.data.as_str());
            });
            sql.build().execute(&mut self.connection).await.map_err(|e| self.explain(&e))?;
        }
        Ok(())
    }

    pub async fn commit(&mut self) -> Result<(), LedgerError> {
        self.write_events().await?;
        audit::write(self).await?;
        let tallied = std::mem::take(&mut self.tallied);
        let heads = (self.heads != self.heads_written).then_some(self.heads);
        match &mut self.connection {
            Connection::Sqlite(_) => {
                counts::add(self, tallied).await?;
                if let Some(heads) = heads {
                    self.write_heads(heads).await?;
                }
                self.command("COMMIT").await?;
            }
            Connection::Postgres(link) => {
                let mut told = std::mem::take(&mut self.told);
                told.endpoints |= self.endpoints_changed;
                let notices = told.notices(&link.node, heads.map(|heads| heads.seq));
                let committed = link.commit(heads, counts::as_sql(tallied), &notices).await;
                committed.map_err(|e| self.explain(&e))?;
            }
        }
        self.heads_written = self.heads;
        Ok(())
    }

    async fn write_heads(&mut self, heads: Heads) -> Result<(), LedgerError> {
        query("UPDATE event_head SET last_seq = $1, last_position = $2, pruned_through = $3, bytes = $4 WHERE one = 1")
            .bind(signed(heads.seq))
            .bind(signed(heads.position))
            .bind(signed(heads.pruned_through))
            .bind(signed(heads.bytes))
            .execute(&mut self.connection)
            .await
            .map_err(|e| self.explain(&e))?;
        Ok(())
    }

    pub fn mark(&self) -> Mark {
        Mark {
            heads: self.heads,
            unwritten: self.unwritten.len(),
            tallied: self.tallied.len(),
            endpoints_changed: self.endpoints_changed,
            audit: self.audit.mark(),
        }
    }

    /// Forgets what was logged since; the tables are for the caller to bring back.
    pub fn forget_since(&mut self, mark: &Mark) {
        self.heads = mark.heads;
        self.channels.clear();
        self.unwritten.truncate(mark.unwritten);
        self.tallied.truncate(mark.tallied);
        self.endpoints_changed = mark.endpoints_changed;
        self.audit.forget_since(&mark.audit);
        // What is told of others of this transaction stays: it may be told in vain.
    }

    pub fn explain(&self, error: &sqlx::Error) -> LedgerError {
        self.place.explain(error)
    }

    pub async fn command(&mut self, sql: &'static str) -> Result<(), LedgerError> {
        match query(sql).execute(&mut self.connection).await {
            Ok(_) => Ok(()),
            Err(e) => Err(self.explain(&e)),
        }
    }
}

pub(crate) async fn heads<'c>(on: impl Into<Conn<'c>>) -> Result<Heads, sqlx::Error> {
    const HEADS: &str = "SELECT last_seq, last_position, pruned_through, bytes, EXISTS (SELECT 1 FROM amendments) FROM event_head WHERE one = 1";
    let (seq, position, pruned_through, bytes, amendments_kept): (i64, i64, i64, i64, bool) =
        query_as(HEADS).fetch_one(on).await?;
    Ok(Heads {
        seq: seq.unsigned_abs(),
        position: position.unsigned_abs(),
        pruned_through: pruned_through.unsigned_abs(),
        bytes: bytes.unsigned_abs(),
        amendments_kept,
    })
}

/// As the tables keep it.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
