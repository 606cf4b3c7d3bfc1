//! The directory that somebody brings from Baileys: `creds.json` as Baileys wrote it, and beside or instead of it one file that is
//! anything.
#![allow(clippy::unwrap_used)]

use super::json::Json;
use super::name::Name;
use super::read::Reading;
use super::*;
use crate::auth_state::snapshot::Snapshot;
use std::path::Path;

fn directory() -> Files {
    read_directory(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/baileys/fixture/auth")).unwrap()
}

#[test]
fn one_file_of_the_directory() {
    let files = directory();
    let creds = &files["creds.json"];
    let json = Json::parse("creds.json", creds).unwrap();
    let begun = Reading::of(super::creds::read(&json.root("creds.json")).unwrap()).unwrap();
    let seeds = files.iter().map(|(name, bytes)| [name.as_bytes(), b"\n", bytes.as_slice()].concat());
    let words = [
        "creds.json",
        "sender-key-",
        "session-",
        "identity-key-",
        "lid-mapping-",
        "_reverse",
        "--0",
        "@g.us",
        "\"type\":\"Buffer\",\"data\":",
        "\"_chains\":",
        "\"messageKeys\":",
        "\"counter\":",
        "null",
        "[",
        "{",
    ];
    ::fuzz::target!("baileys").seeds(seeds).words(words).longest(16 * 1024).run(|bytes| {
        let (name, content) = match bytes.iter().position(|b| *b == b'\n') {
            Some(at) => (&bytes[..at], &bytes[at + 1..]),
            None => (bytes, &[][..]),
        };
        let name = String::from_utf8_lossy(name).into_owned();
        // Curves are slow in a build for tests: what needs them is tried now and then.
        let all = bytes.len().is_multiple_of(16);
        let taken = match Name::parse(&name) {
            Name::Creds | Name::TcTokenIndex | Name::Other => {
                if !all {
                    return Err(String::new());
                }
                read(&BTreeMap::from([("creds.json".to_owned(), creds.as_slice()), (name, content)]))
            }
            kind @ (Name::Prekey(_)
            | Name::Session(_)
            | Name::Identity(_)
            | Name::SenderKey { .. }
            | Name::SenderKeyMemory(_)
            | Name::SyncKey(_)
            | Name::SyncVersion(_)
            | Name::LidOf(_)
            | Name::PhoneOf(_)
            | Name::DeviceList(_)
            | Name::TcToken(_)) => Json::parse(&name, content).and_then(|json| {
                let mut reading = begun.clone();
                reading.take(kind, &json.root(&name))?;
                Ok(reading.done(Notes::default()))
            }),
        };
        match taken {
            Ok(taken) => {
                if all {
                    // What was taken can be kept, given back, and taken again; and no name of it leads out of a directory.
                    let kept = Snapshot::from_bytes(&taken.snapshot.to_bytes());
                    assert!(kept.is_ok(), "{:?}", kept.err());
                    if let Ok(written) = write(&taken.snapshot) {
                        assert!(written.files.keys().all(|name| !name.contains(['/', '\\']) && !name.starts_with('.')));
                        assert!(read(&written.files).is_ok());
                    }
                }
                Ok(taken.notes.lines().len())
            }
            // Where and why, but no word of the file.
            Err(error) => Err(error.to_string().chars().filter(|c| !c.is_ascii_digit()).take(60).collect::<String>()),
        }
    });
}

#[test]
fn the_name_of_a_file() {
    let seeds: Vec<String> = directory().into_keys().collect();
    ::fuzz::target!("name").seeds(seeds).words([".json", "--", "__", "_1", "@", "sender-key-memory-"]).longest(256).run(
        |bytes| {
            let name = Name::parse(&String::from_utf8_lossy(bytes));
            if name != Name::Other {
                assert!(!name.file().contains(['/', '\\']) && !name.file().starts_with('.'), "{name:?}");
                assert_eq!(Name::parse(&name.file()), name);
            }
            std::mem::discriminant(&name)
        },
    );
}
