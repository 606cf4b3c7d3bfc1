//! One file `sender-key-<group>--<sender>--<device>.json`: JSON within JSON, the newest state last.

use super::error::{BaileysError, Fault};
use super::json::{Field, Json};
use super::write::buffer;
use serde_json::{Value, json};
use wacore::libsignal::protocol::{
    SenderChainKeyComponents, SenderKeyRecord, SenderKeyRecordComponents, SenderKeyStateComponents, SenderMessageKeyComponents,
    SenderSigningKeyComponents, SignalProtocolError,
};

/// The record as whatsapp-rust keeps it; `None` when it holds no state yet.
pub(super) fn read(file: &Field<'_>) -> Result<Option<Vec<u8>>, BaileysError> {
    let inner = file.bytes()?;
    let inner = Json::parse(file.file(), &inner)?;
    let mut states = Vec::new();
    for state in inner.root(file.file()).items()? {
        states.push(read_state(&state)?);
    }
    if states.is_empty() {
        return Ok(None);
    }
    // whatsapp-rust's newest state is the first.
    states.reverse();
    let refused = |error: SignalProtocolError| BaileysError::new(file.file(), Fault::SenderKey(error.to_string()));
    let record = SenderKeyRecord::from_components(SenderKeyRecordComponents { states }).map_err(refused)?;
    record.serialize().map(Some).map_err(refused)
}

fn read_state(state: &Field<'_>) -> Result<SenderKeyStateComponents, BaileysError> {
    let chain = state.get("senderChainKey")?;
    let signing = state.get("senderSigningKey")?;
    // Empty for the keys of others.
    let private = signing.find("private").map(|key| key.bytes()).transpose()?.filter(|key| !key.is_empty());
    let mut message_keys = Vec::new();
    if let Some(kept) = state.find("senderMessageKeys") {
        for key in kept.items()? {
            message_keys.push(SenderMessageKeyComponents {
                iteration: key.get("iteration")?.integer()?,
                seed: key.get("seed")?.bytes()?.to_vec(),
            });
        }
    }
    Ok(SenderKeyStateComponents {
        key_id: state.get("senderKeyId")?.integer()?,
        chain_key: SenderChainKeyComponents {
            iteration: chain.get("iteration")?.integer()?,
            seed: chain.get("seed")?.bytes()?.to_vec(),
        },
        signing_key: SenderSigningKeyComponents {
            public: signing.get("public")?.bytes()?.to_vec(),
            private: private.map(|key| key.to_vec()),
        },
        message_keys,
    })
}

pub(super) fn write(record: &[u8]) -> Result<Value, SignalProtocolError> {
    let components = SenderKeyRecord::deserialize(record)?.into_components()?;
    let states: Vec<Value> = components.states.iter().rev().map(written_state).collect();
    let inner = serde_json::to_vec(&states).expect("text and numbers have a form in JSON");
    Ok(buffer(&inner))
}

fn written_state(state: &SenderKeyStateComponents) -> Value {
    let message_keys: Vec<Value> =
        state.message_keys.iter().map(|key| json!({ "iteration": key.iteration, "seed": buffer(&key.seed) })).collect();
    json!({
        "senderKeyId": state.key_id,
        "senderChainKey": { "iteration": state.chain_key.iteration, "seed": buffer(&state.chain_key.seed) },
        "senderSigningKey": {
            "public": buffer(&state.signing_key.public),
            "private": buffer(state.signing_key.private.as_deref().unwrap_or_default()),
        },
        "senderMessageKeys": message_keys,
    })
}
