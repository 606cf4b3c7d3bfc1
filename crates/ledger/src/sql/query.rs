//! A statement with its values, to be carried out once.

use super::row::{Column, Record, Row};
use super::{Conn, Value};
use crate::dialect;
use crate::postgres::patiently;
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Error, Postgres, SqlSafeStr as _, SqlStr, Sqlite};

pub(crate) struct Query<'q, O = Row> {
    text: Text,
    values: Vec<Value<'q>>,
    shape: fn(Row) -> O,
}

pub(super) enum Text {
    Static(&'static str),
    /// With a `?` at each of these places.
    Built {
        text: String,
        marks: Vec<usize>,
    },
}

/// Rows as they come.
pub(crate) fn query<'q>(text: &'static str) -> Query<'q, Row> {
    Query { text: Text::Static(text), values: Vec::new(), shape: |row| row }
}

/// Rows as tuples of their columns.
pub(crate) fn query_as<'q, O: Record>(text: &'static str) -> Query<'q, O> {
    Query { text: Text::Static(text), values: Vec::new(), shape: |row| O::of(&row) }
}

/// The first column of each row.
pub(crate) fn query_scalar<'q, O: for<'r> Column<'r>>(text: &'static str) -> Query<'q, O> {
    Query { text: Text::Static(text), values: Vec::new(), shape: |row| row.get(0) }
}

impl<'q> Query<'q, Row> {
    pub(super) fn built(text: Text, values: Vec<Value<'q>>) -> Self {
        Query { text, values, shape: |row| row }
    }

    pub fn into_tuples<O: Record>(self) -> Query<'q, O> {
        Query { text: self.text, values: self.values, shape: |row| O::of(&row) }
    }

    pub fn into_scalars<O: for<'r> Column<'r>>(self) -> Query<'q, O> {
        Query { text: self.text, values: self.values, shape: |row| row.get(0) }
    }
}

impl<'q, O> Query<'q, O> {
    pub fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    pub async fn fetch_all<'c>(self, on: impl Into<Conn<'c>>) -> Result<Vec<O>, Error> {
        Ok(all(self.text, self.values, on.into()).await?.into_iter().map(self.shape).collect())
    }

    pub async fn fetch_optional<'c>(self, on: impl Into<Conn<'c>>) -> Result<Option<O>, Error> {
        Ok(first(self.text, self.values, on.into()).await?.map(self.shape))
    }

    pub async fn fetch_one<'c>(self, on: impl Into<Conn<'c>>) -> Result<O, Error> {
        self.fetch_optional(on).await?.ok_or(Error::RowNotFound)
    }

    /// How many rows it changed.
    pub async fn execute<'c>(self, on: impl Into<Conn<'c>>) -> Result<u64, Error> {
        run(self.text, self.values, on.into()).await
    }
}

async fn all(text: Text, values: Vec<Value<'_>>, on: Conn<'_>) -> Result<Vec<Row>, Error> {
    match on {
        Conn::Sqlite(connection) => {
            let rows = for_sqlite(text, values)?.fetch_all(connection).await?;
            Ok(rows.into_iter().map(Row::Sqlite).collect())
        }
        Conn::Postgres(connection) => all_of_postgres(text, values, connection).await,
        Conn::Pooled(connection) => {
            let rows = all_of_postgres(text, values, connection).await;
            if rows.is_err() {
                connection.close_on_drop();
            }
            rows
        }
        Conn::Lost => Err(lost()),
    }
}

async fn all_of_postgres(text: Text, values: Vec<Value<'_>>, connection: &mut PgConnection) -> Result<Vec<Row>, Error> {
    let rows = patiently(for_postgres(text, values)?.fetch_all(connection)).await?;
    Ok(rows.into_iter().map(Row::Postgres).collect())
}

async fn first(text: Text, values: Vec<Value<'_>>, on: Conn<'_>) -> Result<Option<Row>, Error> {
    match on {
        Conn::Sqlite(connection) => Ok(for_sqlite(text, values)?.fetch_optional(connection).await?.map(Row::Sqlite)),
        Conn::Postgres(connection) => first_of_postgres(text, values, connection).await,
        Conn::Pooled(connection) => {
            let row = first_of_postgres(text, values, connection).await;
            if row.is_err() {
                connection.close_on_drop();
            }
            row
        }
        Conn::Lost => Err(lost()),
    }
}

async fn first_of_postgres(text: Text, values: Vec<Value<'_>>, connection: &mut PgConnection) -> Result<Option<Row>, Error> {
    Ok(patiently(for_postgres(text, values)?.fetch_optional(connection)).await?.map(Row::Postgres))
}

async fn run(text: Text, values: Vec<Value<'_>>, on: Conn<'_>) -> Result<u64, Error> {
    match on {
        Conn::Sqlite(connection) => Ok(for_sqlite(text, values)?.execute(connection).await?.rows_affected()),
        Conn::Postgres(connection) => Ok(patiently(for_postgres(text, values)?.execute(connection)).await?.rows_affected()),
        Conn::Pooled(connection) => {
            let done = patiently(for_postgres(text, values)?.execute(&mut **connection)).await;
            if done.is_err() {
                connection.close_on_drop();
            }
            Ok(done?.rows_affected())
        }
        Conn::Lost => Err(lost()),
    }
}

pub(crate) fn lost() -> Error {
    Error::Io(std::io::Error::new(std::io::ErrorKind::NotConnected, "the database server was lost"))
}

fn for_sqlite<'q>(text: Text, values: Vec<Value<'_>>) -> Result<sqlx::query::Query<'q, Sqlite, SqliteArguments>, Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        value.into_sqlite(&mut arguments).map_err(Error::Encode)?;
    }
    let text: SqlStr = match text {
        Text::Static(text) => text.into_sql_str(),
        Text::Built { text, .. } => AssertSqlSafe(text).into_sql_str(),
    };
    Ok(sqlx::query_with(text, arguments))
}

fn for_postgres<'q>(text: Text, values: Vec<Value<'_>>) -> Result<sqlx::query::Query<'q, Postgres, PgArguments>, Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        value.into_postgres(&mut arguments).map_err(Error::Encode)?;
    }
    let text: SqlStr = match text {
        Text::Static(text) => AssertSqlSafe(dialect::for_postgres(text)).into_sql_str(),
        Text::Built { text, marks } => {
            let text = numbered(&text, &marks);
            AssertSqlSafe(dialect::for_postgres(&text).into_owned()).into_sql_str()
        }
    };
    Ok(sqlx::query_with(text, arguments))
}

#[cfg(test)]
pub(super) fn text_for_postgres(text: &str, marks: &[usize]) -> String {
    dialect::for_postgres(&numbered(text, marks)).into_owned()
}

/// With `$1`, `$2`, … at the places of the `?`s.
fn numbered(text: &str, marks: &[usize]) -> String {
    let mut numbered = String::with_capacity(text.len() + 4 * marks.len());
    let mut from = 0;
    for (n, mark) in marks.iter().enumerate() {
        numbered.push_str(&text[from..*mark]);
        numbered.push('$');
        numbered.push_str(&(n + 1).to_string());
        from = mark + 1;
    }
    numbered.push_str(&text[from..]);
    numbered
}
