//! All of it as one value, and back.

use super::app_sync::hash_state;
use super::kind::{HEAD, Kind};
use super::msg_secret::split;
use super::protocol::{device_list, group_devices, mapping, token};
use super::store::{Record, fixed, long, opened, text, unlike_us};
use super::{OpenError, Remote, damaged, device, fits};
use crate::auth_state::snapshot::{
    AppStateKey, DeviceList, InstallError, LidMapping, ListedDevice, MsgSecret, Prekey, Snapshot, TcToken, write_into,
};
use domain::ChannelId;
use keyspace::redis::from_redis_value;
use keyspace::{Call, Value};
use seal::Sealer;
use wacore::store::error::Result as Read;

/// Those with records of their own; the others only help to find them.
const RECORDS: [Kind; 17] = [
    Kind::Identity,
    Kind::Session,
    Kind::Prekey,
    Kind::SignedPrekey,
    Kind::SenderKey,
    Kind::SyncKey,
    Kind::Version,
    Kind::MutationMac,
    Kind::SenderKeyDevices,
    Kind::LidMapping,
    Kind::BaseKey,
    Kind::DeviceList,
    Kind::GroupMetadata,
    Kind::TcToken,
    Kind::SentMessage,
    Kind::PendingInbound,
    Kind::MsgSecret,
];

type Head = (Option<Vec<u8>>, Option<Vec<u8>>, Option<String>, Option<Vec<u8>>);

impl Remote {
    /// All of the channel's auth-state as it is at this moment; `None` when there is none.
    pub async fn snapshot(&self, id: ChannelId) -> Result<Option<Snapshot>, OpenError> {
        self.snapshot_with(id, None).await
    }

    /// As [`snapshot`](Remote::snapshot), with this key instead of the vault's.
    pub async fn snapshot_with(&self, id: ChannelId, sealer: Option<Sealer>) -> Result<Option<Snapshot>, OpenError> {
        let mut call = Call::default().key(self.keyspace.key(id, HEAD));
        for kind in RECORDS {
            call = call.key(self.keyspace.key(id, kind.part()));
        }
        let Value::Array(dumped) = self.keyspace.call(&self.scripts.dump, &call).await? else {
            return Err(damaged("it cannot be listed"));
        };
        let mut dumped = dumped.into_iter();
        let head: Head =
            from_redis_value(dumped.next().unwrap_or(Value::Nil)).map_err(|_| damaged("the head has another form"))?;
        let (None, Some(check), form, device) = head else { return Ok(None) };
        if form.as_deref() != Some(super::FORM) {
            return Err(damaged("it was written by another version of this program"));
        }
        let sealer = match sealer {
            Some(sealer) if fits(&sealer, &check) => sealer,
            Some(_) => return Err(OpenError::WrongKey),
            None => self.sealer_of(id, &check).await?,
        };
        let Some(device) = device else { return Ok(None) };
        let mut snapshot = Snapshot::of(device::device(&sealer, &device)?);
        for (kind, all) in RECORDS.into_iter().zip(dumped) {
            let all: Vec<(Vec<u8>, Vec<u8>)> = from_redis_value(all).map_err(|_| damaged("it cannot be listed"))?;
            for (field, value) in all {
                add(&mut snapshot, &sealer, kind, &field, &value)?;
            }
        }
        Ok(Some(snapshot))
    }

    /// Makes `snapshot`, which is canonical, the channel's auth-state. It is one when all of it was read back.
    pub async fn install(&self, id: ChannelId, snapshot: &Snapshot) -> Result<(), InstallError> {
        let loan = self.borrowed(id).await?;
        let installed = self.installed(id, loan.fence, snapshot).await;
        if matches!(&installed, Err(error) if !matches!(error, InstallError::Occupied)) {
            // Half of it is no session; but let it not lie around.
            self.clear(id, loan.fence).await?;
        }
        self.give_back(id, loan).await;
        installed
    }

    /// Without its key. Only when nobody else holds the channel.
    pub async fn cleared(&self, id: ChannelId) -> Result<(), OpenError> {
        let loan = self.borrowed(id).await?;
        let cleared = self.clear(id, loan.fence).await;
        self.give_back(id, loan).await;
        cleared
    }

    async fn installed(&self, id: ChannelId, fence: domain::Fence, snapshot: &Snapshot) -> Result<(), InstallError> {
        if self.is_paired(id).await? {
            return Err(InstallError::Occupied);
        }
        self.clear(id, fence).await?;
        let store = self.begun(id, fence, None, Box::new(|_| {})).await?;
        write_into(&store, snapshot).await?;
        match self.snapshot(id).await? {
            Some(back) if back.digest() == snapshot.digest() => Ok(()),
            Some(_) | None => Err(InstallError::Differs),
        }
    }
}

