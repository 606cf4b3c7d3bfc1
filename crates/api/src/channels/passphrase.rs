use secrecy::SecretString;
use serde::de::{Deserializer, Error as _, Visitor};
use std::fmt;

/// Reads a text that nothing ever prints, not even the error that it is none.
pub(super) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    struct Text;

    impl Visitor<'_> for Text {
        type Value = SecretString;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<SecretString, E> {
            Ok(SecretString::from(text))
        }

        fn visit_string<E: serde::de::Error>(self, text: String) -> Result<SecretString, E> {
            Ok(SecretString::from(text))
        }
    }

    deserializer.deserialize_str(Text).map_err(|_| D::Error::custom("must be a text"))
}

/// As [`secret`], for a field that may be missing; together with `default`.
pub(super) fn some_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    secret(deserializer).map(Some)
}
