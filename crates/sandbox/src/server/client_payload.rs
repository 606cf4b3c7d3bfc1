//! The payload that a client sends inside the handshake: who it says it is, or what it registers with.

use buffa::Message as _;
use waproto::whatsapp::client_payload::DevicePairingRegistrationData;
use waproto::whatsapp::{ClientPayload, DeviceProps};

use crate::network::{Handshake, LoginClaim, Registration, SignedPreKey};

#[derive(Debug)]
pub enum Claim {
    Login(LoginClaim),
    Register(Box<Registration>),
}

#[derive(Debug, thiserror::Error)]
pub enum PayloadError {
    #[error("the client payload does not decode")]
    Decode(#[from] buffa::DecodeError),
    #[error("the client payload lacks {0}")]
    Missing(&'static str),
}

pub fn parse(payload: &[u8], noise_key: [u8; 32], handshake: Handshake) -> Result<Claim, PayloadError> {
    let payload = ClientPayload::decode_from_slice(payload)?;
    if let Some(user) = payload.username {
        return Ok(Claim::Login(LoginClaim {
            user: user.to_string(),
            device: payload.device.and_then(|device| device.try_into().ok()).unwrap_or(0),
            passive: payload.passive.unwrap_or(false),
            noise_key,
            handshake,
        }));
    }
    let pairing = payload.device_pairing_data.into_option().ok_or(PayloadError::Missing("user and registration"))?;
    Ok(Claim::Register(Box::new(registration(&pairing, noise_key)?)))
}

fn registration(data: &DevicePairingRegistrationData, noise_key: [u8; 32]) -> Result<Registration, PayloadError> {
    Ok(Registration {
        noise_key,
        registration: number(data.e_regid.as_deref()).ok_or(PayloadError::Missing("registration id"))?,
        identity: key(data.e_ident.as_deref()).ok_or(PayloadError::Missing("identity key"))?,
        signed: SignedPreKey {
            id: number(data.e_skey_id.as_deref()).ok_or(PayloadError::Missing("signed pre-key id"))?,
            key: key(data.e_skey_val.as_deref()).ok_or(PayloadError::Missing("signed pre-key"))?,
            signature: data.e_skey_sig.clone().ok_or(PayloadError::Missing("signature"))?,
        },
        platform: platform(data.device_props.as_deref().unwrap_or_default())?,
    })
}

/// As phones list it among the linked devices: `Chrome (Linux)`.
fn platform(props: &[u8]) -> Result<String, PayloadError> {
    let props = DeviceProps::decode_from_slice(props)?;
    let os = props.os.unwrap_or_default();
    let browser = props.platform_type.map(|kind| format!("{kind:?}").to_lowercase()).unwrap_or_default();
    let mut letters = browser.chars();
    let browser = letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>());
    Ok(match (browser, os.is_empty()) {
        (Some(browser), false) => format!("{browser} ({os})"),
        (Some(browser), true) => browser,
        (None, _) => os,
    })
}

fn number(bytes: Option<&[u8]>) -> Option<u32> {
    let bytes = bytes.filter(|bytes| bytes.len() <= 4)?;
    Some(bytes.iter().fold(0, |sum, byte| sum << 8 | u32::from(*byte)))
}

fn key(bytes: Option<&[u8]>) -> Option<[u8; 32]> {
    bytes?.try_into().ok()
}
