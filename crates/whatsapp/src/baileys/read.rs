use super::address::Address;
use super::app_state;
use super::creds;
use super::error::{BaileysError, Fault};
use super::json::{Field, Json};
use super::name::{Name, is_jid};
use super::notes::Notes;
use super::sender_key;
use super::session;
use crate::auth_state::snapshot::{Device, LidMapping, Prekey, Snapshot, TcToken};
use std::collections::BTreeMap;
use wacore::libsignal::protocol::{IdentityKey, LegacySessionLocalContext, PublicKey};
use wacore_binary::Jid;
use waproto::codec;
use waproto::whatsapp::PreKeyRecordStructure;

const CREDS: &str = "creds.json";
/// The collection of synchronised settings that holds the account's name.
const NAMED_IN: &str = "critical_block";

/// What a directory of Baileys holds.
#[derive(Debug)]
pub struct Read {
    pub snapshot: Snapshot,
    /// What stays behind.
    pub notes: Notes,
}

/// Reads a whole directory, file names without a path.
///
/// # Errors
/// Names the file that is missing, damaged or of another session. Files that are none of Baileys' are noted, not refused.
pub fn read<Bytes: AsRef<[u8]>>(files: &BTreeMap<String, Bytes>) -> Result<Read, BaileysError> {
    let bytes = files.get(CREDS).ok_or_else(|| BaileysError::new(CREDS, Fault::Missing))?;
    let json = Json::parse(CREDS, bytes.as_ref())?;
    let device = creds::read(&json.root(CREDS))?;
    let mut notes = Notes::default();
    creds::note_rest(&json.root(CREDS), &mut notes);
    let mut reading = Reading::of(device)?;
    for (file, bytes) in files {
        let name = Name::parse(file);
        match name {
            Name::Creds | Name::TcTokenIndex => continue,
            Name::Other => reading.others.push(file.clone()),
            Name::Prekey(_)
            | Name::Session(_)
            | Name::Identity(_)
            | Name::SenderKey { .. }
            | Name::SenderKeyMemory(_)
            | Name::SyncKey(_)
            | Name::SyncVersion(_)
            | Name::LidOf(_)
            | Name::PhoneOf(_)
            | Name::DeviceList(_)
            | Name::TcToken(_) => {
                let json = Json::parse(file, bytes.as_ref())?;
                // A key that was taken away may be left as `null`.
                if !matches!(json, Json::Null) {
                    reading.take(name, &json.root(file))?;
                }
            }
        }
    }
    Ok(reading.done(notes))
}

/// What was taken so far.
#[derive(Clone)]
pub(super) struct Reading {
    snapshot: Snapshot,
    context: LegacySessionLocalContext,
    /// Below it, pre-keys are uploaded.
    first_unuploaded: u32,
    /// Who is at the other end of the sessions, for those of whom no identity key was kept.
    met: BTreeMap<String, [u8; 32]>,
    device_lists: usize,
    empty: usize,
    others: Vec<String>,
}

impl Reading {
    pub(super) fn of(device: Device) -> Result<Self, BaileysError> {
        // Proves besides that every key is one.
        device.live().map_err(|error| BaileysError::new(CREDS, Fault::Session(error.to_string())))?;
        let public = PublicKey::from_djb_public_key_bytes(device.identity_key.public.bytes())
            .map_err(|error| BaileysError::new(CREDS, Fault::Session(error.to_string())))?;
        let context =
            LegacySessionLocalContext { identity_key: IdentityKey::new(public), registration_id: device.registration_id };
        Ok(Reading {
            context,
            first_unuploaded: device.first_unupload_pre_key_id,
            snapshot: Snapshot::of(device),
            met: BTreeMap::new(),
            device_lists: 0,
            empty: 0,
            others: Vec::new(),
        })
    }

