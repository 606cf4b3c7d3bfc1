//! The steps, each of which stands when it has been answered.

use super::table::{Cell, Kind, MARK, TABLES, Table};
use crate::batch::{self, Batch, Heads};
use crate::rows::pieces;
use crate::sql::QueryBuilder;
use crate::{Ledger, LedgerError};

/// Rows that are deleted at once.
const STEP: i64 = 5000;

impl Ledger {
    pub(super) async fn heads(&self) -> Result<Heads, LedgerError> {
        let mut reader = self.reader().await?;
        batch::heads(&mut reader).await.map_err(|e| self.explain(&e))
    }
}

pub(super) async fn is_begun(to: &Ledger) -> Result<bool, LedgerError> {
    Ok(to.setting::<bool>(MARK).await?.is_some())
}

pub(super) async fn begin(to: &Ledger) -> Result<(), LedgerError> {
    to.set_setting(MARK, &true).await
}

/// From now on it is a ledger like any other.
pub(super) async fn end(to: &Ledger) -> Result<(), LedgerError> {
    to.write_firmly(|batch| {
        Box::pin(async move {
            let gone =
                crate::sql::query("DELETE FROM settings WHERE name = $1").bind(MARK).execute(&mut batch.connection).await;
            gone.map(drop).map_err(|e| batch.explain(&e))
        })
    })
    .await
}

pub(super) async fn count(ledger: &Ledger, table: &Table) -> Result<u64, LedgerError> {
    let sql = QueryBuilder::new(&format!("SELECT count(*) FROM {} WHERE {}", table.name, table.condition()));
    let mut reader = ledger.reader().await?;
    let rows: i64 = sql.build().into_scalars().fetch_one(&mut reader).await.map_err(|e| ledger.explain(&e))?;
    Ok(rows.unsigned_abs())
}

/// Up to which the table was copied.
pub(super) async fn last_key(to: &Ledger, table: &Table) -> Result<Option<Vec<Cell>>, LedgerError> {
    let names = table.names();
    let keys = &names[..table.keys];
    let order = keys.iter().map(|key| format!("{key} DESC")).collect::<Vec<_>>().join(", ");
    let condition = table.condition();
    let text = format!("SELECT {} FROM {} WHERE {condition} ORDER BY {order} LIMIT 1", keys.join(", "), table.name);
    let mut reader = to.reader().await?;
    let row = QueryBuilder::new(&text).build().fetch_optional(&mut reader).await.map_err(|e| to.explain(&e))?;
    Ok(row.map(|row| {
        let kinds = table.columns[..table.keys].iter().map(|(_, kind)| *kind);
        kinds
            .enumerate()
            .map(|(place, kind)| match kind {
                Kind::Int => Cell::Int(row.get(place)),
                Kind::Bool => Cell::Bool(row.get(place)),
                Kind::Text | Kind::Sealed => Cell::Text(row.get(place)),
            })
            .collect()
    }))
}

pub(super) async fn write(to: &Ledger, table: &'static Table, rows: Vec<Vec<Cell>>) -> Result<(), LedgerError> {
    to.write_firmly(move |batch| Box::pin(async move { insert(batch, table, rows).await })).await
}

async fn insert(batch: &mut Batch, table: &Table, rows: Vec<Vec<Cell>>) -> Result<(), LedgerError> {
    for piece in pieces(&rows) {
        let mut sql = QueryBuilder::new(&format!("INSERT INTO {} ({}) ", table.name, table.names().join(", ")));
        if table.numbered {
            sql.push("/*+OVERRIDING SYSTEM VALUE+*/ ");
        }
        let sealing = &batch.sealing;
        sql.push_values(piece, |values, row| {
            for ((name, kind), cell) in table.columns.iter().zip(row) {
                values.push_bind(match (kind, cell) {
                    (Kind::Sealed, Cell::Text(Some(plain))) => {
                        Cell::Text(Some(sealing.close(&format!("{}.{name}", table.name), table.id_of(row), plain.clone())))
                    }
                    (Kind::Text | Kind::Int | Kind::Bool | Kind::Sealed, cell) => cell.clone(),
                });
            }
        });
        sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))?;
    }
    Ok(())
}

/// Has the server number what comes next after what was copied; SQLite does so by itself.
pub(super) async fn number_on(to: &Ledger, table: &'static Table) -> Result<(), LedgerError> {
    if !table.numbered || !to.is_shared() {
        return Ok(());
    }
    let name = table.name;
    to.write_firmly(move |batch| {
        Box::pin(async move {
            let text = format!(
                "SELECT setval(pg_get_serial_sequence('{name}', 'n'), (SELECT coalesce(max(n), 0) + 1 FROM {name}), false)"
            );
            let set = QueryBuilder::new(&text).build().fetch_one(&mut batch.connection).await;
            set.map(drop).map_err(|e| batch.explain(&e))
        })
    })
    .await
}

pub(super) async fn set_heads(to: &Ledger, heads: Heads) -> Result<(), LedgerError> {
    to.write_firmly(move |batch| {
        Box::pin(async move {
            batch.heads = heads;
            batch.amendments_kept |= heads.amendments_kept;
            batch.audit.read_anew();
            Ok(())
        })
    })
    .await
}

/// Takes everything out again, but for the mark.
pub(super) async fn empty(to: &Ledger) -> Result<(), LedgerError> {
    for table in TABLES.iter().rev() {
        loop {
            let gone = to.write_firmly(move |batch| {
                Box::pin(async move {
                    let (name, key, condition) = (table.name, table.key(), table.condition());
                    let keys = table.names()[..table.keys].join(", ");
                    let mut sql = QueryBuilder::new(&format!(
                        "DELETE FROM {name} WHERE {key} IN (SELECT {keys} FROM {name} WHERE {condition} LIMIT "
                    ));
                    sql.push_bind(STEP).push(")");
                    sql.build().execute(&mut batch.connection).await.map_err(|e| batch.explain(&e))
                })
            });
            if gone.await? == 0 {
                break;
            }
        }
    }
    set_heads(to, Heads::default()).await
}
