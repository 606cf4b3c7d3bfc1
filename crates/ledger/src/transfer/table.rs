//! What there is to carry over. Columns are named, so that one that is added later has to be thought of here: a test compares.

use crate::sql::{QueryBuilder, Row, Value};
use crate::{Ledger, LedgerError};

/// Rows of one step.
const STEP: i64 = 1000;

#[derive(Debug)]
pub(super) struct Table {
    pub name: &'static str,
    /// By which it is walked: the first columns.
    pub keys: usize,
    pub columns: &'static [(&'static str, Kind)],
    /// Whether its first column is given by the database, except here.
    pub numbered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bool,
    /// A text that is sealed on a server, in the name of `<table>.<column>` and of the row's `id`.
    Sealed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(bool),
}

impl From<Cell> for Value<'_> {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Text(text) => text.into(),
            Cell::Int(number) => number.into(),
            Cell::Bool(truth) => truth.into(),
        }
    }
}

use Kind::{Bool, Int, Sealed, Text};

/// Parents before their children.
#[rustfmt::skip]
pub(super) const TABLES: &[&Table] = &[
    &Table {
        name: "channels",
        keys: 1,
        numbered: false,
        columns: &[
            ("id", Text), ("name", Text), ("created_at", Int), ("desired", Text), ("paired", Bool), ("state", Text),
            ("state_since", Int), ("state_detail", Text), ("stuck_since", Int), ("identity", Text), ("proxy", Sealed),
        ],
    },
    &Table {
        name: "timeline",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("channel_id", Text), ("at", Int), ("desired", Text), ("state", Text), ("state_since", Int),
            ("state_detail", Text), ("stuck_since", Int),
        ],
    },
    &Table { name: "runs", keys: 1, numbered: true, columns: &[("n", Int), ("began_at", Int), ("last_seen_at", Int)] },
    &Table {
        name: "events",
        keys: 1,
        numbered: false,
        columns: &[("seq", Int), ("id", Text), ("kind", Text), ("at", Int), ("channel_id", Text), ("data", Text)],
    },
    &Table {
        name: "messages",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("id", Text), ("channel_id", Text), ("whatsapp_id", Text), ("chat", Text), ("direction", Text),
            ("sender_phone", Text), ("sender_lid", Text), ("sender_name", Text), ("from_me", Bool), ("content", Text),
            ("status", Text), ("failure", Text), ("at", Int), ("updated_at", Int), ("position", Int), ("due_at", Int),
            ("send_at", Int), ("expires_at", Int), ("attempts", Int), ("next_attempt_at", Int), ("setback", Text),
            ("edited_at", Int), ("revoked_at", Int), ("reactions", Text), ("app_id", Text), ("ask_until", Int),
        ],
    },
    &Table {
        name: "receipts",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("channel_id", Text), ("whatsapp_id", Text), ("chat", Text), ("status", Text), ("reader", Text),
            ("at", Int),
        ],
    },
    &Table { name: "settings", keys: 1, numbered: false, columns: &[("name", Text), ("value", Text)] },
    &Table {
        name: "idempotency",
        keys: 2,
        numbered: false,
        columns: &[
            ("channel_id", Text), ("key", Text), ("fingerprint", Text), ("message_id", Text), ("content", Text), ("at", Int),
        ],
    },
    &Table {
        name: "amendments",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("channel_id", Text), ("target", Text), ("chat", Text), ("sender_phone", Text), ("sender_lid", Text),
            ("sender_name", Text), ("from_me", Bool), ("content", Text), ("at", Int),
        ],
    },
    &Table { name: "tallies", keys: 2, numbered: false, columns: &[("minute", Int), ("what", Text), ("amount", Int)] },
    &Table {
        name: "endpoints",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("id", Text), ("url", Sealed), ("description", Text), ("channels", Text), ("kinds", Text),
            ("headers", Sealed), ("secrets", Sealed), ("concurrency", Int), ("status", Text), ("status_reason", Text),
            ("status_since", Int), ("failing_since", Int), ("planned_through", Int), ("created_at", Int), ("updated_at", Int),
            ("app_id", Text), ("trusted_addresses", Bool),
        ],
    },
    &Table {
        name: "deliveries",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("id", Text), ("endpoint", Int), ("seq", Int), ("event_id", Text), ("kind", Text), ("channel_id", Text),
            ("status", Text), ("attempts", Int), ("next_attempt_at", Int), ("created_at", Int), ("finished_at", Int),
        ],
    },
    &Table {
        name: "attempts",
        keys: 1,
        numbered: true,
        columns: &[
            ("n", Int), ("delivery", Int), ("at", Int), ("latency_ms", Int), ("delivered", Bool), ("http_status", Int),
            ("answer", Text), ("error", Text),
        ],
    },
    &Table {
        name: "apps",
        keys: 1,
        numbered: false,
        columns: &[
            ("id", Text), ("name", Text), ("created_at", Int), ("disabled_at", Int), ("permits", Text), ("origins", Text),
            ("programs", Text), ("rate_limit", Int),
        ],
    },
    &Table {
        name: "app_keys",
        keys: 1,
        numbered: false,
        columns: &[
            ("id", Text), ("app_id", Text), ("hash", Text), ("label", Text), ("made_at", Int), ("expires_at", Int),
            ("revoked_at", Int), ("until_quit", Bool), ("replaces", Text), ("last_used_at", Int), ("last_from", Text),
            ("requests_today", Int), ("day", Int),
        ],
    },
    &Table {
        name: "app_requests",
        keys: 1,
        numbered: false,
        columns: &[
            ("id", Text), ("name", Text), ("reason", Text), ("permits", Text), ("origin", Text), ("peer", Text), ("code", Text),
            ("poll_hash", Text), ("made_at", Int), ("expires_at", Int), ("state", Text), ("app_id", Text), ("once", Bool),
            ("key_until", Int),
        ],
    },
    &Table {
        name: "audit",
        keys: 1,
        numbered: false,
        columns: &[
            ("seq", Int), ("at", Int), ("actor", Text), ("via", Text), ("app_id", Text), ("key_id", Text), ("app_name", Text),
            ("door", Text), ("address", Text), ("pid", Int), ("program", Text), ("uid", Int), ("action", Text), ("target", Text),
            ("outcome", Text), ("detail", Text), ("prev_hash", Text), ("hash", Text),
        ],
    },
    &Table { name: "audit_head", keys: 1, numbered: false, columns: &[("id", Text), ("state", Sealed)] },
];

