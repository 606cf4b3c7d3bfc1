//! The rows of upstream's tables, read beside its store: it has no way to enumerate them. Names and types are those of its
//! schema (whatsapp-rust-sqlite-storage 0.7); what it keeps in a form of its own is read through the store.

use super::{Blob, DeviceList, Fixed, LidMapping, ListedDevice, MsgSecret, PerMessage, Prekey, Snapshot, TcToken};
use crate::auth_state::OpenError;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text};
use std::collections::BTreeMap;
use wacore::store::traits::DeviceInfo;

/// What has to be asked of the store itself.
pub(super) struct Names {
    pub app_state_keys: Vec<Vec<u8>>,
    pub app_state_versions: Vec<String>,
}

#[derive(QueryableByName)]
struct Named {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

#[derive(QueryableByName)]
struct Pair {
    #[diesel(sql_type = Text)]
    first: String,
    #[diesel(sql_type = Text)]
    second: String,
    #[diesel(sql_type = Binary)]
    value: Vec<u8>,
}

#[derive(QueryableByName)]
struct PrekeyRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Binary)]
    record: Vec<u8>,
    #[diesel(sql_type = Bool)]
    uploaded: bool,
}

#[derive(QueryableByName)]
struct SignedRow {
    #[diesel(sql_type = Integer)]
    id: i32,
    #[diesel(sql_type = Binary)]
    record: Vec<u8>,
}

#[derive(QueryableByName)]
struct KeyId {
    #[diesel(sql_type = Binary)]
    id: Vec<u8>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct MacRow {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Binary)]
    index_mac: Vec<u8>,
    #[diesel(sql_type = Binary)]
    value_mac: Vec<u8>,
}

#[derive(QueryableByName)]
struct SenderKeyDeviceRow {
    #[diesel(sql_type = Text)]
    group_jid: String,
    #[diesel(sql_type = Text)]
    device_jid: String,
    #[diesel(sql_type = Integer)]
    has_key: i32,
}

#[derive(QueryableByName)]
struct MappingRow {
    #[diesel(sql_type = Text)]
    lid: String,
    #[diesel(sql_type = Text)]
    phone_number: String,
    #[diesel(sql_type = BigInt)]
    created_at: i64,
    #[diesel(sql_type = BigInt)]
    updated_at: i64,
    #[diesel(sql_type = Text)]
    learning_source: String,
}

#[derive(QueryableByName)]
struct DeviceListRow {
    #[diesel(sql_type = Text)]
    user_id: String,
    #[diesel(sql_type = Text)]
    devices_json: String,
    #[diesel(sql_type = BigInt)]
    timestamp: i64,
    #[diesel(sql_type = Nullable<Text>)]
    phash: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    raw_id: Option<i32>,
}

#[derive(QueryableByName)]
struct TokenRow {
    #[diesel(sql_type = Text)]
    jid: String,
    #[diesel(sql_type = Binary)]
    token: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    token_timestamp: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    sender_timestamp: Option<i64>,
}

#[derive(QueryableByName)]
struct MessageRow {
    #[diesel(sql_type = Text)]
    chat: String,
    #[diesel(sql_type = Text)]
    sender: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Binary)]
    message: Vec<u8>,
}

#[derive(QueryableByName)]
struct SecretRow {
    #[diesel(sql_type = Text)]
    chat: String,
    #[diesel(sql_type = Text)]
    sender: String,
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Binary)]
    secret: Vec<u8>,
    #[diesel(sql_type = BigInt)]
    expires_at: i64,
    #[diesel(sql_type = BigInt)]
    message_ts: i64,
}

/// Fills in everything that the tables say plainly, as of one moment.
pub(super) fn read(connection: &mut SqliteConnection, device_id: i32, into: &mut Snapshot) -> Result<Names, OpenError> {
    connection.transaction(|connection| Tables { connection, device_id }.all(into))
}

struct Tables<'c> {
    connection: &'c mut SqliteConnection,
    device_id: i32,
}

