//! Against `fixture/auth`, a directory that Baileys itself wrote (`fixture/make.mjs`).
#![allow(clippy::unwrap_used)]

use super::*;
use crate::auth_state::snapshot::Snapshot;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use wacore::libsignal::protocol::{
    SenderKeyDistributionMessage, SenderKeyName, SenderKeyRecord, SenderKeyStore, SessionRecord, SignalProtocolError,
    group_decrypt, group_encrypt, process_sender_key_distribution_message,
};

const GROUP: &str = "120363000000000001@g.us";
const GRACE: &str = "100000000015838@lid.0";
const ADA: &str = "100000000007919:1@lid.0";

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/baileys/fixture")
}

fn files() -> Files {
    read_directory(&fixture().join("auth")).unwrap()
}

fn snapshot() -> Snapshot {
    read(&files()).unwrap().snapshot
}

#[test]
fn everything_that_baileys_wrote_comes_along() {
    let Read { snapshot, notes } = read(&files()).unwrap();
    let device = &snapshot.device;
    assert_eq!(device.pn.as_deref(), Some("15550100101:1@s.whatsapp.net"));
    assert_eq!(device.lid.as_deref(), Some("100000000007919:1@lid"));
    assert_eq!((device.push_name.as_str(), device.signed_pre_key_id), ("Ada", 1));
    assert_eq!((device.next_pre_key_id, device.first_unupload_pre_key_id, device.server_has_prekeys), (813, 813, true));
    assert!(device.live().unwrap().account.is_some());

    let counts = snapshot.counts();
    assert_eq!((counts.sessions, counts.identities, counts.prekeys), (2, 2, 5));
    assert!(snapshot.prekeys.values().all(|prekey| prekey.uploaded));
    assert!(snapshot.sessions.contains_key(GRACE) && snapshot.identities.contains_key(GRACE), "{:?}", snapshot.sessions.keys());
    assert_eq!((counts.app_state_keys, counts.app_state_versions, counts.mutation_macs), (1, 1, 1));
    assert_eq!(snapshot.lid_mappings["100000000015838"].phone_number, "15550100102");
    assert_eq!((counts.sender_keys, counts.sender_key_devices, counts.tc_tokens), (2, 2, 1));
    assert_eq!(snapshot.tc_tokens["100000000015838"].token.as_slice(), b"a token that is not one");
    // Two device lists have no place here, and that is said.
    assert_eq!(counts.device_lists, 0);
    assert!(notes.lines()[0].starts_with("2 device lists may be out of date"), "{notes:?}");
}

#[test]
fn a_ratchet_comes_along_with_its_skipped_keys() {
    let record = SessionRecord::deserialize(snapshot().sessions[GRACE].as_slice()).unwrap();
    let session = record.into_components().unwrap().current_session.unwrap();
    assert_eq!(session.receiver_chains.len(), 3);
    // The message that never came has its key kept, and its chain is closed.
    let skipped: Vec<_> = session.receiver_chains.iter().flat_map(|chain| &chain.message_keys).map(|key| key.index).collect();
    assert_eq!(skipped, [0]);
    let open = session.receiver_chains.last().unwrap().chain_key.as_ref().unwrap();
    assert!(open.key.is_some() && open.index == Some(1));
}

#[test]
fn what_was_read_is_written_and_read_as_the_same() {
    let first = snapshot();
    let written = write(&first).unwrap();
    let again = read(&written.files).unwrap();
    assert_eq!(first, again.snapshot);
    assert_eq!(first.digest(), again.snapshot.digest());
    assert!(again.notes.is_empty(), "{:?}", again.notes);
    // Nothing of Baileys' own is missing but the device lists, which it fetches.
    let missing: Vec<_> = files().into_keys().filter(|name| !written.files.contains_key(name)).collect();
    assert_eq!(missing, ["device-list-15550100101.json", "device-list-15550100102.json"]);
}

#[tokio::test]
async fn baileys_group_messages_are_read_with_the_keys_that_came_along() {
    let letters = Letters::read();
    let mut keys = Keys(snapshot().sender_keys.iter().map(|(name, key)| (name.clone(), key.as_slice().to_vec())).collect());
    let hers = name(GRACE);
    for (letter, text) in [(&letters.next, "group 3"), (&letters.skipped, "group 1"), (&letters.older, "under the older key")] {
        let plain = group_decrypt(letter, &mut keys, &hers).await.unwrap();
        assert_eq!(plain, text.as_bytes());
    }
}

