use super::Files;
use super::address::{Address, is_user};
use super::app_state;
use super::creds;
use super::error::{BaileysError, Fault};
use super::name::{Name, is_collection, is_jid};
use super::notes::Notes;
use super::sender_key;
use super::session;
use crate::auth_state::snapshot::{LidMapping, Snapshot};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use waproto::codec;
use zeroize::Zeroizing;

/// What Baileys would have in its directory.
pub struct Written {
    pub files: Files,
    /// What stays behind.
    pub notes: Notes,
}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Written").field("files", &self.files.len()).field("notes", &self.notes).finish()
    }
}

/// The files that Baileys resumes with.
///
/// # Errors
/// When the snapshot belongs to no account, or its device has no form there. A single ratchet that has none is noted: its
/// partner and Baileys make a new one by themselves.
pub fn write(snapshot: &Snapshot) -> Result<Written, BaileysError> {
    let mut writing = Writing { files: Files::new(), notes: Notes::default() };
    writing.json(&Name::Creds, &creds::write(snapshot)?);
    writing.prekeys(snapshot)?;
    writing.sessions(snapshot);
    writing.groups(snapshot);
    writing.settings(snapshot)?;
    writing.people(snapshot);
    writing.note_rest(snapshot);
    Ok(Written { files: writing.files, notes: writing.notes })
}

struct Writing {
    files: Files,
    notes: Notes,
}

impl Writing {
    fn json(&mut self, name: &Name, value: &Value) {
        self.bytes(name, serde_json::to_vec(value).expect("a JSON value has a form in JSON"));
    }

    fn bytes(&mut self, name: &Name, bytes: Vec<u8>) {
        self.files.insert(name.file(), Zeroizing::new(bytes));
    }

    fn prekeys(&mut self, snapshot: &Snapshot) -> Result<(), BaileysError> {
        for (id, prekey) in &snapshot.prekeys {
            let name = Name::Prekey(*id);
            let unreadable = |what: String| unwritable(&name.file(), what);
            let record =
                codec::pre_key_record_decode(prekey.record.as_slice()).map_err(|error| unreadable(error.to_string()))?;
            let (Some(private), Some(public)) = (record.private_key, record.public_key) else {
                return Err(unreadable("the pre-key has no keys".into()));
            };
            self.json(&name, &json!({ "private": buffer(&private), "public": buffer(&public) }));
        }
        Ok(())
    }

    fn sessions(&mut self, snapshot: &Snapshot) {
        let mut formless = 0;
        for (signal, record) in &snapshot.sessions {
            match (Address::from_signal(signal), session::write(record.as_slice())) {
                (Some(address), Ok(Some(bytes))) => self.bytes(&Name::Session(address), bytes),
                (_, Ok(None)) => {}
                (None, Ok(Some(_))) | (_, Err(_)) => formless += 1,
            }
        }
        for (signal, key) in &snapshot.identities {
            if let Some(address) = Address::from_signal(signal) {
                self.json(&Name::Identity(address), &buffer(&creds::serialized(key.bytes())));
            }
        }
        self.notes.count(
            formless,
            ("session", "sessions"),
            "with a partner cannot be written as Baileys has them; it makes a new one with the next message, and what is under \
             way in the old one is asked for again",
        );
    }

    fn groups(&mut self, snapshot: &Snapshot) {
        let mut formless = 0;
        for (name, record) in &snapshot.sender_keys {
            let parts = name.split_once(':').and_then(|(group, sender)| Some((group, Address::from_signal(sender)?)));
            match (parts, sender_key::write(record.as_slice())) {
                (Some((group, sender)), Ok(value)) if is_jid(group) => {
                    self.json(&Name::SenderKey { group: group.to_owned(), sender }, &value);
                }
                (Some(_) | None, Ok(_) | Err(_)) => formless += 1,
            }
        }
        for (group, devices) in snapshot.sender_key_devices.iter().filter(|(group, _)| is_jid(group)) {
            // A device that needs the key again is one that Baileys does not remember.
            let reached: Map<String, Value> =
                devices.iter().filter(|(_, has_it)| **has_it).map(|(jid, _)| (jid.clone(), Value::Bool(true))).collect();
            if !reached.is_empty() {
                self.json(&Name::SenderKeyMemory(group.clone()), &Value::Object(reached));
            }
        }
        self.notes.count(
            formless,
            ("sender key", "sender keys"),
            "of a group cannot be written as Baileys has them; they are asked for again",
        );
    }