#[allow(clippy::wildcard_enum_match_arm, reason = "two kinds have something before what is sealed")]
fn add(snapshot: &mut Snapshot, sealer: &Sealer, kind: Kind, field: &[u8], value: &[u8]) -> Result<(), OpenError> {
    let (before, sealed) = match kind {
        Kind::Prekey => value.split_at_checked(1).ok_or_else(unlike_us)?,
        Kind::MsgSecret => value.split_at_checked(16).ok_or_else(unlike_us)?,
        _ => (&[][..], value),
    };
    let record = opened(sealer, kind, field, sealed)?;
    Ok(added(snapshot, kind, before, value, &record)?)
}

fn added(snapshot: &mut Snapshot, kind: Kind, before: &[u8], value: &[u8], record: &Record) -> Read<()> {
    match kind {
        Kind::Identity => {
            let [address, key] = record.parts()?;
            snapshot.identities.insert(text(address)?, fixed::<32>(key)?.into());
        }
        Kind::Session => {
            let [address, session] = record.parts()?;
            snapshot.sessions.insert(text(address)?, session.into());
        }
        Kind::Prekey => {
            let [id, key] = record.parts()?;
            snapshot.prekeys.insert(u32::from_be_bytes(fixed(id)?), Prekey { record: key.into(), uploaded: before == [1] });
        }
        Kind::SignedPrekey => {
            let [id, key] = record.parts()?;
            snapshot.signed_prekeys.insert(u32::from_be_bytes(fixed(id)?), key.into());
        }
        Kind::SenderKey => {
            let [address, key] = record.parts()?;
            snapshot.sender_keys.insert(text(address)?, key.into());
        }
        Kind::SyncKey => {
            let [id, key_data, fingerprint, timestamp] = record.parts()?;
            let key = AppStateKey { key_data: key_data.into(), fingerprint: fingerprint.into(), timestamp: long(timestamp)? };
            snapshot.app_state_keys.insert(id.into(), key);
        }
        Kind::Version => {
            let (name, state) = hash_state(&record.all_parts()?)?;
            snapshot.app_state_versions.insert(name, (&state).into());
        }
        Kind::MutationMac => {
            let [name, index, mac] = record.parts()?;
            snapshot.mutation_macs.entry(text(name)?).or_default().insert(index.into(), mac.into());
        }
        Kind::SenderKeyDevices => {
            let (group, devices) = group_devices(record)?;
            snapshot.sender_key_devices.insert(group, devices);
        }
        Kind::LidMapping => {
            let known = mapping(record)?;
            let entry = LidMapping {
                phone_number: known.phone_number,
                created_at: known.created_at,
                updated_at: known.updated_at,
                learning_source: known.learning_source,
            };
            snapshot.lid_mappings.insert(known.lid, entry);
        }
        Kind::BaseKey => {
            let [address, message, key] = record.parts()?;
            snapshot.base_keys.entry(text(address)?).or_default().insert(text(message)?, key.into());
        }
        Kind::DeviceList => {
            let list = device_list(record)?;
            let device = |d: &wacore::store::traits::DeviceInfo| ListedDevice {
                device_id: d.device_id,
                key_index: d.key_index,
                is_hosted: d.is_hosted,
            };
            let devices = list.devices.iter().map(device).collect();
            let entry = DeviceList { devices, timestamp: list.timestamp, phash: list.phash, raw_id: list.raw_id };
            snapshot.device_lists.insert(list.user, entry);
        }
        Kind::GroupMetadata => {
            let [group, blob] = record.parts()?;
            snapshot.group_metadata.insert(text(group)?, blob.into());
        }
        Kind::TcToken => {
            let (jid, known) = token(record)?;
            let entry = TcToken {
                token: known.token.into(),
                token_timestamp: known.token_timestamp,
                sender_timestamp: known.sender_timestamp,
            };
            snapshot.tc_tokens.insert(jid, entry);
        }
        Kind::SentMessage => {
            let [chat, id, payload] = record.parts()?;
            snapshot.sent_messages.entry(text(chat)?).or_default().insert(text(id)?, payload.into());
        }
        Kind::PendingInbound => {
            let [chat, sender, id, message] = record.parts()?;
            let senders = snapshot.pending_inbound.entry(text(chat)?).or_default();
            senders.entry(text(sender)?).or_default().insert(text(id)?, message.into());
        }
        Kind::MsgSecret => {
            let [chat, sender, id, secret] = record.parts()?;
            let (expires_at, message_ts, _) = split(value)?;
            let entry = MsgSecret { secret: fixed::<32>(secret)?.into(), expires_at, message_ts };
            let senders = snapshot.msg_secrets.entry(text(chat)?).or_default();
            senders.entry(text(sender)?).or_default().insert(text(id)?, entry);
        }
        // No records of their own.
        Kind::Phone | Kind::User | Kind::SentAt | Kind::PendingSince | Kind::SecretUntil => {}
    }
    Ok(())
}
