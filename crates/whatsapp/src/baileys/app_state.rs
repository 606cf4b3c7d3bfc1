//! `app-state-sync-key-*` and `app-state-sync-version-*`: the account's synchronised settings.

use super::error::{BaileysError, Problem};
use super::json::Field;
use super::write::{buffer, unwritable};
use crate::auth_state::snapshot::{AppStateKey, AppStateVersion, Blob};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use waproto::codec;
use waproto::whatsapp::message::AppStateSyncKeyFingerprint;

/// Value MACs by index MAC.
type Macs = BTreeMap<Blob, Blob>;

pub(super) fn read_key(file: &Field<'_>) -> Result<AppStateKey, BaileysError> {
    let mut fingerprint = AppStateSyncKeyFingerprint::default();
    if let Some(field) = file.find("fingerprint") {
        fingerprint.raw_id = field.find("rawId").map(|id| id.integer()).transpose()?;
        fingerprint.current_index = field.find("currentIndex").map(|index| index.integer()).transpose()?;
        if let Some(indexes) = field.find("deviceIndexes") {
            fingerprint.device_indexes = indexes.items()?.map(|index| index.integer()).collect::<Result<_, _>>()?;
        }
    }
    Ok(AppStateKey {
        key_data: file.get("keyData")?.array::<32>()?.as_slice().into(),
        fingerprint: codec::app_state_sync_key_fingerprint_to_vec(&fingerprint).into(),
        timestamp: file.find("timestamp").map_or(Ok(0), |time| time.integer())?,
    })
}

pub(super) fn write_key(file: &str, key: &AppStateKey) -> Result<Value, BaileysError> {
    let fingerprint = codec::app_state_sync_key_fingerprint_decode(key.fingerprint.as_slice())
        .map_err(|error| unwritable(file, format!("the key's fingerprint cannot be read: {error}")))?;
    let mut written = json!({ "deviceIndexes": fingerprint.device_indexes });
    if let Some(id) = fingerprint.raw_id {
        written["rawId"] = id.into();
    }
    if let Some(index) = fingerprint.current_index {
        written["currentIndex"] = index.into();
    }
    Ok(json!({
        "keyData": base64(key.key_data.as_slice()),
        "fingerprint": written,
        // As text, as protobuf's JSON has 64-bit numbers.
        "timestamp": key.timestamp.to_string(),
    }))
}

pub(super) fn read_version(file: &Field<'_>) -> Result<(AppStateVersion, Macs), BaileysError> {
    let mut macs = Macs::new();
    if let Some(map) = file.find("indexValueMap") {
        for (index, value) in map.members()? {
            let index = BASE64_STANDARD.decode(index).map_err(|_| map.wrong(Problem::Not("keyed by base64")))?;
            macs.insert(index.into(), value.get("valueMac")?.bytes()?.as_slice().into());
        }
    }
    let version = file.get("version")?.integer()?;
    let hash = (*file.get("hash")?.array::<128>()?).into();
    // The macs go where whatsapp-rust looks for them, a table of their own.
    Ok((AppStateVersion { version, hash, index_values: BTreeMap::new(), mac_mismatch_fatal: false }, macs))
}

pub(super) fn write_version(version: &AppStateVersion, macs: Option<&Macs>) -> Value {
    let mut values: BTreeMap<String, &Blob> =
        version.index_values.iter().map(|(index, value)| (index.clone(), value)).collect();
    values.extend(macs.into_iter().flatten().map(|(index, mac)| (base64(index.as_slice()), mac)));
    let values: Map<String, Value> =
        values.into_iter().map(|(index, value)| (index, json!({ "valueMac": buffer(value.as_slice()) }))).collect();
    json!({ "version": version.version, "hash": buffer(version.hash.bytes()), "indexValueMap": values })
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}