#[tokio::test]
async fn the_own_group_key_goes_on_where_baileys_stopped() {
    let letters = Letters::read();
    let mut keys = Keys(snapshot().sender_keys.iter().map(|(name, key)| (name.clone(), key.as_slice().to_vec())).collect());
    let mut partner = Keys(HashMap::new());
    let distribution = SenderKeyDistributionMessage::try_from(letters.distribution.as_slice()).unwrap();
    process_sender_key_distribution_message(&name(ADA), &distribution, &mut partner).await.unwrap();
    assert_eq!(group_decrypt(&letters.own, &mut partner, &name(ADA)).await.unwrap(), b"mine 1");

    let mut rng = rand_signal::make_rng::<rand_signal::rngs::StdRng>();
    let next = group_encrypt(&mut keys, &name(ADA), b"after the move", &mut rng).await.unwrap();
    let plain = group_decrypt(next.serialized(), &mut partner, &name(ADA)).await.unwrap();
    assert_eq!(plain, b"after the move");
}

#[test]
fn every_bad_directory_is_refused_naming_the_file() {
    let refused = |change: &dyn Fn(&mut Files)| {
        let mut files = files();
        change(&mut files);
        read(&files).unwrap_err().to_string()
    };
    let put = |file: &'static str, text: &'static str| {
        move |files: &mut Files| {
            files.insert(file.into(), Zeroizing::new(text.into()));
        }
    };
    let cut = |file: &'static str| {
        move |files: &mut Files| {
            let half = files[file].len() / 2;
            files.get_mut(file).unwrap().truncate(half);
        }
    };
    let without = |member: &'static str| {
        move |files: &mut Files| {
            let mut creds: serde_json::Value = serde_json::from_slice(&files["creds.json"]).unwrap();
            creds.as_object_mut().unwrap().remove(member);
            files.insert("creds.json".into(), Zeroizing::new(creds.to_string().into()));
        }
    };
    const SESSION: &str = "session-100000000015838_1.0.json";
    const SENDER_KEY: &str = "sender-key-120363000000000001@g.us--100000000015838_1--0.json";
    let is = |error: String, begins: &str| assert!(error.starts_with(begins), "{error}");

    is(refused(&|files| drop(files.remove("creds.json"))), "creds.json: is missing; give the directory");
    is(refused(&put("creds.json", "{oops}")), "creds.json: is not JSON at line 1, column 2");
    is(refused(&put("creds.json", "")), "creds.json: is empty");
    is(refused(&cut("creds.json")), "creds.json: ends in the middle, at line 1, column ");
    is(refused(&without("me")), "creds.json: belongs to no account (it has no `me`)");
    is(refused(&without("account")), "creds.json: belongs to no account (it has no `account`)");
    is(refused(&without("noiseKey")), "creds.json: `noiseKey` is missing");
    is(refused(&cut(SESSION)), &format!("{SESSION}: ends in the middle"));
    is(
        refused(&put(SESSION, r#"{"_sessions":{"BQ==":{"registrationId":1}},"version":"v1"}"#)),
        &format!("{SESSION}: `_sessions.BQ==.currentRatchet` is missing"),
    );
    is(
        refused(&put("pre-key-2.json", r#"{"private":{"type":"Buffer","data":"AQID"}}"#)),
        "pre-key-2.json: `private` is 3 bytes long, not 32",
    );
    is(refused(&put("pre-key-2.json", r#"{"private":"!"}"#)), "pre-key-2.json: `private` is not base64");
    is(
        refused(&put("identity-key-100000000015838_1.0.json", r#""AQID""#)),
        "identity-key-100000000015838_1.0.json: `the whole file` is 3 bytes long, not 32",
    );
    is(refused(&put(SENDER_KEY, r#"{"type":"Buffer","data":"W3sic2Vu"}"#)), &format!("{SENDER_KEY}: ends in the middle"));
    is(
        refused(&cut("app-state-sync-version-critical_block.json")),
        "app-state-sync-version-critical_block.json: ends in the middle",
    );
    is(refused(&put("lid-mapping-15550100102.json", "7")), "lid-mapping-15550100102.json: `the whole file` is not text");
}

#[test]
fn keys_of_another_device_are_refused() {
    let mut files = files();
    let mut creds: serde_json::Value = serde_json::from_slice(&files["creds.json"]).unwrap();
    let pairs = [("signedIdentityKey", "`signedIdentityKey` is no key pair"), ("noiseKey", "`noiseKey` is no key pair")];
    for (pair, said) in pairs {
        let right = creds[pair]["public"].clone();
        creds[pair]["public"] = creds["signedPreKey"]["keyPair"]["public"].clone();
        files.insert("creds.json".into(), Zeroizing::new(creds.to_string().into()));
        let error = read(&files).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        creds[pair]["public"] = right;
    }
    creds["signedIdentityKey"] = creds["noiseKey"].clone();
    files.insert("creds.json".into(), Zeroizing::new(creds.to_string().into()));
    let error = read(&files).unwrap_err().to_string();
    assert!(error.contains("`signedPreKey.signature` does not fit the other keys"), "{error}");
}

#[test]
fn a_name_that_baileys_does_not_know_is_asked_for_again() {
    let mut files = files();
    let mut creds: serde_json::Value = serde_json::from_slice(&files["creds.json"]).unwrap();
    creds["me"]["name"] = "~".into();
    files.insert("creds.json".into(), Zeroizing::new(creds.to_string().into()));
    let snapshot = read(&files).unwrap().snapshot;
    assert_eq!(snapshot.device.push_name, "");
    assert!(snapshot.app_state_versions.is_empty() && snapshot.mutation_macs.is_empty());
    assert_eq!(snapshot.app_state_keys.len(), 1);
}

#[test]
fn files_of_others_are_noted_and_emptied_keys_are_nothing() {
    let mut files = files();
    files.insert("contacts.json".into(), Zeroizing::new(b"not even JSON".to_vec()));
    files.insert("session-15550100103.0.json".into(), Zeroizing::new(b"null".to_vec()));
    files.insert("session-15550100104.0.json".into(), Zeroizing::new(br#"{"_sessions":{},"version":"v1"}"#.to_vec()));
    let read = read(&files).unwrap();
    assert_eq!(read.snapshot, snapshot());
    assert!(
        read.notes
            .lines()
            .contains(&"contacts.json is none of the files that Baileys keeps a session in, and stayed behind".to_owned())
    );
}

#[test]
fn a_directory_is_written_private_and_whole_or_not_at_all() {
    let home = tempfile::tempdir().unwrap();
    let target = home.path().join("auth");
    let written = write(&snapshot()).unwrap();
    write_directory(&target, &written.files).unwrap();
    assert_eq!(read_directory(&target).unwrap(), written.files);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&target), mode(&target.join("creds.json"))), (0o700, 0o600));
    }
    // What is there already is left alone.
    let error = write_directory(&target, &written.files).unwrap_err();
    assert_eq!(error.fault, Fault::Exists);
    // What cannot be written whole leaves nothing.
    let mut files = written.files;
    files.insert("../elsewhere.json".into(), Zeroizing::default());
    assert!(write_directory(&home.path().join("other"), &files).is_err());
    let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["auth"]);
}

#[cfg(unix)]
#[test]
fn links_and_what_is_no_directory_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let error = read_directory(&home.path().join("nowhere")).unwrap_err();
    assert_eq!(error.fault, Fault::Missing);
    let file = home.path().join("file");
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(read_directory(&file).unwrap_err().fault, Fault::NotDirectory);
    let auth = home.path().join("auth");
    std::fs::create_dir(&auth).unwrap();
    std::os::unix::fs::symlink(&file, auth.join("creds.json")).unwrap();
    let error = read_directory(&auth).unwrap_err();
    assert_eq!((error.file.as_str(), error.fault), ("creds.json", Fault::NotPlain));
}

#[test]
fn neither_errors_nor_debug_show_a_key() {
    let read = read(&files()).unwrap();
    let creds: serde_json::Value = serde_json::from_slice(&files()["creds.json"]).unwrap();
    let secret = creds["noiseKey"]["private"]["data"].as_str().unwrap();
    let shown = format!("{read:?} {:?}", write(&read.snapshot).unwrap());
    assert!(!shown.contains(secret) && !shown.contains("15550100101"), "{shown}");
}

fn name(sender: &str) -> SenderKeyName {
    SenderKeyName::from_parts(GROUP, sender)
}

struct Letters {
    older: Vec<u8>,
    skipped: Vec<u8>,
    next: Vec<u8>,
    distribution: Vec<u8>,
    own: Vec<u8>,
}

impl Letters {
    fn read() -> Self {
        let text = std::fs::read(fixture().join("letters.json")).unwrap();
        let letters: HashMap<String, String> = serde_json::from_slice(&text).unwrap();
        let letter = |name: &str| hex::decode(&letters[name]).unwrap();
        Letters {
            older: letter("older"),
            skipped: letter("skipped"),
            next: letter("next"),
            distribution: letter("distribution"),
            own: letter("own"),
        }
    }
}

struct Keys(HashMap<String, Vec<u8>>);

#[async_trait::async_trait]
impl SenderKeyStore for Keys {
    async fn store_sender_key(&mut self, name: &SenderKeyName, record: SenderKeyRecord) -> Result<(), SignalProtocolError> {
        self.0.insert(name.cache_key().to_owned(), record.serialize()?);
        Ok(())
    }

    async fn load_sender_key(&self, name: &SenderKeyName) -> Result<Option<SenderKeyRecord>, SignalProtocolError> {
        self.0.get(name.cache_key()).map(|bytes| SenderKeyRecord::deserialize(bytes)).transpose()
    }
}
