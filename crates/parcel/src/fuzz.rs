//! The file that somebody brings from another machine.
#![allow(clippy::unwrap_used)]

use crate::{FORMAT, Label, MAGIC, Passphrase, Work, open, wrap};
use flate2::Compression;
use flate2::write::GzEncoder;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::io::Write as _;

const SESSION: &[u8] = br#"{"version":1,"device":{}}"#;

fn label(length: u64) -> Label {
    Label {
        format: FORMAT,
        made_by: "0.1.0".into(),
        made_at: "2026-11-22T07:30:00Z".into(),
        channel: "Front desk".into(),
        counts: BTreeMap::from([("sessions".into(), 2)]),
        digest: "00".into(),
        length,
        sha256: hex::encode(Sha256::digest(SESSION)),
    }
}

fn inside(length: u64) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    serde_json::to_writer(&mut bytes, &label(length)).unwrap();
    bytes.push(b'\n');
    let mut zip = GzEncoder::new(bytes, Compression::fast());
    zip.write_all(SESSION).unwrap();
    zip.finish().unwrap()
}

#[test]
fn what_is_inside() {
    let seeds = [inside(SESSION.len() as u64), inside(1), inside(1 << 40)];
    let words = ["\"length\":", "\"format\":", "\"counts\":", "whatisup export\n", "\x1f\x08", "\n"];
    ::fuzz::target!("inside").seeds(seeds).words(words).run(|bytes| match crate::open::read(bytes) {
        Ok((label, session)) => {
            assert_eq!(label.length, session.len() as u64);
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    });
}

#[test]
fn the_file() {
    let passphrase = Passphrase::given(SecretString::from("correct horse battery"));
    let sealed = wrap(label(0), SESSION, &passphrase, Work::TOKEN).unwrap();
    // A file may ask for as much work as is done at most, which is long: that is another test's concern.
    let asks_for_work = |file: &[u8]| {
        let text = String::from_utf8_lossy(file);
        let asked = text.lines().find_map(|line| line.strip_prefix("-> scrypt ")?.split(' ').nth(1)?.parse::<u32>().ok());
        asked.is_some_and(|power| power > 8)
    };
    ::fuzz::target!("file").seeds([sealed]).words(["-> scrypt ", "---", "\n", "age-encryption.org/v1"]).run(|bytes| {
        if asks_for_work(bytes) {
            return None;
        }
        Some(open(bytes, &passphrase).map(drop).map_err(|error| error.to_string()))
    });
}
