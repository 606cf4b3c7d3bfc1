use super::{Blob, Fixed};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wacore::libsignal::protocol::{KeyPair as LiveKeyPair, PrivateKey, PublicKey};
use wacore::store::Device as LiveDevice;
use wacore::store::device::{CachedNoiseCert, CachedServerCertChain, account_serde};

/// What a device is made of: upstream's `Device` without what only lives in memory.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// The JID with the account's phone number and this device's number; `None` before pairing.
    pub pn: Option<String>,
    pub lid: Option<String>,
    pub registration_id: u32,
    pub noise_key: KeyPair,
    pub identity_key: KeyPair,
    pub signed_pre_key: KeyPair,
    pub signed_pre_key_id: u32,
    pub signed_pre_key_signature: Fixed<64>,
    pub adv_secret_key: Fixed<32>,
    /// `ADVSignedDeviceIdentity` as protobuf.
    pub account: Option<Blob>,
    pub push_name: String,
    pub app_version: (u32, u32, u32),
    pub app_version_last_fetched_ms: i64,
    pub edge_routing_info: Option<Blob>,
    pub props_hash: Option<String>,
    pub next_pre_key_id: u32,
    pub first_unupload_pre_key_id: u32,
    pub server_has_prekeys: bool,
    pub nct_salt: Option<Blob>,
    pub server_cert_chain: Option<CertChain>,
    pub login_counter: i32,
    pub lid_migrated: bool,
    pub last_signed_pre_key_rotation_ms: i64,
    pub read_receipts_disabled: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyPair {
    pub private: Fixed<32>,
    /// Without the byte that names the curve.
    pub public: Fixed<32>,
}

/// The server's Noise certificates, which spare a round trip at the next login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertChain {
    pub intermediate: Cert,
    pub leaf: Cert,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cert {
    pub key: Fixed<32>,
    /// Unix seconds.
    pub not_before: i64,
    /// Unix seconds.
    pub not_after: i64,
}

/// The device is none that whatsapp-rust can be.
#[derive(Debug, thiserror::Error)]
#[error("the device's {0} cannot be read")]
pub struct DeviceError(pub &'static str);

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Device").field("paired", &self.pn.is_some()).finish_non_exhaustive()
    }
}

impl From<&LiveDevice> for Device {
    fn from(live: &LiveDevice) -> Self {
        Device {
            pn: live.pn.as_ref().map(ToString::to_string),
            lid: live.lid.as_ref().map(ToString::to_string),
            registration_id: live.registration_id,
            noise_key: (&live.noise_key).into(),
            identity_key: (&live.identity_key).into(),
            signed_pre_key: (&live.signed_pre_key).into(),
            signed_pre_key_id: live.signed_pre_key_id,
            signed_pre_key_signature: live.signed_pre_key_signature.into(),
            adv_secret_key: live.adv_secret_key.into(),
            account: live.account.as_deref().map(|account| account_serde::to_bytes(account).into()),
            push_name: live.push_name.clone(),
            app_version: (live.app_version_primary, live.app_version_secondary, live.app_version_tertiary),
            app_version_last_fetched_ms: live.app_version_last_fetched_ms,
            edge_routing_info: live.edge_routing_info.as_deref().map(Into::into),
            props_hash: live.props_hash.clone(),
            next_pre_key_id: live.next_pre_key_id,
            first_unupload_pre_key_id: live.first_unupload_pre_key_id,
            server_has_prekeys: live.server_has_prekeys,
            nct_salt: live.nct_salt.as_deref().map(Into::into),
            server_cert_chain: live
                .server_cert_chain
                .as_ref()
                .map(|chain| CertChain { intermediate: (&chain.intermediate).into(), leaf: (&chain.leaf).into() }),
            login_counter: live.login_counter,
            lid_migrated: live.lid_migrated,
            last_signed_pre_key_rotation_ms: live.last_signed_pre_key_rotation_ms,
            read_receipts_disabled: live.read_receipts_disabled,
        }
    }
}

