//! What is bound to a statement.

use sqlx::Arguments as _;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use std::borrow::Cow;

/// A value with its type: Postgres asks for that of a NULL too.
pub(crate) enum Value<'q> {
    Text(Option<Cow<'q, str>>),
    Int(Option<i64>),
    Bool(bool),
    Bytes(Cow<'q, [u8]>),
    List(List),
}

/// The argument of [`in_list`](crate::dialect::in_list).
#[derive(Clone, Debug)]
pub(crate) enum List {
    Texts(Vec<String>),
    Ints(Vec<i64>),
}

impl Value<'_> {
    pub fn into_sqlite(self, arguments: &mut SqliteArguments) -> Result<(), BoxDynError> {
        match self {
            Value::Text(Some(Cow::Borrowed(text))) => arguments.add(text),
            Value::Text(Some(Cow::Owned(text))) => arguments.add(text),
            Value::Text(None) => arguments.add(None::<&str>),
            Value::Int(number) => arguments.add(number),
            Value::Bool(truth) => arguments.add(truth),
            Value::Bytes(bytes) => arguments.add(bytes.into_owned()),
            Value::List(List::Texts(texts)) => arguments.add(json(&texts)),
            Value::List(List::Ints(numbers)) => arguments.add(json(&numbers)),
        }
    }

    pub fn into_postgres(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Value::Text(Some(text)) => arguments.add(&*without_nul(&text)),
            Value::Text(None) => arguments.add(None::<&str>),
            Value::Int(number) => arguments.add(number),
            Value::Bool(truth) => arguments.add(truth),
            Value::Bytes(bytes) => arguments.add(&*bytes),
            Value::List(List::Texts(texts)) => {
                arguments.add(texts.iter().map(|text| without_nul(text).into_owned()).collect::<Vec<_>>())
            }
            Value::List(List::Ints(numbers)) => arguments.add(numbers),
        }
    }
}

fn json<T: serde::Serialize>(values: &[T]) -> String {
    serde_json::to_string(values).expect("texts and numbers are JSON")
}

/// Begins what stands for a character that Postgres does not take in a text.
const ESCAPE: char = '\u{1}';

/// As Postgres can keep it: NUL becomes U+0001 `0`, and U+0001 itself U+0001 `1`. What is JSON has neither.
fn without_nul(text: &str) -> Cow<'_, str> {
    if !text.contains(['\0', ESCAPE]) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        match c {
            '\0' => kept.extend([ESCAPE, '0']),
            ESCAPE => kept.extend([ESCAPE, '1']),
            c => kept.push(c),
        }
    }
    Cow::Owned(kept)
}

/// Undoes [`without_nul`].
pub(super) fn with_nul(kept: String) -> String {
    if !kept.contains(ESCAPE) {
        return kept;
    }
    let mut text = String::with_capacity(kept.len());
    let mut rest = kept.chars();
    while let Some(c) = rest.next() {
        match c {
            ESCAPE => text.push(if rest.next() == Some('0') { '\0' } else { ESCAPE }),
            c => text.push(c),
        }
    }
    text
}

impl<'q> From<&'q str> for Value<'q> {
    fn from(text: &'q str) -> Self {
        Value::Text(Some(text.into()))
    }
}

impl From<String> for Value<'_> {
    fn from(text: String) -> Self {
        Value::Text(Some(text.into()))
    }
}

impl<'q> From<&'q String> for Value<'q> {
    fn from(text: &'q String) -> Self {
        Value::Text(Some(text.into()))
    }
}

impl<'q> From<Option<&'q str>> for Value<'q> {
    fn from(text: Option<&'q str>) -> Self {
        Value::Text(text.map(Into::into))
    }
}

impl From<Option<String>> for Value<'_> {
    fn from(text: Option<String>) -> Self {
        Value::Text(text.map(Into::into))
    }
}

impl<'q> From<&'q Option<String>> for Value<'q> {
    fn from(text: &'q Option<String>) -> Self {
        text.as_deref().into()
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Int(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Value::Int(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl<'q> From<&'q [u8]> for Value<'q> {
    fn from(bytes: &'q [u8]) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl From<Vec<u8>> for Value<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Value::Bytes(bytes.into())
    }
}

impl From<List> for Value<'_> {
    fn from(list: List) -> Self {
        Value::List(list)
    }
}

impl FromIterator<String> for List {
    fn from_iter<I: IntoIterator<Item = String>>(values: I) -> Self {
        List::Texts(values.into_iter().collect())
    }
}

impl<'a> FromIterator<&'a str> for List {
    fn from_iter<I: IntoIterator<Item = &'a str>>(values: I) -> Self {
        values.into_iter().map(str::to_owned).collect()
    }
}

impl FromIterator<i64> for List {
    fn from_iter<I: IntoIterator<Item = i64>>(values: I) -> Self {
        List::Ints(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_with_characters_that_postgres_refuses_comes_back_as_it_was() {
        for text in ["", "plain", "\0", "a\0b", "\u{1}", "\u{1}0", "\u{1}\0\u{1}1", "\0\0x\u{1}"] {
            let kept = without_nul(text);
            assert!(!kept.contains('\0'));
            assert_eq!(with_nul(kept.into_owned()), text);
        }
        assert!(matches!(without_nul("plain"), Cow::Borrowed(_)));
    }
}