/// The setting that marks a transfer that has begun; of the new ledger only, and no part of what is carried over.
pub(super) const MARK: &str = "ledger.transfer";

impl Table {
    pub fn names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }

    /// The columns of its key, as SQL: `n`, or `(channel_id, key)`.
    pub fn key(&self) -> String {
        let names = self.names();
        if self.keys == 1 { names[0].to_owned() } else { format!("({})", names[..self.keys].join(", ")) }
    }

    /// Leaves out what marks the transfer.
    pub fn condition(&self) -> String {
        if self.name == "settings" { format!("name <> '{MARK}'") } else { "1 = 1".to_owned() }
    }

    /// The next rows after the one of this key, unsealed.
    pub async fn page(&self, ledger: &Ledger, after: Option<&[Cell]>) -> Result<Vec<Vec<Cell>>, LedgerError> {
        let names = self.names();
        let mut sql = QueryBuilder::new("SELECT ");
        sql.push(names.join(", ")).push(" FROM ").push(self.name).push(" WHERE ").push(self.condition());
        if let Some(after) = after {
            sql.push(" AND ").push(self.key()).push(if self.keys == 1 { " > " } else { " > (" });
            for (n, cell) in after.iter().enumerate() {
                if n > 0 {
                    sql.push(", ");
                }
                sql.push_bind(cell.clone());
            }
            if self.keys > 1 {
                sql.push(")");
            }
        }
        sql.push(" ORDER BY ").push(names[..self.keys].join(", ")).push(" LIMIT ").push_bind(STEP);
        let mut reader = ledger.reader().await?;
        let rows = sql.build().fetch_all(&mut reader).await.map_err(|e| ledger.explain(&e))?;
        rows.iter().map(|row| self.cells(ledger, row)).collect()
    }

    fn cells(&self, ledger: &Ledger, row: &Row) -> Result<Vec<Cell>, LedgerError> {
        let cell = |(place, (name, kind)): (usize, &(&str, Kind))| {
            Ok(match kind {
                Kind::Text => Cell::Text(row.get(place)),
                Kind::Int => Cell::Int(row.get(place)),
                Kind::Bool => Cell::Bool(row.get(place)),
                Kind::Sealed => {
                    let open = |kept| ledger.inner.sealing.open(&format!("{}.{name}", self.name), row.get("id"), kept);
                    Cell::Text(row.get::<Option<String>>(place).map(open).transpose()?)
                }
            })
        };
        self.columns.iter().enumerate().map(cell).collect()
    }

    pub fn key_of(&self, row: &[Cell]) -> Vec<Cell> {
        row[..self.keys].to_vec()
    }

    /// The row's `id`, for which its secrets are sealed.
    pub fn id_of<'r>(&self, row: &'r [Cell]) -> &'r str {
        let place = self.columns.iter().position(|(name, _)| *name == "id");
        match place.and_then(|place| row.get(place)) {
            Some(Cell::Text(Some(id))) => id,
            Some(Cell::Text(None) | Cell::Int(_) | Cell::Bool(_)) | None => "",
        }
    }
}
