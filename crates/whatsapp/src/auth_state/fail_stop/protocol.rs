use super::FailStop;
use async_trait::async_trait;
use wacore::store::error::Result;
use wacore::store::traits::{
    Backend, DeviceListRecord, LidPnMappingEntry, PendingInboundKey, PendingInboundRow, ProtocolStore, TcTokenEntry,
};

#[async_trait]
impl<B: Backend + ?Sized> ProtocolStore for FailStop<B> {
    async fn get_sender_key_devices(&self, group_jid: &str) -> Result<Vec<(String, bool)>> {
        self.store.get_sender_key_devices(group_jid).await
    }

    async fn set_sender_key_status(&self, group_jid: &str, entries: &[(&str, bool)]) -> Result<()> {
        self.write(self.store.set_sender_key_status(group_jid, entries)).await
    }

    async fn clear_sender_key_devices(&self, group_jid: &str) -> Result<()> {
        self.write(self.store.clear_sender_key_devices(group_jid)).await
    }

    async fn delete_sender_key_device_rows(&self, device_jids: &[&str]) -> Result<()> {
        self.write(self.store.delete_sender_key_device_rows(device_jids)).await
    }

    async fn clear_all_sender_key_devices(&self) -> Result<()> {
        self.write(self.store.clear_all_sender_key_devices()).await
    }

    async fn get_lid_mapping(&self, lid: &str) -> Result<Option<LidPnMappingEntry>> {
        self.store.get_lid_mapping(lid).await
    }

    async fn get_pn_mapping(&self, phone: &str) -> Result<Option<LidPnMappingEntry>> {
        self.store.get_pn_mapping(phone).await
    }

    async fn put_lid_mapping(&self, entry: &LidPnMappingEntry) -> Result<()> {
        self.write(self.store.put_lid_mapping(entry)).await
    }

    async fn put_lid_mappings(&self, entries: &[LidPnMappingEntry]) -> Result<()> {
        self.write(self.store.put_lid_mappings(entries)).await
    }

    async fn get_all_lid_mappings(&self) -> Result<Vec<LidPnMappingEntry>> {
        self.store.get_all_lid_mappings().await
    }

    async fn save_base_key(&self, address: &str, message_id: &str, base_key: &[u8]) -> Result<()> {
        self.write(self.store.save_base_key(address, message_id, base_key)).await
    }

    async fn has_same_base_key(&self, address: &str, message_id: &str, current_base_key: &[u8]) -> Result<bool> {
        self.store.has_same_base_key(address, message_id, current_base_key).await
    }

    async fn delete_base_key(&self, address: &str, message_id: &str) -> Result<()> {
        self.write(self.store.delete_base_key(address, message_id)).await
    }

    async fn update_device_list(&self, record: DeviceListRecord) -> Result<()> {
        self.write(self.store.update_device_list(record)).await
    }

    async fn update_device_lists(&self, records: Vec<DeviceListRecord>) -> Result<()> {
        self.write(self.store.update_device_lists(records)).await
    }

    async fn get_devices(&self, user: &str) -> Result<Option<DeviceListRecord>> {
        self.store.get_devices(user).await
    }

    async fn delete_devices(&self, user: &str) -> Result<()> {
        self.write(self.store.delete_devices(user)).await
    }

    async fn get_group_metadata(&self, group_jid: &str) -> Result<Option<Vec<u8>>> {
        self.store.get_group_metadata(group_jid).await
    }

    async fn put_group_metadata(&self, group_jid: &str, blob: &[u8]) -> Result<()> {
        self.write(self.store.put_group_metadata(group_jid, blob)).await
    }

    async fn delete_group_metadata(&self, group_jid: &str) -> Result<()> {
        self.write(self.store.delete_group_metadata(group_jid)).await
    }

    async fn get_tc_token(&self, jid: &str) -> Result<Option<TcTokenEntry>> {
        self.store.get_tc_token(jid).await
    }

    async fn put_tc_token(&self, jid: &str, entry: &TcTokenEntry) -> Result<()> {
        self.write(self.store.put_tc_token(jid, entry)).await
    }

    async fn delete_tc_token(&self, jid: &str) -> Result<()> {
        self.write(self.store.delete_tc_token(jid)).await
    }

    async fn get_all_tc_token_jids(&self) -> Result<Vec<String>> {
        self.store.get_all_tc_token_jids().await
    }

    async fn delete_expired_tc_tokens(&self, token_cutoff: i64, sender_cutoff: i64) -> Result<u32> {
        self.write(self.store.delete_expired_tc_tokens(token_cutoff, sender_cutoff)).await
    }

    async fn touch_tc_token_sender_timestamp(&self, jid: &str, sender_timestamp: i64) -> Result<()> {
        self.write(self.store.touch_tc_token_sender_timestamp(jid, sender_timestamp)).await
    }

    async fn store_received_tc_token(&self, jid: &str, token: &[u8], token_timestamp: i64) -> Result<()> {
        self.write(self.store.store_received_tc_token(jid, token, token_timestamp)).await
    }

    async fn store_sent_message(&self, chat_jid: &str, message_id: &str, payload: &[u8]) -> Result<()> {
        self.write(self.store.store_sent_message(chat_jid, message_id, payload)).await
    }

    async fn take_sent_message(&self, chat_jid: &str, message_id: &str) -> Result<Option<Vec<u8>>> {
        self.write(self.store.take_sent_message(chat_jid, message_id)).await
    }

    async fn delete_expired_sent_messages(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.write(self.store.delete_expired_sent_messages(cutoff_timestamp)).await
    }

    async fn store_pending_inbound(&self, chat: &str, sender: &str, id: &str, message: &[u8]) -> Result<()> {
        let kept = self.write(self.store.store_pending_inbound(chat, sender, id, message)).await;
        if kept.is_err() {
            self.stranded.add(&PendingInboundRow { chat, sender, id, message });
        }
        kept
    }

    // Read when a message looks like one that was read before: without a copy it is acknowledged. What was read since
    // the last good write has no copy here and must not be.
    async fn get_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<Option<Vec<u8>>> {
        self.read_while_open(self.store.get_pending_inbound(chat, sender, id)).await
    }

    async fn delete_pending_inbound(&self, chat: &str, sender: &str, id: &str) -> Result<()> {
        self.write(self.store.delete_pending_inbound(chat, sender, id)).await
    }

    async fn delete_expired_pending_inbound(&self, cutoff_timestamp: i64) -> Result<u32> {
        self.write(self.store.delete_expired_pending_inbound(cutoff_timestamp)).await
    }

    async fn store_pending_inbound_batch(&self, rows: &[PendingInboundRow<'_>]) -> Result<()> {
        let kept = self.write(self.store.store_pending_inbound_batch(rows)).await;
        if kept.is_err() {
            rows.iter().for_each(|row| self.stranded.add(row));
        }
        kept
    }

    async fn delete_pending_inbound_batch(&self, keys: &[PendingInboundKey<'_>]) -> Result<()> {
        self.write(self.store.delete_pending_inbound_batch(keys)).await
    }
}
