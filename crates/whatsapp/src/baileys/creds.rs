//! `creds.json`: the device itself.

use super::app_state::base64;
use super::error::{BaileysError, Fault, Problem};
use super::json::Field;
use super::notes::Notes;
use super::write::{buffer, unwritable};
use crate::auth_state::snapshot::{Blob, Device, KeyPair, Snapshot};
use serde_json::{Value, json};
use wacore::libsignal::protocol::{KeyPair as LiveKeyPair, PublicKey};
use wacore::store::Device as LiveDevice;
use wacore_binary::{Jid, Server};
use waproto::codec;
use waproto::whatsapp::ADVSignedDeviceIdentity;

pub(super) fn read(creds: &Field<'_>) -> Result<Device, BaileysError> {
    let unpaired = |what| BaileysError::new(creds.file(), Fault::Unpaired(what));
    let me = creds.find("me").ok_or_else(|| unpaired("me"))?;
    let pn = jid(&me.find("id").ok_or_else(|| unpaired("me.id"))?, Server::is_pn_family)?;
    let lid = me.find("lid").map(|lid| jid(&lid, Server::is_lid_family)).transpose()?;
    let account = read_account(&creds.find("account").ok_or_else(|| unpaired("account"))?)?;

    let identity_key = key_pair(&creds.get("signedIdentityKey")?)?;
    let signed = creds.get("signedPreKey")?;
    let signed_pre_key = key_pair(&signed.get("keyPair")?)?;
    let signature = signed.get("signature")?;
    let signed_pre_key_signature = signature.array::<64>()?;
    if !signed_by(&identity_key, &signed_pre_key, &*signed_pre_key_signature) {
        return Err(signature.wrong(Problem::Foreign));
    }
    let first_unuploaded = creds.get("firstUnuploadedPreKeyId")?.integer()?;
    let name = me.find("name").map(|name| name.text()).transpose()?.unwrap_or_default();
    Ok(Device {
        pn: Some(pn.to_string()),
        lid: lid.map(|lid| lid.to_string()),
        registration_id: creds.get("registrationId")?.integer()?,
        noise_key: key_pair(&creds.get("noiseKey")?)?,
        identity_key,
        signed_pre_key,
        signed_pre_key_id: signed.get("keyId")?.integer()?,
        signed_pre_key_signature: (*signed_pre_key_signature).into(),
        adv_secret_key: (*creds.get("advSecretKey")?.array::<32>()?).into(),
        account: Some(codec::adv_signed_device_identity_to_vec(&account).into()),
        // What Baileys writes while it knows no name.
        push_name: if name == "~" { String::new() } else { name.to_owned() },
        edge_routing_info: creds.find("routingInfo").map(|info| info.bytes()).transpose()?.map(|b| b.as_slice().into()),
        next_pre_key_id: creds.get("nextPreKeyId")?.integer()?,
        first_unupload_pre_key_id: first_unuploaded,
        server_has_prekeys: first_unuploaded > 1,
        // Learned anew with the next fetch: what whatsapp-rust would add the difference to is not here.
        props_hash: None,
        // 0: a rotation of the signed pre-key is counted from the first connection here.
        last_signed_pre_key_rotation_ms: 0,
        ..Device::from(&LiveDevice::new())
    })
}

fn jid(field: &Field<'_>, family: fn(Server) -> bool) -> Result<Jid, BaileysError> {
    let jid = field.text()?.parse::<Jid>().ok().filter(|jid| family(jid.server) && !jid.user.is_empty());
    jid.ok_or_else(|| field.wrong(Problem::Not("a JID such as 15550100123:4@s.whatsapp.net")))
}

fn read_account(account: &Field<'_>) -> Result<ADVSignedDeviceIdentity, BaileysError> {
    Ok(ADVSignedDeviceIdentity {
        details: Some(account.get("details")?.bytes()?.to_vec()),
        account_signature_key: Some(account.get("accountSignatureKey")?.public_key()?.to_vec()),
        account_signature: Some(account.get("accountSignature")?.array::<64>()?.to_vec()),
        device_signature: Some(account.get("deviceSignature")?.array::<64>()?.to_vec()),
    })
}

/// Two keys that belong together.
fn key_pair(field: &Field<'_>) -> Result<KeyPair, BaileysError> {
    let pair = bare_pair(field)?;
    let derived = wacore::libsignal::protocol::PrivateKey::deserialize(pair.private.bytes()).and_then(|key| key.public_key());
    match derived {
        Ok(public) if public.public_key_bytes() == pair.public.bytes() => Ok(pair),
        Ok(_) | Err(_) => Err(field.wrong(Problem::Pair)),
    }
}

/// Without the proof that they belong together, which costs a multiplication on the curve.
pub(super) fn bare_pair(field: &Field<'_>) -> Result<KeyPair, BaileysError> {
    Ok(KeyPair { private: (*field.get("private")?.array::<32>()?).into(), public: field.get("public")?.public_key()?.into() })
}

