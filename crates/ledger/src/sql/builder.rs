use super::query::{Query, Text};
use super::{Row, Value};
use std::fmt::{Display, Write as _};

/// A statement whose text depends on what is asked for. What is pushed as text is ours; what others gave is bound.
pub(crate) struct QueryBuilder<'q> {
    text: String,
    marks: Vec<usize>,
    values: Vec<Value<'q>>,
}

impl<'q> QueryBuilder<'q> {
    pub fn new(text: &str) -> Self {
        QueryBuilder { text: text.to_owned(), marks: Vec::new(), values: Vec::new() }
    }

    pub fn push(&mut self, text: impl Display) -> &mut Self {
        write!(self.text, "{text}").expect("a String takes all that is written to it");
        self
    }

    pub fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.marks.push(self.text.len());
        self.text.push('?');
        self.values.push(value.into());
        self
    }

    /// `VALUES (…), (…)`, a row for each of `rows`.
    pub fn push_values<T>(
        &mut self,
        rows: impl IntoIterator<Item = T>,
        mut push: impl FnMut(&mut Values<'_, 'q>, T),
    ) -> &mut Self {
        self.push("VALUES ");
        for (n, row) in rows.into_iter().enumerate() {
            self.push(if n == 0 { "(" } else { ", (" });
            push(&mut Values { sql: self, begun: false }, row);
            self.push(")");
        }
        self
    }

    pub fn build(self) -> Query<'q, Row> {
        Query::built(Text::Built { text: self.text, marks: self.marks }, self.values)
    }

    #[cfg(test)]
    pub fn text(&self) -> &str {
        &self.text
    }

    #[cfg(test)]
    pub fn text_for_postgres(&self) -> String {
        super::query::text_for_postgres(&self.text, &self.marks)
    }
}

/// A row of values.
pub(crate) struct Values<'s, 'q> {
    sql: &'s mut QueryBuilder<'q>,
    begun: bool,
}

impl<'q> Values<'_, 'q> {
    pub fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        if std::mem::replace(&mut self.begun, true) {
            self.sql.push(", ");
        }
        self.sql.push_bind(value);
        self
    }
}
