//! The JSON of Baileys' files, read so that an error can name the field and never quotes a value.

use super::error::{BaileysError, Fault, Position, Problem};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// As lenient as Node's about padding, which decides nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent).with_decode_allow_trailing_bits(true),
);

/// A JSON value. Objects keep their order, which is the age of the chains in a session.
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Drop for Json {
    fn drop(&mut self) {
        if let Json::Text(text) = self {
            text.zeroize();
        }
    }
}

impl Json {
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, BaileysError> {
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err(BaileysError::new(file, Fault::Empty));
        }
        serde_json::from_slice(bytes).map_err(|error| {
            let position = Position { line: error.line(), column: error.column() };
            BaileysError::new(file, if error.is_eof() { Fault::CutOff(position) } else { Fault::NotJson(position) })
        })
    }

    pub fn root<'a>(&'a self, file: &'a str) -> Field<'a> {
        Field { file, path: String::new(), json: self }
    }

    fn member(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => None,
        }
    }

    /// Bytes in any of the forms that versions of Baileys wrote: base64 alone or in `{"type":"Buffer","data":…}`, numbers
    /// in a list, or numbers under their indices.
    fn bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Json::Text(text) => BASE64.decode(text).ok().map(Zeroizing::new),
            Json::List(items) => items.iter().map(Json::byte).collect::<Option<Vec<u8>>>().map(Zeroizing::new),
            Json::Object(members) => match self.member("data") {
                Some(data) => data.bytes(),
                None => members
                    .iter()
                    .enumerate()
                    .map(|(n, (key, value))| if key.parse() == Ok(n) { value.byte() } else { None })
                    .collect::<Option<Vec<u8>>>()
                    .map(Zeroizing::new),
            },
            Json::Null | Json::Bool(_) | Json::Number(_) => None,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.integer().and_then(|n| u8::try_from(n).ok())
    }

    /// Numbers beyond 2^53 were text already (protobuf's 64-bit ones).
    fn integer(&self) -> Option<i64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        match self {
            Json::Number(n) if n.fract() == 0.0 && n.abs() <= EXACT => Some(*n as i64),
            Json::Text(text) => text.parse().ok(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => None,
        }
    }
}

/// A value and where it stands.
pub(super) struct Field<'a> {
    file: &'a str,
    path: String,
    json: &'a Json,
}