fn signed_by(identity: &KeyPair, signed: &KeyPair, signature: &[u8]) -> bool {
    let key = |pair: &KeyPair| PublicKey::from_djb_public_key_bytes(pair.public.bytes());
    match (key(identity), key(signed)) {
        (Ok(identity), Ok(signed)) => identity.verify_signature(&signed.serialize(), signature),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) | (Err(_), Err(_)) => false,
    }
}

/// What stands in `creds.json` and has no place here, when it is worth a line.
pub(super) fn note_rest(creds: &Field<'_>, notes: &mut Notes) {
    if creds.find("additionalData").is_some() {
        notes.add("creds.json: `additionalData` is the other program's own and stays there");
    }
    if creds.find("accountSettings").and_then(|s| s.find("unarchiveChats")).is_some_and(|field| field.truth()) {
        notes.add("creds.json: the setting to unarchive chats is not kept here; WhatsApp has it and tells it again");
    }
}

pub(super) fn write(snapshot: &Snapshot) -> Result<Value, BaileysError> {
    let device = &snapshot.device;
    let missing = |what: &str| unwritable("creds.json", format!("the channel has no {what}; pair it first"));
    let pn = device.pn.as_deref().ok_or_else(|| missing("account"))?;
    let account = device.account.as_ref().ok_or_else(|| missing("signed device identity"))?;
    let account = codec::adv_signed_device_identity_decode(account.as_slice())
        .map_err(|error| unwritable("creds.json", format!("the signed device identity cannot be read: {error}")))?;
    let (next, first_unuploaded) = prekey_ids(snapshot);

    let mut me = json!({ "id": pn });
    if let Some(lid) = &device.lid {
        me["lid"] = lid.as_str().into();
    }
    if !device.push_name.is_empty() {
        me["name"] = device.push_name.as_str().into();
    }
    let mut creds = json!({
        "noiseKey": written_pair(&device.noise_key),
        "pairingEphemeralKeyPair": fresh_pair(),
        "signedIdentityKey": written_pair(&device.identity_key),
        "signedPreKey": {
            "keyPair": written_pair(&device.signed_pre_key),
            "signature": buffer(device.signed_pre_key_signature.bytes()),
            "keyId": device.signed_pre_key_id,
        },
        "registrationId": device.registration_id,
        "advSecretKey": base64(device.adv_secret_key.bytes()),
        "processedHistoryMessages": [],
        "nextPreKeyId": next,
        "firstUnuploadedPreKeyId": first_unuploaded,
        // More than 0: Baileys does not wait for a history, which only a new device gets.
        "accountSyncCounter": 1,
        "accountSettings": { "unarchiveChats": false },
        // Gateways ask for a pairing code while it is false.
        "registered": true,
        "account": {
            "details": base64(account.details.as_deref().unwrap_or_default()),
            "accountSignatureKey": base64(account.account_signature_key.as_deref().unwrap_or_default()),
            "accountSignature": base64(account.account_signature.as_deref().unwrap_or_default()),
            "deviceSignature": base64(account.device_signature.as_deref().unwrap_or_default()),
        },
        "me": me,
    });
    if let (Some(lid), Some(key)) = (&device.lid, account.account_signature_key.as_deref()) {
        creds["signalIdentities"] = json!([{
            "identifier": { "name": lid, "deviceId": 0 },
            "identifierKey": buffer(&serialized(key)),
        }]);
    }
    // The key with which Baileys would write to the account's settings.
    if let Some((id, _)) = snapshot.app_state_keys.iter().max_by_key(|(_, key)| key.timestamp) {
        creds["myAppStateKeyId"] = base64(id.as_slice()).into();
    }
    if let Some(info) = &device.edge_routing_info {
        creds["routingInfo"] = buffer(Blob::as_slice(info));
    }
    Ok(creds)
}

/// The next pre-key's id, and the first that WhatsApp does not have yet.
fn prekey_ids(snapshot: &Snapshot) -> (u32, u32) {
    let beyond = snapshot.prekeys.last_key_value().map_or(1, |(id, _)| id + 1);
    let next = snapshot.device.next_pre_key_id.max(1);
    match snapshot.device.first_unupload_pre_key_id {
        // Of stores older than that number: whatever is there may have been uploaded.
        0 => (next.max(beyond), next.max(beyond)),
        first => (next, first.min(next)),
    }
}

fn written_pair(pair: &KeyPair) -> Value {
    json!({ "private": buffer(pair.private.bytes()), "public": buffer(pair.public.bytes()) })
}

/// Baileys makes one with every device; it is used for nothing once the device is paired.
fn fresh_pair() -> Value {
    written_pair(&KeyPair::from(&LiveKeyPair::generate(&mut rand_signal::make_rng::<rand_signal::rngs::StdRng>())))
}

/// With the byte that names the curve.
pub(super) fn serialized(key: &[u8]) -> Vec<u8> {
    match key {
        [5, rest @ ..] if rest.len() == 32 => key.to_vec(),
        bare => [&[5], bare].concat(),
    }
}
