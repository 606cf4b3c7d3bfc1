//! One file `session-<address>.json`: the record that the JavaScript libsignal keeps of a ratchet. Its layout is read and
//! written here; what the values mean is upstream's `legacy_session`.

use super::error::{BaileysError, Fault, Problem};
use super::json::Field;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use wacore::libsignal::protocol::{
    LegacyIndexedSessionV1, LegacySessionBaseKeyRoleV1, LegacySessionChainCounterV1, LegacySessionChainKeyV1,
    LegacySessionChainRoleV1, LegacySessionChainV1, LegacySessionDispositionV1, LegacySessionIndexV1,
    LegacySessionInteropError, LegacySessionKeyPairV1, LegacySessionLocalContext, LegacySessionMessageKeyV1,
    LegacySessionPendingPreKeyV1, LegacySessionRatchetV1, LegacySessionRecordV1, LegacySessionV1, SessionRecord,
    SignalProtocolError,
};

/// A ratchet as whatsapp-rust keeps it, and who is at its other end.
pub(super) struct Ratchet {
    pub record: Vec<u8>,
    /// The identity key of the session in use.
    pub identity: Option<[u8; 32]>,
}

pub(super) fn read(file: &Field<'_>, context: LegacySessionLocalContext) -> Result<Option<Ratchet>, BaileysError> {
    // Before records had a version, the registration id stood outside of the sessions.
    let common_registration_id = file.find("registrationId").map(|id| id.integer::<u32>()).transpose()?;
    let mut sessions = Vec::new();
    if let Some(entries) = file.find("_sessions") {
        for (base_key, entry) in entries.members()? {
            sessions.push(indexed(&entries, base_key, &entry, common_registration_id)?);
        }
    }
    if sessions.is_empty() {
        return Ok(None);
    }
    let identity = sessions
        .iter()
        .map(|indexed| &indexed.session.index)
        .find(|index| index.disposition == LegacySessionDispositionV1::Current)
        .and_then(|index| bare(&index.remote_identity_key));
    let refused = |error: LegacySessionInteropError| BaileysError::new(file.file(), Fault::Session(error.to_string()));
    let record = LegacySessionRecordV1::from_indexed_sessions(sessions).map_err(refused)?;
    let record = record.into_session_record(context).map_err(refused)?.serialize();
    let record = record.map_err(|error| BaileysError::new(file.file(), Fault::Session(error.to_string())))?;
    Ok(Some(Ratchet { record, identity }))
}

fn indexed(
    entries: &Field<'_>,
    base_key: &str,
    entry: &Field<'_>,
    common_registration_id: Option<u32>,
) -> Result<LegacyIndexedSessionV1, BaileysError> {
    let index_key = BASE64_STANDARD.decode(base_key).map_err(|_| entries.wrong(Problem::Not("keyed by base64")))?;
    let registration_id = match (entry.find("registrationId"), common_registration_id) {
        (Some(id), _) => id.integer()?,
        (None, Some(id)) => id,
        (None, None) => return Err(entry.get("registrationId").err().unwrap_or_else(|| entry.wrong(Problem::Missing))),
    };
    let ratchet = entry.get("currentRatchet")?;
    let pair = ratchet.get("ephemeralKeyPair")?;
    let index = entry.get("indexInfo")?;
    let mut chains = Vec::new();
    let listed = entry.get("_chains")?;
    for (key, chain) in listed.members()? {
        let key = BASE64_STANDARD.decode(key).map_err(|_| listed.wrong(Problem::Not("keyed by base64")))?;
        chains.push(read_chain(key.into(), &chain)?);
    }
    let session = LegacySessionV1 {
        registration_id,
        ratchet: LegacySessionRatchetV1 {
            key_pair: LegacySessionKeyPairV1 { public: bytes(&pair.get("pubKey")?)?, private: bytes(&pair.get("privKey")?)? },
            last_remote_ephemeral_key: bytes(&ratchet.get("lastRemoteEphemeralKey")?)?,
            previous_counter: ratchet.get("previousCounter")?.integer()?,
            root_key: bytes(&ratchet.get("rootKey")?)?,
        },
        index: LegacySessionIndexV1 {
            base_key: bytes(&index.get("baseKey")?)?,
            base_key_role: known(&index.get("baseKeyType")?, LegacySessionBaseKeyRoleV1::try_from)?,
            disposition: {
                let closed = index.get("closed")?;
                LegacySessionDispositionV1::from_closed_timestamp(closed.integer()?)
                    .map_err(|_| closed.wrong(Problem::Not("a time or -1")))?
            },
            // Missing in old records; it orders old sessions only.
            used_at_ms: index.find("used").map_or(Ok(0), |used| used.integer())?,
            created_at_ms: index.find("created").map_or(Ok(0), |created| created.integer())?,
            remote_identity_key: bytes(&index.get("remoteIdentityKey")?)?,
        },
        chains,
        pending_pre_key: entry.find("pendingPreKey").map(|pending| read_pending(&pending)).transpose()?,
    };
    Ok(LegacyIndexedSessionV1 { index_key: index_key.into(), session })
}

