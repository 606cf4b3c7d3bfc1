//! Where the two engines differ within one SQL text, and what their errors mean.

use crate::{LedgerError, postgres, sqlite};
use std::borrow::Cow;
use std::path::PathBuf;

/// Takes a [`List`](crate::sql::List) as its one argument, so that the statement is the same for any number of values.
macro_rules! in_list {
    ($argument:literal) => {
        concat!("IN (SELECT value FROM json_each(", $argument, "))")
    };
}
pub(crate) use in_list;

/// How [`in_list`] begins, and how Postgres, which takes arrays, wants it.
const IN_LIST: [&str; 2] = ["IN (SELECT value FROM json_each(", "= ANY (("];
/// A comment of this form is read by Postgres, as `/*! … */` is by MySQL.
const ONLY_POSTGRES: [&str; 2] = ["/*+", "+*/"];

/// A text of ours as Postgres takes it.
pub(crate) fn for_postgres(text: &str) -> Cow<'_, str> {
    let [begins, ends] = ONLY_POSTGRES;
    let mut text = Cow::Borrowed(text);
    for (ours, theirs) in [(IN_LIST[0], IN_LIST[1]), (begins, ""), (ends, "")] {
        if text.contains(ours) {
            text = Cow::Owned(text.replace(ours, theirs));
        }
    }
    text
}

/// Where a ledger is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Directory(PathBuf),
    Server,
}

impl Place {
    /// What an error of the engine means.
    pub fn explain(&self, error: &sqlx::Error) -> LedgerError {
        if matches!(error, sqlx::Error::PoolClosed) {
            return LedgerError::Closed;
        }
        if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) {
            return LedgerError::Damaged(error.to_string());
        }
        match self {
            Place::Directory(dir) => sqlite::explain(error, dir),
            Place::Server => postgres::explain(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_serves_both_engines() {
        const TEXT: &str = concat!("SELECT n FROM t WHERE id ", in_list!("$1"), " ORDER BY n /*+FOR UPDATE+*/");
        assert_eq!(for_postgres(TEXT), "SELECT n FROM t WHERE id = ANY (($1)) ORDER BY n FOR UPDATE");
        assert!(matches!(for_postgres("SELECT 1"), Cow::Borrowed(_)));
    }
}