impl Device {
    /// The device that whatsapp-rust runs.
    pub fn live(&self) -> Result<LiveDevice, DeviceError> {
        let jid = |jid: &Option<String>, what| jid.as_deref().map(str::parse).transpose().map_err(|_| DeviceError(what));
        let account = self.account.as_ref().map(|bytes| account_serde::from_bytes(bytes.as_slice())).transpose();
        let (primary, secondary, tertiary) = self.app_version;
        let mut live = LiveDevice::new();
        live.pn = jid(&self.pn, "phone number")?;
        live.lid = jid(&self.lid, "LID")?;
        live.registration_id = self.registration_id;
        live.noise_key = self.noise_key.live("Noise key")?;
        live.identity_key = self.identity_key.live("identity key")?;
        live.signed_pre_key = self.signed_pre_key.live("signed pre-key")?;
        live.signed_pre_key_id = self.signed_pre_key_id;
        live.signed_pre_key_signature = *self.signed_pre_key_signature.bytes();
        live.adv_secret_key = *self.adv_secret_key.bytes();
        live.account = account.map_err(|_| DeviceError("account"))?.map(Arc::new);
        live.push_name = self.push_name.clone();
        live.app_version_primary = primary;
        live.app_version_secondary = secondary;
        live.app_version_tertiary = tertiary;
        live.app_version_last_fetched_ms = self.app_version_last_fetched_ms;
        live.edge_routing_info = self.edge_routing_info.as_ref().map(|bytes| bytes.as_slice().to_vec());
        live.props_hash = self.props_hash.clone();
        live.next_pre_key_id = self.next_pre_key_id;
        live.first_unupload_pre_key_id = self.first_unupload_pre_key_id;
        live.server_has_prekeys = self.server_has_prekeys;
        live.nct_salt = self.nct_salt.as_ref().map(|bytes| bytes.as_slice().to_vec());
        live.server_cert_chain = self
            .server_cert_chain
            .as_ref()
            .map(|chain| CachedServerCertChain { intermediate: (&chain.intermediate).into(), leaf: (&chain.leaf).into() });
        live.login_counter = self.login_counter;
        live.lid_migrated = self.lid_migrated;
        live.last_signed_pre_key_rotation_ms = self.last_signed_pre_key_rotation_ms;
        live.read_receipts_disabled = self.read_receipts_disabled;
        Ok(live)
    }
}

impl From<&LiveKeyPair> for KeyPair {
    fn from(live: &LiveKeyPair) -> Self {
        let mut public = [0; 32];
        public.copy_from_slice(live.public_key.public_key_bytes());
        KeyPair { private: (*live.private_key.serialize()).into(), public: public.into() }
    }
}

impl KeyPair {
    fn live(&self, what: &'static str) -> Result<LiveKeyPair, DeviceError> {
        let private = PrivateKey::deserialize(self.private.bytes()).map_err(|_| DeviceError(what))?;
        let public = PublicKey::from_djb_public_key_bytes(self.public.bytes()).map_err(|_| DeviceError(what))?;
        // A pair that is none would be found out by others only, message by message.
        let derived = private.public_key().map_err(|_| DeviceError(what))?;
        if derived.public_key_bytes() != public.public_key_bytes() {
            return Err(DeviceError(what));
        }
        Ok(LiveKeyPair::new(public, private))
    }
}

impl From<&CachedNoiseCert> for Cert {
    fn from(live: &CachedNoiseCert) -> Self {
        Cert { key: live.key.into(), not_before: live.not_before, not_after: live.not_after }
    }
}

impl From<&Cert> for CachedNoiseCert {
    fn from(cert: &Cert) -> Self {
        CachedNoiseCert { key: *cert.key.bytes(), not_before: cert.not_before, not_after: cert.not_after }
    }
}