    pub(super) fn take(&mut self, name: Name, file: &Field<'_>) -> Result<(), BaileysError> {
        match name {
            Name::Creds | Name::TcTokenIndex | Name::Other => {}
            Name::Prekey(id) => {
                let pair = creds::bare_pair(file)?;
                let record = codec::pre_key_record_to_vec(&PreKeyRecordStructure {
                    id: Some(id),
                    public_key: Some(pair.public.bytes().to_vec()),
                    private_key: Some(pair.private.bytes().to_vec()),
                });
                let uploaded = id < self.first_unuploaded;
                self.snapshot.prekeys.insert(id, Prekey { record: record.into(), uploaded });
            }
            Name::Session(address) => match session::read(file, self.context)? {
                None => self.empty += 1,
                Some(ratchet) => {
                    let address = address.to_signal();
                    if let Some(identity) = ratchet.identity {
                        self.met.insert(address.clone(), identity);
                    }
                    self.snapshot.sessions.insert(address, ratchet.record.into());
                }
            },
            Name::Identity(address) => {
                self.snapshot.identities.insert(address.to_signal(), file.public_key()?.into());
            }
            Name::SenderKey { group, sender } => match sender_key::read(file)? {
                None => self.empty += 1,
                Some(record) => {
                    self.snapshot.sender_keys.insert(sender_key_name(&group, &sender), record.into());
                }
            },
            Name::SenderKeyMemory(group) => {
                let mut devices = BTreeMap::new();
                for (jid, has_it) in file.members()? {
                    if let Ok(jid) = jid.parse::<Jid>() {
                        devices.insert(jid.to_string(), has_it.truth());
                    }
                }
                if !devices.is_empty() {
                    self.snapshot.sender_key_devices.insert(group, devices);
                }
            }
            Name::SyncKey(id) => {
                self.snapshot.app_state_keys.insert(id.into(), app_state::read_key(file)?);
            }
            Name::SyncVersion(collection) => {
                let (version, macs) = app_state::read_version(file)?;
                if !macs.is_empty() {
                    self.snapshot.mutation_macs.insert(collection.clone(), macs);
                }
                self.snapshot.app_state_versions.insert(collection, version);
            }
            // Of two LIDs of a number, the one that the number leads to is the newer.
            Name::LidOf(phone) => {
                self.snapshot.lid_mappings.insert(file.text()?.to_owned(), lid_mapping(&phone, 1));
            }
            Name::PhoneOf(lid) => {
                let phone = file.text()?;
                self.snapshot.lid_mappings.entry(lid).or_insert_with(|| lid_mapping(phone, 0));
            }
            Name::DeviceList(_) => self.device_lists += 1,
            Name::TcToken(jid) => {
                let token = TcToken {
                    token: file.get("token")?.bytes()?.as_slice().into(),
                    token_timestamp: file.find("timestamp").map_or(Ok(0), |time| time.integer())?,
                    sender_timestamp: file.find("senderTimestamp").map(|time| time.integer()).transpose()?,
                };
                // Kept by the user part alone.
                if let Some((user, _)) = jid.split_once('@') {
                    self.snapshot.tc_tokens.insert(user.to_owned(), token);
                }
            }
        }
        Ok(())
    }

    pub(super) fn done(mut self, mut notes: Notes) -> Read {
        if self.snapshot.device.push_name.is_empty() {
            // The name stands in this collection. Known up to its end, it would never be told again, and whatsapp-rust waits
            // for a name at every login.
            self.snapshot.app_state_versions.remove(NAMED_IN);
            self.snapshot.mutation_macs.remove(NAMED_IN);
        }
        for (address, identity) in self.met {
            self.snapshot.identities.entry(address).or_insert_with(|| identity.into());
        }
        notes.count(
            self.device_lists,
            ("device list", "device lists"),
            "may be out of date and stayed behind; WhatsApp is asked again with the first message to each chat",
        );
        notes.count(self.empty, ("file", "files"), "held no key yet");
        let many = self.others.len();
        if let Some(first) = self.others.first() {
            let what = if many == 1 { format!("{first} is") } else { format!("{first} and {} more are", many - 1) };
            notes.add(format!("{what} none of the files that Baileys keeps a session in, and stayed behind"));
        }
        Read { snapshot: self.snapshot, notes }
    }
}

/// As whatsapp-rust names one.
fn sender_key_name(group: &str, sender: &Address) -> String {
    debug_assert!(is_jid(group));
    format!("{group}:{}", sender.to_signal())
}

fn lid_mapping(phone: &str, at: i64) -> LidMapping {
    // Learned from a list, so that what WhatsApp says later outranks it.
    LidMapping { phone_number: phone.to_owned(), created_at: at, updated_at: at, learning_source: "other".into() }
}