impl Tables<'_> {
    fn all(&mut self, into: &mut Snapshot) -> Result<Names, OpenError> {
        self.signal(into)?;
        self.protocol(into)?;
        self.messages(into)?;
        for row in self.rows::<MacRow>("name, index_mac, value_mac", "app_state_mutation_macs")? {
            into.mutation_macs.entry(row.name).or_default().insert(row.index_mac.into(), row.value_mac.into());
        }
        Ok(Names {
            app_state_keys: self.rows::<KeyId>("key_id AS id", "app_state_keys")?.into_iter().map(|row| row.id).collect(),
            app_state_versions: self.rows::<Name>("name", "app_state_versions")?.into_iter().map(|row| row.name).collect(),
        })
    }

    fn signal(&mut self, into: &mut Snapshot) -> Result<(), OpenError> {
        for row in self.rows::<Named>("address AS name, key AS value", "identities")? {
            let key = fixed(&row.value, "an identity key")?;
            into.identities.insert(row.name, key);
        }
        into.sessions = self.named("address AS name, record AS value", "sessions")?;
        for row in self.rows::<PrekeyRow>("id, key AS record, uploaded", "prekeys")? {
            into.prekeys.insert(row.id.cast_unsigned(), Prekey { record: row.record.into(), uploaded: row.uploaded });
        }
        for row in self.rows::<SignedRow>("id, record", "signed_prekeys")? {
            into.signed_prekeys.insert(row.id.cast_unsigned(), row.record.into());
        }
        into.sender_keys = self.named("address AS name, record AS value", "sender_keys")?;
        Ok(())
    }

    fn protocol(&mut self, into: &mut Snapshot) -> Result<(), OpenError> {
        for row in self.rows::<SenderKeyDeviceRow>("group_jid, device_jid, has_key", "sender_key_devices")? {
            into.sender_key_devices.entry(row.group_jid).or_default().insert(row.device_jid, row.has_key != 0);
        }
        for row in self.rows::<MappingRow>("lid, phone_number, created_at, updated_at, learning_source", "lid_pn_mapping")? {
            let MappingRow { lid, phone_number, created_at, updated_at, learning_source } = row;
            into.lid_mappings.insert(lid, LidMapping { phone_number, created_at, updated_at, learning_source });
        }
        into.base_keys = self.pairs("address AS first, message_id AS second, base_key AS value", "base_keys")?;
        for row in self.rows::<DeviceListRow>("user_id, devices_json, timestamp, phash, raw_id", "device_registry")? {
            let devices: Vec<DeviceInfo> = serde_json::from_str(&row.devices_json).map_err(|_| damaged("a device list"))?;
            let devices = devices
                .into_iter()
                .map(|d| ListedDevice { device_id: d.device_id, key_index: d.key_index, is_hosted: d.is_hosted })
                .collect();
            let raw_id = row.raw_id.map(i32::cast_unsigned);
            into.device_lists.insert(row.user_id, DeviceList { devices, timestamp: row.timestamp, phash: row.phash, raw_id });
        }
        into.group_metadata = self.named("group_jid AS name, info AS value", "group_metadata")?;
        for row in self.rows::<TokenRow>("jid, token, token_timestamp, sender_timestamp", "tc_tokens")? {
            let TokenRow { jid, token, token_timestamp, sender_timestamp } = row;
            into.tc_tokens.insert(jid, TcToken { token: token.into(), token_timestamp, sender_timestamp });
        }
        Ok(())
    }

    fn messages(&mut self, into: &mut Snapshot) -> Result<(), OpenError> {
        into.sent_messages = self.pairs("chat_jid AS first, message_id AS second, payload AS value", "sent_messages")?;
        for row in self.rows::<MessageRow>("chat, sender, id, message", "pending_inbound_messages")? {
            put(&mut into.pending_inbound, row.chat, row.sender, row.id, row.message.into());
        }
        for row in self.rows::<SecretRow>("chat, sender, msg_id AS id, secret, expires_at, message_ts", "msg_secrets")? {
            let secret = fixed(&row.secret, "a message secret")?;
            let secret = MsgSecret { secret, expires_at: row.expires_at, message_ts: row.message_ts };
            put(&mut into.msg_secrets, row.chat, row.sender, row.id, secret);
        }
        Ok(())
    }

    fn named(&mut self, columns: &str, table: &str) -> Result<BTreeMap<String, Blob>, OpenError> {
        Ok(self.rows::<Named>(columns, table)?.into_iter().map(|row| (row.name, row.value.into())).collect())
    }

    fn pairs(&mut self, columns: &str, table: &str) -> Result<BTreeMap<String, BTreeMap<String, Blob>>, OpenError> {
        let mut pairs: BTreeMap<String, BTreeMap<String, Blob>> = BTreeMap::new();
        for row in self.rows::<Pair>(columns, table)? {
            pairs.entry(row.first).or_default().insert(row.second, row.value.into());
        }
        Ok(pairs)
    }

    /// Names are ours, never data.
    fn rows<R>(&mut self, columns: &str, table: &str) -> Result<Vec<R>, OpenError>
    where
        R: QueryableByName<diesel::sqlite::Sqlite> + 'static,
    {
        diesel::sql_query(format!("SELECT {columns} FROM {table} WHERE device_id = ?"))
            .bind::<Integer, _>(self.device_id)
            .load::<R>(self.connection)
            .map_err(|e| OpenError::from_sqlite(e.to_string()))
    }
}

fn put<T>(into: &mut PerMessage<T>, chat: String, sender: String, id: String, value: T) {
    into.entry(chat).or_default().entry(sender).or_default().insert(id, value);
}

fn fixed<const N: usize>(bytes: &[u8], what: &str) -> Result<Fixed<N>, OpenError> {
    Fixed::try_from(bytes).map_err(|_| damaged(what))
}

fn damaged(what: &str) -> OpenError {
    OpenError::Damaged(format!("{what} cannot be read"))
}

impl From<diesel::result::Error> for OpenError {
    fn from(error: diesel::result::Error) -> Self {
        OpenError::from_sqlite(error.to_string())
    }
}