fn read_chain(ratchet_key: Bytes, chain: &Field<'_>) -> Result<LegacySessionChainV1, BaileysError> {
    let key = chain.get("chainKey")?;
    let counter = key.get("counter")?;
    let mut message_keys = Vec::new();
    if let Some(kept) = chain.find("messageKeys") {
        for (n, seed) in kept.members()? {
            let index = n.parse().map_err(|_| kept.wrong(Problem::Not("keyed by numbers")))?;
            message_keys.push(LegacySessionMessageKeyV1 { index, seed: bytes(&seed)? });
        }
    }
    Ok(LegacySessionChainV1 {
        ratchet_key,
        role: known(&chain.get("chainType")?, LegacySessionChainRoleV1::try_from)?,
        chain_key: LegacySessionChainKeyV1 {
            counter: LegacySessionChainCounterV1::new(counter.integer()?)
                .map_err(|_| counter.wrong(Problem::Not("a counter")))?,
            key: key.find("key").map(|key| bytes(&key)).transpose()?,
        },
        message_keys,
    })
}

fn read_pending(pending: &Field<'_>) -> Result<LegacySessionPendingPreKeyV1, BaileysError> {
    Ok(LegacySessionPendingPreKeyV1 {
        pre_key_id: pending.find("preKeyId").map(|id| id.integer()).transpose()?,
        signed_pre_key_id: pending.get("signedKeyId")?.integer()?,
        base_key: bytes(&pending.get("baseKey")?)?,
    })
}

fn known<T, E>(field: &Field<'_>, of: impl Fn(u32) -> Result<T, E>) -> Result<T, BaileysError> {
    of(field.integer()?).map_err(|_| field.wrong(Problem::Not("1 or 2")))
}

fn bytes(field: &Field<'_>) -> Result<Bytes, BaileysError> {
    Ok(Bytes::copy_from_slice(&field.bytes()?))
}

fn bare(key: &[u8]) -> Option<[u8; 32]> {
    key.strip_prefix(&[5])?.try_into().ok()
}

/// Why a ratchet of ours has no form there.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoForm {
    #[error(transparent)]
    Legacy(#[from] LegacySessionInteropError),
    #[error(transparent)]
    Signal(#[from] SignalProtocolError),
}

/// `None` when there is no session in it.
pub(super) fn write(record: &[u8]) -> Result<Option<Vec<u8>>, NoForm> {
    let record = SessionRecord::deserialize(record)?.into_legacy_session_v1_operational()?;
    let sessions = record.indexed_sessions().iter().map(|indexed| (text(&indexed.index_key), Session::of(&indexed.session)));
    let sessions = Pairs(sessions.collect());
    if sessions.0.is_empty() {
        return Ok(None);
    }
    let record = Record { sessions, version: "v1" };
    Ok(Some(serde_json::to_vec(&record).expect("text, numbers and keys of text have a form in JSON")))
}

fn text(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

/// A JSON object in the order given.
struct Pairs<T>(Vec<(String, T)>);

impl<T: Serialize> Serialize for Pairs<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

#[derive(Serialize)]
struct Record {
    #[serde(rename = "_sessions")]
    sessions: Pairs<Session>,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    registration_id: u32,
    current_ratchet: Value,
    index_info: Value,
    #[serde(rename = "_chains")]
    chains: Pairs<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_pre_key: Option<Value>,
}

impl Session {
    fn of(session: &LegacySessionV1) -> Self {
        let LegacySessionV1 { registration_id, ratchet, index, chains, pending_pre_key } = session;
        Session {
            registration_id: *registration_id,
            current_ratchet: json!({
                "ephemeralKeyPair": { "pubKey": text(&ratchet.key_pair.public), "privKey": text(&ratchet.key_pair.private) },
                "lastRemoteEphemeralKey": text(&ratchet.last_remote_ephemeral_key),
                "previousCounter": ratchet.previous_counter,
                "rootKey": text(&ratchet.root_key),
            }),
            index_info: json!({
                "baseKey": text(&index.base_key),
                "baseKeyType": match index.base_key_role {
                    LegacySessionBaseKeyRoleV1::Local => 1,
                    LegacySessionBaseKeyRoleV1::Remote => 2,
                },
                "closed": index.disposition.closed_timestamp(),
                "used": index.used_at_ms,
                "created": index.created_at_ms,
                "remoteIdentityKey": text(&index.remote_identity_key),
            }),
            chains: Pairs(chains.iter().map(|chain| (text(&chain.ratchet_key), written_chain(chain))).collect()),
            pending_pre_key: pending_pre_key.as_ref().map(|pending| {
                let mut written = json!({ "signedKeyId": pending.signed_pre_key_id, "baseKey": text(&pending.base_key) });
                if let Some(id) = pending.pre_key_id {
                    written["preKeyId"] = id.into();
                }
                written
            }),
        }
    }
}

fn written_chain(chain: &LegacySessionChainV1) -> Value {
    let mut key = json!({ "counter": chain.chain_key.counter.value() });
    if let Some(seed) = &chain.chain_key.key {
        key["key"] = text(seed).into();
    }
    let message_keys: Map<String, Value> =
        chain.message_keys.iter().map(|key| (key.index.to_string(), text(&key.seed).into())).collect();
    json!({
        "chainKey": key,
        "chainType": match chain.role {
            LegacySessionChainRoleV1::Sending => 1,
            LegacySessionChainRoleV1::Receiving => 2,
        },
        "messageKeys": message_keys,
    })
}
