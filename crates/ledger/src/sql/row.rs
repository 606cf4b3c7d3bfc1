use super::value::with_nul;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{ColumnIndex, Error, Row as _};

pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// A column, by its name or place.
    ///
    /// # Panics
    /// When the statement has no such column, or one of another type: both are mistakes of this crate.
    #[track_caller]
    pub fn get<'r, T: Column<'r>>(&'r self, index: impl Index) -> T {
        let got = match self {
            Row::Sqlite(row) => T::of_sqlite(row, index),
            Row::Postgres(row) => T::of_postgres(row, index),
        };
        got.unwrap_or_else(|e| panic!("a column of a row: {e}"))
    }
}

pub(crate) trait Index: ColumnIndex<SqliteRow> + ColumnIndex<PgRow> {}
impl Index for usize {}
impl Index for &str {}

/// What a column is read as. A `&str` is given as the engine keeps it: for words and ids of our own.
pub(crate) trait Column<'r>: Sized {
    fn of_sqlite(row: &'r SqliteRow, index: impl Index) -> Result<Self, Error>;
    fn of_postgres(row: &'r PgRow, index: impl Index) -> Result<Self, Error>;
}

macro_rules! plain {
    ($($type:ty),*) => {$(
        impl<'r> Column<'r> for $type {
            fn of_sqlite(row: &'r SqliteRow, index: impl Index) -> Result<Self, Error> {
                row.try_get(index)
            }

            fn of_postgres(row: &'r PgRow, index: impl Index) -> Result<Self, Error> {
                row.try_get(index)
            }
        }
    )*};
}
plain!(i64, Option<i64>, bool, &'r str, Option<&'r str>, Vec<u8>);

impl<'r> Column<'r> for String {
    fn of_sqlite(row: &'r SqliteRow, index: impl Index) -> Result<Self, Error> {
        row.try_get(index)
    }

    fn of_postgres(row: &'r PgRow, index: impl Index) -> Result<Self, Error> {
        row.try_get(index).map(with_nul)
    }
}

impl<'r> Column<'r> for Option<String> {
    fn of_sqlite(row: &'r SqliteRow, index: impl Index) -> Result<Self, Error> {
        row.try_get(index)
    }

    fn of_postgres(row: &'r PgRow, index: impl Index) -> Result<Self, Error> {
        Ok(row.try_get::<Option<String>, _>(index)?.map(with_nul))
    }
}

/// Several columns at once, in their order.
pub(crate) trait Record: Sized {
    fn of(row: &Row) -> Self;
}

macro_rules! record {
    ($($name:ident $place:tt),*) => {
        impl<$($name: for<'r> Column<'r>),*> Record for ($($name,)*) {
            fn of(row: &Row) -> Self {
                ($(row.get::<$name>($place),)*)
            }
        }
    };
}
record!(A 0);
record!(A 0, B 1);
record!(A 0, B 1, C 2);
record!(A 0, B 1, C 2, D 3);
record!(A 0, B 1, C 2, D 3, E 4);
