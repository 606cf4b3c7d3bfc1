//! A session with some of everything.
#![allow(clippy::unwrap_used)]

use super::*;
use wacore::store::Device as LiveDevice;

pub fn device() -> Device {
    let mut live = LiveDevice::new();
    live.pn = Some("15550100123:7@s.whatsapp.net".parse().unwrap());
    live.lid = Some("100000000000123:7@lid".parse().unwrap());
    live.push_name = "Ada".into();
    live.edge_routing_info = Some(vec![8, 2, 8, 5]);
    live.props_hash = Some("hash".into());
    live.next_pre_key_id = 813;
    live.first_unupload_pre_key_id = 812;
    live.server_has_prekeys = true;
    live.nct_salt = Some(vec![3; 32]);
    live.login_counter = 4;
    live.lid_migrated = true;
    live.read_receipts_disabled = true;
    let mut device = Device::from(&live);
    let cert = |byte: u8| device::Cert { key: [byte; 32].into(), not_before: 1, not_after: 4_000_000_000 };
    device.server_cert_chain = Some(device::CertChain { intermediate: cert(1), leaf: cert(2) });
    device
}

/// `n` of each kind.
pub fn snapshot(n: u32) -> Snapshot {
    let mut snapshot = Snapshot::of(device());
    for i in 0..n {
        let byte = u8::try_from(i % 251).unwrap();
        let blob = |length: usize| Blob::from(vec![byte; length]);
        let person = format!("155501{i:05}");
        let jid = format!("{person}@s.whatsapp.net");
        let address = format!("{jid}.0");
        let id = format!("3EB0{i:016X}");
        let group = format!("12036302103325{i:04}@g.us");
        snapshot.identities.insert(address.clone(), [byte; 32].into());
        snapshot.sessions.insert(address.clone(), blob(900));
        snapshot.prekeys.insert(i + 1, Prekey { record: blob(70), uploaded: i % 2 == 0 });
        snapshot.prekeys.insert(u32::MAX - i, Prekey { record: blob(70), uploaded: true });
        snapshot.signed_prekeys.insert(i, blob(120));
        snapshot.sender_keys.insert(format!("{group}:{address}"), blob(300));
        let key = AppStateKey { key_data: blob(32), fingerprint: blob(9), timestamp: 1_700_000_000_123 };
        snapshot.app_state_keys.insert(i.to_be_bytes().as_slice().into(), key);
        let index_values = [("aW5kZXg=".to_owned(), blob(32)), (String::new(), Blob::default())].into();
        let version = AppStateVersion {
            version: u64::from(i) + 3,
            hash: [byte; 128].into(),
            index_values,
            mac_mismatch_fatal: i % 2 == 1,
        };
        snapshot.app_state_versions.insert(format!("regular_{i}"), version);
        snapshot.mutation_macs.insert(format!("regular_{i}"), [(blob(32), blob(32)), (blob(31), blob(30))].into());
        snapshot
            .sender_key_devices
            .insert(group.clone(), [(jid.clone(), true), (format!("{person}:3@s.whatsapp.net"), false)].into());
        let mapping =
            LidMapping { phone_number: person.clone(), created_at: 5, updated_at: 6, learning_source: "usync".into() };
        snapshot.lid_mappings.insert(format!("1000000{i:08}"), mapping);
        snapshot.base_keys.insert(address, [(id.clone(), blob(33))].into());
        let devices = vec![
            ListedDevice { device_id: 0, key_index: None, is_hosted: false },
            ListedDevice { device_id: 99, key_index: Some(u32::MAX), is_hosted: true },
        ];
        let list = DeviceList {
            devices,
            timestamp: 1_700_000_000,
            phash: (i % 2 == 0).then(|| "2:abc".into()),
            raw_id: Some(u32::MAX - i),
        };
        snapshot.device_lists.insert(person, list);
        snapshot.group_metadata.insert(group.clone(), blob(50));
        let token = TcToken { token: blob(16), token_timestamp: 7, sender_timestamp: (i % 2 == 0).then_some(8) };
        snapshot.tc_tokens.insert(format!("1000000{i:08}@lid"), token);
        snapshot.sent_messages.insert(jid.clone(), [(id.clone(), blob(40))].into());
        snapshot.pending_inbound.insert(group.clone(), [(jid.clone(), [(id.clone(), blob(60))].into())].into());
        let secret = MsgSecret { secret: [byte; 32].into(), expires_at: i64::from(i % 2) * 4_000_000_000, message_ts: 9 };
        snapshot.msg_secrets.insert(group, [(jid, [(id, secret)].into())].into());
    }
    snapshot
}
