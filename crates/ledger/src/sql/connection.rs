use crate::postgres::Link;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// A connection that writes.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(Box<Link>),
}

/// A connection that is given back to its pool.
pub(crate) enum Reader {
    Sqlite(PoolConnection<sqlx::Sqlite>),
    Postgres(PoolConnection<sqlx::Postgres>),
}

/// What a statement is carried out on.
pub(crate) enum Conn<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
    Pooled(&'c mut PoolConnection<sqlx::Postgres>),
    /// The server was lost; the writer finds it again with its next transaction.
    Lost,
}

impl<'c> From<&'c mut Connection> for Conn<'c> {
    fn from(connection: &'c mut Connection) -> Self {
        match connection {
            Connection::Sqlite(connection) => Conn::Sqlite(connection),
            Connection::Postgres(link) => link.connection().map_or(Conn::Lost, Conn::Postgres),
        }
    }
}

impl<'c> From<&'c mut SqliteConnection> for Conn<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Conn::Sqlite(connection)
    }
}

impl<'c> From<&'c mut PgConnection> for Conn<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Conn::Postgres(connection)
    }
}

impl<'c> From<&'c mut Reader> for Conn<'c> {
    fn from(reader: &'c mut Reader) -> Self {
        match reader {
            Reader::Sqlite(connection) => Conn::Sqlite(connection),
            Reader::Postgres(connection) => Conn::Pooled(connection),
        }
    }
}