impl<'a> Field<'a> {
    pub fn file(&self) -> &'a str {
        self.file
    }

    /// A member that must be there.
    pub fn get(&self, name: &str) -> Result<Field<'a>, BaileysError> {
        match self.find(name) {
            Some(field) => Ok(field),
            None => Err(self.wrong_below(name, Problem::Missing)),
        }
    }

    /// A member that may be missing or null.
    pub fn find(&self, name: &str) -> Option<Field<'a>> {
        match self.json.member(name) {
            None | Some(Json::Null) => None,
            Some(json) => Some(Field { file: self.file, path: self.below(name), json }),
        }
    }

    pub fn members(&self) -> Result<impl Iterator<Item = (&'a str, Field<'a>)> + '_, BaileysError> {
        match self.json {
            Json::Object(members) => {
                Ok(members.iter().map(|(name, json)| (name.as_str(), Field { file: self.file, path: self.below(name), json })))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => {
                Err(self.wrong(Problem::Not("an object")))
            }
        }
    }

    pub fn items(&self) -> Result<impl Iterator<Item = Field<'a>> + '_, BaileysError> {
        match self.json {
            Json::List(items) => {
                Ok(items.iter().enumerate().map(|(n, json)| Field { file: self.file, path: self.below(&n.to_string()), json }))
            }
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Object(_) => {
                Err(self.wrong(Problem::Not("a list")))
            }
        }
    }

    pub fn text(&self) -> Result<&'a str, BaileysError> {
        match self.json {
            Json::Text(text) => Ok(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Err(self.wrong(Problem::Not("text")))
            }
        }
    }

    pub fn truth(&self) -> bool {
        matches!(self.json, Json::Bool(true))
    }

    pub fn integer<T: TryFrom<i64>>(&self) -> Result<T, BaileysError> {
        self.json
            .integer()
            .and_then(|n| T::try_from(n).ok())
            .ok_or_else(|| self.wrong(Problem::Not("a number that is possible there")))
    }

    pub fn bytes(&self) -> Result<Zeroizing<Vec<u8>>, BaileysError> {
        self.json.bytes().ok_or_else(|| self.wrong(Problem::Not("base64")))
    }

    pub fn array<const N: usize>(&self) -> Result<Zeroizing<[u8; N]>, BaileysError> {
        let bytes = self.bytes()?;
        match <[u8; N]>::try_from(bytes.as_slice()) {
            Ok(array) => Ok(Zeroizing::new(array)),
            Err(_) => Err(self.wrong(Problem::Length { found: bytes.len(), wanted: N })),
        }
    }

    /// A public key, with or without the byte that names its curve.
    pub fn public_key(&self) -> Result<[u8; 32], BaileysError> {
        let bytes = self.bytes()?;
        let bare = match bytes.as_slice() {
            [5, bare @ ..] if bare.len() == 32 => bare,
            bare => bare,
        };
        bare.try_into().map_err(|_| self.wrong(Problem::Length { found: bytes.len(), wanted: 32 }))
    }

    pub fn wrong(&self, problem: Problem) -> BaileysError {
        let field = if self.path.is_empty() { "the whole file".into() } else { self.path.clone() };
        BaileysError::new(self.file, Fault::Field { field, problem })
    }

    fn wrong_below(&self, name: &str, problem: Problem) -> BaileysError {
        BaileysError::new(self.file, Fault::Field { field: self.below(name), problem })
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            members.push(entry);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn parsed(text: &str) -> Json {
        Json::parse("creds.json", text.as_bytes()).unwrap()
    }

    fn fault(text: &str) -> String {
        Json::parse("creds.json", text.as_bytes()).err().unwrap().to_string()
    }

    #[test]
    fn bytes_are_read_in_every_form_that_baileys_wrote() {
        for text in [
            r#"{"k":{"type":"Buffer","data":"AQID"}}"#,
            r#"{"k":{"type":"Buffer","data":[1,2,3]}}"#,
            r#"{"k":{"data":[1,2,3],"type":"Buffer"}}"#,
            r#"{"k":{"buffer":true,"data":"AQID"}}"#,
            r#"{"k":"AQID"}"#,
            r#"{"k":[1,2,3]}"#,
            r#"{"k":{"0":1,"1":2,"2":3}}"#,
        ] {
            assert_eq!(*parsed(text).root("f").get("k").unwrap().bytes().unwrap(), [1, 2, 3], "{text}");
        }
    }

    #[test]
    fn what_is_no_base64_is_named_and_not_quoted() {
        let json = parsed(r#"{"noiseKey":{"private":{"type":"Buffer","data":"*secret*"}}}"#);
        let error = json.root("creds.json").get("noiseKey").unwrap().get("private").unwrap().array::<32>().unwrap_err();
        assert_eq!(error.to_string(), "creds.json: `noiseKey.private` is not base64");
    }

    #[test]
    fn a_key_of_the_wrong_length_is_named() {
        let json = parsed(r#"{"advSecretKey":"AQID"}"#);
        let error = json.root("creds.json").get("advSecretKey").unwrap().array::<32>().unwrap_err();
        assert_eq!(error.to_string(), "creds.json: `advSecretKey` is 3 bytes long, not 32");
    }

    #[test]
    fn a_file_that_ends_early_is_told_from_one_that_is_wrong() {
        assert!(
            fault(r#"{"me":{"id":"155501"#).contains("ends in the middle, at line 1, column 19"),
            "{}",
            fault(r#"{"me":{"id":"155501"#)
        );
        assert!(fault("{\"me\":\n  oops}").contains("is not JSON at line 2, column 3"));
        assert!(fault(r#"{"a":1}{"a":1}"#).contains("is not JSON"));
        assert!(fault("").contains("is empty"));
        assert!(fault("\0\0\0\0").contains("is not JSON"));
    }
}
