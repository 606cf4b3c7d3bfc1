use super::batch::Batch;
use super::kind::Kind;
use super::store::{Field, Record, RedisStore, long, text, unlike_us};
use async_trait::async_trait;
use keyspace::Value;
use std::collections::{BTreeMap, BTreeSet};
use wacore::store::error::{Result, StoreError};
use wacore::store::traits::{
    DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};

impl RedisStore {
    /// What the one step of the batch says: how many.
    pub(super) async fn count(&self, batch: Batch) -> Result<u32> {
        match self.write(batch).await?.as_slice() {
            [Value::Int(count)] => u32::try_from(*count).map_err(|_| unlike_us()),
            _ => Err(unlike_us()),
        }
    }

    fn put(&self, batch: &mut Batch, kind: Kind, about: &[u8], rest: &[&[u8]]) {
        let field = self.name(kind, &[about]);
        let parts: Vec<&[u8]> = std::iter::once(about).chain(rest.iter().copied()).collect();
        batch.set(kind, &field, self.sealed(kind, &field, &parts));
    }

    fn put_group_devices(&self, batch: &mut Batch, group: &str, devices: &BTreeMap<String, bool>) {
        let field = self.name(Kind::SenderKeyDevices, &[group.as_bytes()]);
        if devices.is_empty() {
            batch.delete(Kind::SenderKeyDevices, &field);
            return;
        }
        let rest: Vec<&[u8]> =
            devices.iter().flat_map(|(device, has_key)| [device.as_bytes(), if *has_key { &[1] } else { &[0] }]).collect();
        self.put(batch, Kind::SenderKeyDevices, group.as_bytes(), &rest);
    }

    fn token_field(&self, jid: &str) -> Field {
        self.name(Kind::TcToken, &[jid.as_bytes()])
    }

    /// Changes the token of `jid` by what it is now; `None` leaves it.
    async fn edit_token(
        &self,
        jid: &str,
        edit: impl FnOnce(Option<TcTokenEntry>) -> Option<TcTokenEntry> + Send,
    ) -> Result<()> {
        let _editing = self.editing().await;
        match edit(self.get_tc_token(jid).await?) {
            Some(token) => self.write_token(jid, &token).await,
            None => Ok(()),
        }
    }

    async fn write_token(&self, jid: &str, token: &TcTokenEntry) -> Result<()> {
        let mut batch = Batch::new();
        let sent = token.sender_timestamp.map(i64::to_be_bytes);
        let sent = sent.as_ref().map_or(&[][..], |sent| sent);
        self.put(&mut batch, Kind::TcToken, jid.as_bytes(), &[&token.token, &token.token_timestamp.to_be_bytes(), sent]);
        self.write(batch).await.map(drop)
    }

    fn pending_field(&self, chat: &str, sender: &str, id: &str) -> Field {
        self.name(Kind::PendingInbound, &[chat.as_bytes(), sender.as_bytes(), id.as_bytes()])
    }
}

pub(super) fn group_devices(record: &Record) -> Result<(String, BTreeMap<String, bool>)> {
    let parts = record.all_parts()?;
    let (group, devices) = parts.split_first().ok_or_else(unlike_us)?;
    let mut known = BTreeMap::new();
    for pair in devices.chunks(2) {
        let [device, has_key] = pair else { return Err(unlike_us()) };
        known.insert(text(device)?, *has_key == [1]);
    }
    Ok((text(group)?, known))
}

pub(super) fn mapping(record: &Record) -> Result<LidPnMappingEntry> {
    let [lid, phone, created, updated, source] = record.parts()?;
    Ok(LidPnMappingEntry {
        lid: text(lid)?,
        phone_number: text(phone)?,
        created_at: long(created)?,
        updated_at: long(updated)?,
        learning_source: text(source)?,
    })
}

pub(super) fn token(record: &Record) -> Result<(String, TcTokenEntry)> {
    let [jid, token, at, sent] = record.parts()?;
    let sender_timestamp = if sent.is_empty() { None } else { Some(long(sent)?) };
    Ok((text(jid)?, TcTokenEntry { token: token.to_vec(), token_timestamp: long(at)?, sender_timestamp }))
}