    fn settings(&mut self, snapshot: &Snapshot) -> Result<(), BaileysError> {
        for (id, key) in &snapshot.app_state_keys {
            let name = Name::SyncKey(id.as_slice().to_vec());
            let value = app_state::write_key(&name.file(), key)?;
            self.json(&name, &value);
        }
        for (collection, version) in snapshot.app_state_versions.iter().filter(|(name, _)| is_collection(name)) {
            // With a sum that is known to be wrong Baileys would refuse every change; without, it asks for all anew.
            if !version.mac_mismatch_fatal {
                let macs = snapshot.mutation_macs.get(collection);
                self.json(&Name::SyncVersion(collection.clone()), &app_state::write_version(version, macs));
            }
        }
        Ok(())
    }

    fn people(&mut self, snapshot: &Snapshot) {
        // One LID per number: the newest.
        let mut current: BTreeMap<&str, (&str, &LidMapping)> = BTreeMap::new();
        for (lid, mapping) in &snapshot.lid_mappings {
            if !is_user(lid) || !is_user(&mapping.phone_number) {
                continue;
            }
            self.json(&Name::PhoneOf(lid.clone()), &mapping.phone_number.as_str().into());
            let newest = current.entry(&mapping.phone_number).or_insert((lid, mapping));
            if mapping.created_at > newest.1.created_at {
                *newest = (lid, mapping);
            }
        }
        for (phone, (lid, _)) in current {
            self.json(&Name::LidOf(phone.to_owned()), &lid.into());
        }
        for (user, list) in snapshot.device_lists.iter().filter(|(user, _)| is_user(user)) {
            let devices: Vec<String> = list.devices.iter().map(|device| device.device_id.to_string()).collect();
            self.json(&Name::DeviceList(user.clone()), &json!(devices));
        }
        self.tokens(snapshot);
    }

    fn tokens(&mut self, snapshot: &Snapshot) {
        let mut index = Vec::new();
        let lids = lid_users(snapshot);
        for (user, token) in snapshot.tc_tokens.iter().filter(|(user, _)| is_user(user)) {
            let server = if lids.contains(user.as_str()) { "lid" } else { "s.whatsapp.net" };
            let jid = format!("{user}@{server}");
            let mut value = json!({ "token": buffer(token.token.as_slice()), "timestamp": token.token_timestamp.to_string() });
            if let Some(at) = token.sender_timestamp {
                value["senderTimestamp"] = at.into();
            }
            self.json(&Name::TcToken(jid.clone()), &value);
            index.push(jid);
        }
        if !index.is_empty() {
            let index = serde_json::to_vec(&index).expect("a list of text has a form in JSON");
            self.json(&Name::TcTokenIndex, &json!({ "token": buffer(&index) }));
        }
    }

    fn note_rest(&mut self, snapshot: &Snapshot) {
        let counts = snapshot.counts();
        self.notes.count(
            snapshot.signed_prekeys.len(),
            ("former signed pre-key", "former signed pre-keys"),
            "stay behind, Baileys knows the current one only; who still writes with an old one is asked to write again",
        );
        self.notes.count(
            usize::try_from(counts.pending_inbound).unwrap_or(usize::MAX),
            ("message", "messages"),
            "received and not yet recorded stay behind; start the channel once and stop it before it is exported",
        );
        self.notes.count(
            usize::try_from(counts.sent_messages).unwrap_or(usize::MAX),
            ("sent message", "sent messages"),
            "kept for who asks for one again stay behind; Baileys asks its own program for those (getMessage)",
        );
        self.notes.count(
            usize::try_from(counts.msg_secrets).unwrap_or(usize::MAX),
            ("message secret", "message secrets"),
            "(for votes and edits of older messages) stay behind; Baileys keeps none",
        );
    }
}

/// Users of whom it is known that they are LIDs.
fn lid_users(snapshot: &Snapshot) -> BTreeSet<String> {
    let mut users: BTreeSet<String> = snapshot.lid_mappings.keys().cloned().collect();
    let addresses = snapshot.sessions.keys().chain(snapshot.identities.keys());
    users.extend(addresses.filter_map(|address| Address::from_signal(address)?.lid_user().map(str::to_owned)));
    users
}

/// Bytes as Baileys' `BufferJSON` writes them.
pub(super) fn buffer(bytes: &[u8]) -> Value {
    json!({ "type": "Buffer", "data": BASE64_STANDARD.encode(bytes) })
}

pub(super) fn unwritable(file: &str, what: String) -> BaileysError {
    BaileysError::new(file, Fault::Unwritable(what))
}
