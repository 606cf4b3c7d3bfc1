//! The ways in which one thing might be written.

use super::Kind;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// The bytes to look for, each only once.
pub(super) fn of(kind: Kind, value: &str) -> Vec<Vec<u8>> {
    let mut ways = vec![value.as_bytes().to_vec()];
    let quoted = serde_json::Value::String(value.to_owned()).to_string();
    ways.push(quoted.trim_matches('"').as_bytes().to_vec());
    ways.push(format!("{value:?}").trim_matches('"').as_bytes().to_vec());
    if kind == Kind::Secret {
        let bytes = bytes(value);
        for raw in bytes.iter().filter(|raw| raw.len() >= 16) {
            let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
            ways.push(hex.to_uppercase().into_bytes());
            ways.push(hex.into_bytes());
            // Without the end: padding, and the last letter, which the bits that follow change.
            ways.push(STANDARD_NO_PAD.encode(raw).into_bytes());
            ways.push(URL_SAFE_NO_PAD.encode(raw).into_bytes());
            // As `{:?}` of a slice.
            let listed: Vec<String> = raw.iter().take(8).map(u8::to_string).collect();
            ways.push(listed.join(", ").into_bytes());
            ways.push(raw.clone());
        }
    }
    ways.sort();
    ways.dedup();
    ways
}

/// What a secret stands for, when it is written in one of the usual alphabets.
fn bytes(value: &str) -> Vec<Vec<u8>> {
    let bare = value.strip_prefix("wiu_").unwrap_or(value);
    let hex = || {
        let pairs = bare.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bare.len().is_multiple_of(2).then(|| pairs.collect::<Option<Vec<u8>>>()).flatten()
    };
    let read = [STANDARD.decode(bare).ok(), STANDARD_NO_PAD.decode(bare).ok(), URL_SAFE_NO_PAD.decode(bare).ok(), hex()];
    read.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_looked_for_in_every_way_of_writing_it() {
        let raw = [0xfb_u8; 32];
        let ways = of(Kind::Secret, &format!("wiu_{}", URL_SAFE_NO_PAD.encode(raw)));
        for way in
            ["fb".repeat(32), "FB".repeat(32), STANDARD_NO_PAD.encode(raw), "251, 251, 251, 251, 251, 251, 251, 251".into()]
        {
            assert!(ways.contains(&way.clone().into_bytes()), "{way}");
        }
        assert!(ways.contains(&raw.to_vec()));
    }

    #[test]
    fn a_text_is_looked_for_as_it_is_and_as_json_writes_it() {
        let ways = of(Kind::Text, "he said \"ja\"\nand left");
        assert!(ways.contains(&b"he said \\\"ja\\\"\\nand left".to_vec()));
        assert_eq!(of(Kind::Text, "plain enough").len(), 1);
    }
}