pub(super) fn device_list(record: &Record) -> Result<DeviceListRecord> {
    let [_, list] = record.parts()?;
    serde_json::from_slice(list).map_err(|_| unlike_us())
}

/// The phone number and the LIDs that are mapped to it.
fn lids(record: &Record) -> Result<BTreeSet<String>> {
    record.all_parts()?.into_iter().skip(1).map(text).collect()
}

#[async_trait]
impl ProtocolStore for RedisStore {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        let field = self.name(Kind::SenderKeyDevices, &[group_jid.as_bytes()]);
        match self.get(Kind::SenderKeyDevices, &field).await? {
            Some(record) => Ok(group_devices(&record)?.1.into_iter().collect()),
            None => Ok(Vec::new()),
        }
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let _editing = self.editing().await;
        let mut devices: BTreeMap<_, _> = self.get_sender_key_devices(group_jid).await?.into_iter().collect();
        devices.extend(entries.iter().map(|(device, has_key)| ((*device).to_owned(), *has_key)));
        let mut batch = Batch::new();
        self.put_group_devices(&mut batch, group_jid, &devices);
        self.write(batch).await.map(drop)
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::SenderKeyDevices, &self.name(Kind::SenderKeyDevices, &[group_jid.as_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        if device_jids.is_empty() {
            return Ok(());
        }
        let _editing = self.editing().await;
        let mut batch = Batch::new();
        for (_, record) in self.all(Kind::SenderKeyDevices).await? {
            let (group, mut devices) = group_devices(&record)?;
            let before = devices.len();
            devices.retain(|device, _| !device_jids.contains(&device.as_str()));
            if devices.len() != before {
                self.put_group_devices(&mut batch, &group, &devices);
            }
        }
        self.write(batch).await.map(drop)
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        let mut batch = Batch::new();
        batch.clear(Kind::SenderKeyDevices);
        self.write(batch).await.map(drop)
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        let record = self.get(Kind::LidMapping, &self.name(Kind::LidMapping, &[lid.as_bytes()])).await?;
        record.as_ref().map(mapping).transpose()
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        let Some(index) = self.get(Kind::Phone, &self.name(Kind::Phone, &[phone.as_bytes()])).await? else { return Ok(None) };
        let fields: Vec<_> = lids(&index)?.iter().map(|lid| self.name(Kind::LidMapping, &[lid.as_bytes()])).collect();
        let found = self.get_many(Kind::LidMapping, &fields).await?;
        let mappings = found.iter().flatten().map(mapping).collect::<Result<Vec<_>>>()?;
        Ok(mappings.into_iter().max_by_key(|mapping| mapping.updated_at))
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.put_lid_mappings(std::slice::from_ref(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let _editing = self.editing().await;
        let fields: Vec<_> = entries.iter().map(|entry| self.name(Kind::LidMapping, &[entry.lid.as_bytes()])).collect();
        let found = self.get_many(Kind::LidMapping, &fields).await?;
        let mut known: BTreeMap<String, LidPnMappingEntry> = BTreeMap::new();
        for record in found.iter().flatten() {
            let mapping = mapping(record)?;
            known.insert(mapping.lid.clone(), mapping);
        }
        let phones: BTreeSet<_> = entries.iter().chain(known.values()).map(|entry| entry.phone_number.clone()).collect();
        let phones: Vec<_> = phones.into_iter().collect();
        let fields: Vec<_> = phones.iter().map(|phone| self.name(Kind::Phone, &[phone.as_bytes()])).collect();
        let found = self.get_many(Kind::Phone, &fields).await?;
        let mut index = BTreeMap::new();
        for (phone, record) in phones.into_iter().zip(&found) {
            let lids = record.as_ref().map(lids).transpose()?.unwrap_or_default();
            index.insert(phone, (lids.clone(), lids));
        }
        let mut batch = Batch::new();
        for entry in entries {
            let before = known.insert(entry.lid.clone(), entry.clone());
            if let Some(before) = before {
                // When it was first learned stays.
                if let Some(now) = known.get_mut(&entry.lid) {
                    now.created_at = before.created_at;
                }
                if let Some((_, lids)) = index.get_mut(&before.phone_number) {
                    lids.remove(&entry.lid);
                }
            }
            if let Some((_, lids)) = index.get_mut(&entry.phone_number) {
                lids.insert(entry.lid.clone());
            }
        }
        let written: BTreeSet<_> = entries.iter().map(|entry| &entry.lid).collect();
        for entry in written.into_iter().filter_map(|lid| known.get(lid)) {
            let (created, updated) = (entry.created_at.to_be_bytes(), entry.updated_at.to_be_bytes());
            let rest: [&[u8]; 4] = [entry.phone_number.as_bytes(), &created, &updated, entry.learning_source.as_bytes()];
            self.put(&mut batch, Kind::LidMapping, entry.lid.as_bytes(), &rest);
        }
        for (phone, (_, lids)) in index.iter().filter(|(_, (before, after))| before != after) {
            if lids.is_empty() {
                batch.delete(Kind::Phone, &self.name(Kind::Phone, &[phone.as_bytes()]));
            } else {
                let rest: Vec<_> = lids.iter().map(String::as_bytes).collect();
                self.put(&mut batch, Kind::Phone, phone.as_bytes(), &rest);
            }
        }
        self.write(batch).await.map(drop)
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.all(Kind::LidMapping).await?.iter().map(|(_, record)| mapping(record)).collect()
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(Kind::BaseKey, &[address.as_bytes(), message_id.as_bytes()]);
        let sealed = self.sealed(Kind::BaseKey, &field, &[address.as_bytes(), message_id.as_bytes(), base_key]);
        batch.set(Kind::BaseKey, &field, sealed);
        self.write(batch).await.map(drop)
    }

    async fn has_same_base_key(&self, address: &str, message_id: &str, current_base_key: &[u8]) -> Result<bool> {
        let field = self.name(Kind::BaseKey, &[address.as_bytes(), message_id.as_bytes()]);
        let Some(record) = self.get(Kind::BaseKey, &field).await? else { return Ok(false) };
        let [_, _, base_key] = record.parts()?;
        Ok(base_key == current_base_key)
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::BaseKey, &self.name(Kind::BaseKey, &[address.as_bytes(), message_id.as_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.update_device_lists(vec![record]).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        let mut batch = Batch::new();
        for record in &records {
            let list = serde_json::to_vec(record).map_err(|e| StoreError::Serialization(Box::new(e)))?;
            self.put(&mut batch, Kind::DeviceList, record.user.as_bytes(), &[&list]);
        }
        self.write(batch).await.map(drop)
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        let record = self.get(Kind::DeviceList, &self.name(Kind::DeviceList, &[user.as_bytes()])).await?;
        record.as_ref().map(device_list).transpose()
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::DeviceList, &self.name(Kind::DeviceList, &[user.as_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        let field = self.name(Kind::GroupMetadata, &[group_jid.as_bytes()]);
        let Some(record) = self.get(Kind::GroupMetadata, &field).await? else { return Ok(None) };
        let [_, blob] = record.parts()?;
        Ok(Some(blob.to_vec()))
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        self.put(&mut batch, Kind::GroupMetadata, group_jid.as_bytes(), &[blob]);
        self.write(batch).await.map(drop)
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        let mut batch = Batch::new();
        batch.delete(Kind::GroupMetadata, &self.name(Kind::GroupMetadata, &[group_jid.as_bytes()]));
        self.write(batch).await.map(drop)
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        let record = self.get(Kind::TcToken, &self.token_field(jid)).await?;
        record.as_ref().map(|record| Ok(token(record)?.1)).transpose()
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        let _editing = self.editing().await;
        self.write_token(jid, entry).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        let _editing = self.editing().await;
        let mut batch = Batch::new();
        batch.delete(Kind::TcToken, &self.token_field(jid));
        self.write(batch).await.map(drop)
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        self.all(Kind::TcToken).await?.iter().map(|(_, record)| Ok(token(record)?.0)).collect()
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        let _editing = self.editing().await;
        let mut batch = Batch::new();
        let mut gone = 0;
        for (field, record) in self.all(Kind::TcToken).await? {
            let (_, token) = token(&record)?;
            let received = !token.token.is_empty() && token.token_timestamp >= token_cutoff;
            if !received && token.sender_timestamp.is_none_or(|sent| sent < sender_cutoff) {
                batch.delete(Kind::TcToken, &field);
                gone += 1;
            }
        }
        self.write(batch).await?;
        Ok(gone)
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        self.edit_token(jid, |known| {
            let mut token =
                known.unwrap_or(TcTokenEntry { token: Vec::new(), token_timestamp: sender_timestamp, sender_timestamp: None });
            token.sender_timestamp = Some(token.sender_timestamp.map_or(sender_timestamp, |sent| sent.max(sender_timestamp)));
            Some(token)
        })
        .await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        self.edit_token(jid, |known| {
            let fresher =
                known.as_ref().is_some_and(|known| !known.token.is_empty() && token_timestamp < known.token_timestamp);
            let sender_timestamp = known.and_then(|known| known.sender_timestamp);
            (!fresher).then(|| TcTokenEntry { token: token.to_vec(), token_timestamp, sender_timestamp })
        })
        .await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        let mut batch = Batch::new();
        let field = self.name(Kind::SentMessage, &[chat_jid.as_bytes(), message_id.as_bytes()]);
        let sealed = self.sealed(Kind::SentMessage, &field, &[chat_jid.as_bytes(), message_id.as_bytes(), payload]);
        batch.set_at(Kind::SentMessage, Kind::SentAt, &field, wacore::time::now_secs(), sealed);
        self.write(batch).await.map(drop)
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        let mut batch = Batch::new();
        let field = self.name(Kind::SentMessage, &[chat_jid.as_bytes(), message_id.as_bytes()]);
        batch.take(Kind::SentMessage, Kind::SentAt, &field);
        match self.write(batch).await?.as_slice() {
            [Value::BulkString(sealed)] => {
                let record = self.opened(Kind::SentMessage, &field, sealed)?;
                let [_, _, payload] = record.parts()?;
                Ok(Some(payload.to_vec()))
            }
            _ => Ok(None),
        }
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        let mut batch = Batch::new();
        batch.expire(Kind::SentMessage, Kind::SentAt, &format!("({cutoff_timestamp}"));
        self.count(batch).await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        self.store_pending_inbound_batch(&[PendingInboundRow { chat, sender, id, message }]).await
    }

    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        let Some(record) = self.get(Kind::PendingInbound, &self.pending_field(chat, sender, id)).await? else {
            return Ok(None);
        };
        let [_, _, _, message] = record.parts()?;
        Ok(Some(message.to_vec()))
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.delete_pending_inbound_batch(&[PendingInboundKey { chat, sender, id }]).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        let mut batch = Batch::new();
        batch.expire(Kind::PendingInbound, Kind::PendingSince, &format!("({cutoff_timestamp}"));
        self.count(batch).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let now = wacore::time::now_secs();
        let mut batch = Batch::new();
        for row in rows {
            let field = self.pending_field(row.chat, row.sender, row.id);
            let parts = [row.chat.as_bytes(), row.sender.as_bytes(), row.id.as_bytes(), row.message];
            batch.set_at(
                Kind::PendingInbound,
                Kind::PendingSince,
                &field,
                now,
                self.sealed(Kind::PendingInbound, &field, &parts),
            );
        }
        self.write(batch).await.map(drop)
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        let mut batch = Batch::new();
        for key in keys {
            batch.delete_timed(Kind::PendingInbound, Kind::PendingSince, &self.pending_field(key.chat, key.sender, key.id));
        }
        self.write(batch).await.map(drop)
    }
}
