//! SQL for two engines. Texts are shared: placeholders are `$1`, a list is [`in_list`](crate::dialect::in_list), and what only
//! Postgres is to read stands in `/*+ … +*/`. sqlx's own `Any` cannot be handed a connection that SQLCipher has opened.

mod builder;
mod connection;
mod query;
mod row;
mod value;

pub(crate) use builder::QueryBuilder;
pub(crate) use connection::{Conn, Connection, Reader};
pub(crate) use query::{Query, lost, query, query_as, query_scalar};
pub(crate) use row::Row;
pub(crate) use value::{List, Value};
