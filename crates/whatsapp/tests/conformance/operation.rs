//! What whatsapp-rust may ask of a store, as values, so that the same can be asked of several.
#![allow(dead_code)]

use bytes::Bytes;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use wacore::appstate::hash::HashState;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::traits::{
    AppStateSyncKey, Backend, DeviceInfo, DeviceListRecord, LidPnMappingEntry, MsgSecretEntry, PendingInboundKey,
    PendingInboundRow, TcTokenEntry,
};

/// Small numbers that stand for names, so that the same ones meet again.
type N = u8;

#[derive(Clone, Debug)]
pub enum Operation {
    PutIdentity(N, N),
    PutIdentities(Vec<(N, N)>),
    LoadIdentity(N),
    DeleteIdentity(N),
    PutSession(N, N),
    PutSessions(Vec<(N, N)>),
    GetSession(N),
    HasSession(N),
    DeleteSession(N),
    HasSignalState(N),
    StorePrekey(N, N, bool),
    StorePrekeys(Vec<(N, N)>, bool),
    LoadPrekey(N),
    LoadPrekeys(Vec<N>),
    MarkUploaded(Vec<N>),
    RemovePrekey(N),
    MaxPrekey,
    StoreSigned(N, N),
    LoadSigned(N),
    AllSigned,
    RemoveSigned(N),
    PutSenderKey(N, N),
    PutSenderKeys(Vec<(N, N)>),
    GetSenderKey(N),
    DeleteSenderKey(N),
    SetSyncKey(N, N),
    GetSyncKey(N),
    LatestSyncKey,
    SetVersion(N, N),
    GetVersion(N),
    PutMacs(N, Vec<(N, N)>),
    GetMac(N, N),
    GetMacs(N, Vec<N>),
    DeleteMacs(N, Vec<N>),
    ClearMacs(N),
    GroupDevices(N),
    SetGroupDevices(N, Vec<(N, bool)>),
    ClearGroupDevices(N),
    DeleteDeviceRows(Vec<N>),
    ClearAllGroupDevices,
    PutLid(N, N),
    PutLids(Vec<(N, N)>),
    GetLid(N),
    GetPhone(N),
    AllLids,
    SaveBaseKey(N, N, N),
    SameBaseKey(N, N, N),
    DeleteBaseKey(N, N),
    UpdateDevices(N, N),
    UpdateDevicesOf(Vec<(N, N)>),
    GetDevices(N),
    DeleteDevices(N),
    PutGroup(N, N),
    GetGroup(N),
    DeleteGroup(N),
    PutToken(N, N, i64, Option<i64>),
    GetToken(N),
    DeleteToken(N),
    TokenJids,
    ExpireTokens(i64, i64),
    TouchToken(N, i64),
    ReceiveToken(N, N, i64),
    StoreSent(N, N, N),
    TakeSent(N, N),
    ExpireSent(bool),
    StorePending(Vec<(N, N)>),
    GetPending(N),
    DeletePending(Vec<N>),
    ExpirePending(bool),
    PutSecrets(Vec<(N, N, i64, i64)>),
    GetSecret(N),
    ExpireSecrets(i64),
    Exists,
    Load,
    Reopen,
}

impl Operation {
    /// Upstream's reference keeps no order among sync keys, forgets a phone when its last LID moves, and takes the creation of
    /// a mapping from whoever tells of it last. The disk is what runs.
    pub fn is_the_same_in_memory(&self) -> bool {
        !matches!(self, Operation::LatestSyncKey | Operation::GetPhone(_) | Operation::GetLid(_) | Operation::AllLids)
    }
}

impl Operation {
    pub fn writes(&self) -> bool {
        use Operation::*;
        !matches!(
            self,
            LoadIdentity(_)
                | GetSession(_)
                | HasSession(_)
                | HasSignalState(_)
                | LoadPrekey(_)
                | LoadPrekeys(_)
                | MaxPrekey
                | LoadSigned(_)
                | AllSigned
                | GetSenderKey(_)
                | GetSyncKey(_)
                | LatestSyncKey
                | GetVersion(_)
                | GetMac(..)
                | GetMacs(..)
                | GroupDevices(_)
                | GetLid(_)
                | GetPhone(_)
                | AllLids
                | SameBaseKey(..)
                | GetDevices(_)
                | GetGroup(_)
                | GetToken(_)
                | TokenJids
                | GetPending(_)
                | GetSecret(_)
                | Exists
                | Load
                | Reopen
        )
    }
}

pub fn operations(most: usize) -> impl Strategy<Value = Vec<Operation>> {
    proptest::collection::vec(operation(), 1..most)
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let n = || 0_u8..5;
    let pairs = || proptest::collection::vec((0_u8..5, any::<u8>()), 0..5);
    let some = || proptest::collection::vec(0_u8..5, 0..5);
    let at = || 0_i64..12;
    let signal = prop_oneof![
        (n(), any::<N>()).prop_map(|(a, b)| PutIdentity(a, b)),
        pairs().prop_map(PutIdentities),
        n().prop_map(LoadIdentity),
        n().prop_map(DeleteIdentity),
        (n(), any::<N>()).prop_map(|(a, b)| PutSession(a, b)),
        pairs().prop_map(PutSessions),
        n().prop_map(GetSession),
        n().prop_map(HasSession),
        n().prop_map(DeleteSession),
        n().prop_map(HasSignalState),
        n().prop_map(HasSignalState),
    ];
    let keys = prop_oneof![
        (n(), any::<N>(), any::<bool>()).prop_map(|(a, b, c)| StorePrekey(a, b, c)),
        (pairs(), any::<bool>()).prop_map(|(a, b)| StorePrekeys(a, b)),
        n().prop_map(LoadPrekey),
        some().prop_map(LoadPrekeys),
        some().prop_map(MarkUploaded),
        n().prop_map(RemovePrekey),
        Just(MaxPrekey),
        (n(), any::<N>()).prop_map(|(a, b)| StoreSigned(a, b)),
        n().prop_map(LoadSigned),
        Just(AllSigned),
        n().prop_map(RemoveSigned),
        (n(), any::<N>()).prop_map(|(a, b)| PutSenderKey(a, b)),
        pairs().prop_map(PutSenderKeys),
        n().prop_map(GetSenderKey),
        n().prop_map(DeleteSenderKey),
    ];
    let app_state = prop_oneof![
        (n(), any::<N>()).prop_map(|(a, b)| SetSyncKey(a, b)),
        n().prop_map(GetSyncKey),
        Just(LatestSyncKey),
        (n(), any::<N>()).prop_map(|(a, b)| SetVersion(a, b)),
        n().prop_map(GetVersion),
        (n(), pairs()).prop_map(|(a, b)| PutMacs(a, b)),
        (n(), n()).prop_map(|(a, b)| GetMac(a, b)),
        (n(), some()).prop_map(|(a, b)| GetMacs(a, b)),
        (n(), some()).prop_map(|(a, b)| DeleteMacs(a, b)),
        n().prop_map(ClearMacs),
    ];
    let groups = prop_oneof![
        n().prop_map(GroupDevices),
        (n(), proptest::collection::vec((n(), any::<bool>()), 0..5)).prop_map(|(a, b)| SetGroupDevices(a, b)),
        n().prop_map(ClearGroupDevices),
        some().prop_map(DeleteDeviceRows),
        Just(ClearAllGroupDevices),
        (n(), any::<N>()).prop_map(|(a, b)| PutGroup(a, b)),
        n().prop_map(GetGroup),
        n().prop_map(DeleteGroup),
    ];
    let people = prop_oneof![
        (n(), n()).prop_map(|(a, b)| PutLid(a, b)),
        proptest::collection::vec((n(), n()), 0..5).prop_map(PutLids),
        n().prop_map(GetLid),
        n().prop_map(GetPhone),
        Just(AllLids),
        (n(), n(), n()).prop_map(|(a, b, c)| SaveBaseKey(a, b, c)),
        (n(), n(), n()).prop_map(|(a, b, c)| SameBaseKey(a, b, c)),
        (n(), n()).prop_map(|(a, b)| DeleteBaseKey(a, b)),
        (n(), any::<N>()).prop_map(|(a, b)| UpdateDevices(a, b)),
        pairs().prop_map(UpdateDevicesOf),
        n().prop_map(GetDevices),
        n().prop_map(DeleteDevices),
    ];
    let tokens = prop_oneof![
        (n(), n(), at(), proptest::option::of(at())).prop_map(|(a, b, c, d)| PutToken(a, b, c, d)),
        n().prop_map(GetToken),
        n().prop_map(DeleteToken),
        Just(TokenJids),
        (at(), at()).prop_map(|(a, b)| ExpireTokens(a, b)),
        (n(), at()).prop_map(|(a, b)| TouchToken(a, b)),
        (n(), n(), at()).prop_map(|(a, b, c)| ReceiveToken(a, b, c)),
    ];
    let messages = prop_oneof![
        (n(), n(), any::<N>()).prop_map(|(a, b, c)| StoreSent(a, b, c)),
        (n(), n()).prop_map(|(a, b)| TakeSent(a, b)),
        any::<bool>().prop_map(ExpireSent),
        pairs().prop_map(StorePending),
        n().prop_map(GetPending),
        some().prop_map(DeletePending),
        any::<bool>().prop_map(ExpirePending),
        proptest::collection::vec((n(), any::<N>(), at(), at()), 0..5).prop_map(PutSecrets),
        n().prop_map(GetSecret),
        at().prop_map(ExpireSecrets),
        Just(Exists),
        Just(Load),
        Just(Reopen),
    ];
    prop_oneof![signal, keys, app_state, groups, people, tokens, messages]
}

/// Something of every kind of record.
pub fn one_of_each() -> Vec<Operation> {
    use Operation::*;
    vec![
        PutIdentities(vec![(1, 1), (2, 2)]),
        PutSessions(vec![(1, 1), (4, 2)]),
        StorePrekeys(vec![(1, 1), (2, 2)], false),
        StorePrekey(3, 3, true),
        StoreSigned(1, 9),
        PutSenderKey(2, 2),
        SetSyncKey(1, 4),
        SetVersion(1, 7),
        PutMacs(1, vec![(1, 1), (2, 2)]),
        SetGroupDevices(1, vec![(1, true), (2, false)]),
        PutLids(vec![(1, 1), (2, 2)]),
        SaveBaseKey(1, 2, 3),
        UpdateDevices(1, 3),
        PutGroup(1, 1),
        PutToken(1, 2, 3, Some(4)),
        PutToken(2, 0, 3, None),
        StoreSent(1, 2, 3),
        StorePending(vec![(1, 2)]),
        PutSecrets(vec![(1, 2, 3, 4), (2, 3, 0, 0)]),
    ]
}

/// Addresses of three people, some with several devices.
pub fn address(n: N) -> String {
    [
        "15550100123@s.whatsapp.net.0",
        "15550100123:7@s.whatsapp.net.0",
        "1555010@s.whatsapp.net.0",
        "100000012345678@lid.0",
        "155501001234:1@lid.0",
    ][usize::from(n) % 5]
        .to_owned()
}

fn person(n: N) -> &'static str {
    ["15550100123", "1555010", "100000012345678", "155501001234", "1"][usize::from(n) % 5]
}

fn bytes(n: N) -> Vec<u8> {
    vec![n; usize::from(n % 40)]
}

fn fixed(n: N) -> [u8; 32] {
    [n; 32]
}

fn group(n: N) -> String {
    format!("12036302103325494{n}@g.us")
}

fn device_jid(n: N) -> String {
    format!("15550100123:{n}@s.whatsapp.net")
}

fn collection(n: N) -> &'static str {
    ["critical_block", "critical_unblock_low", "regular", "regular_low", "regular_high"][usize::from(n) % 5]
}

fn mapping(lid: N, phone: N, now: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: format!("10000001234567{lid}"),
        phone_number: format!("1555010012{phone}"),
        created_at: 1000 + now,
        updated_at: 2000 + now,
        learning_source: "usync".into(),
    }
}

fn devices(user: N, n: N) -> DeviceListRecord {
    DeviceListRecord {
        user: person(user).into(),
        devices: (0..u32::from(n % 4))
            .map(|d| DeviceInfo::new(d, n.is_multiple_of(2).then_some(d + u32::from(n))).with_hosting(n.is_multiple_of(3)))
            .collect(),
        timestamp: i64::from(n),
        phash: (n % 2 == 1).then(|| format!("2:{n}")),
        raw_id: (!n.is_multiple_of(5)).then_some(n.into()),
    }
}

fn secret(n: N, value: N, expires_at: i64, message_ts: i64) -> MsgSecretEntry {
    let (chat, sender, msg_id) = secret_of(n);
    MsgSecretEntry {
        chat: chat.into(),
        sender: sender.into(),
        msg_id: msg_id.into(),
        secret: fixed(value),
        expires_at,
        message_ts,
    }
}

/// Two chats, two senders and two ids, in such a way that they do not mix.
fn secret_of(n: N) -> (&'static str, &'static str, &'static str) {
    [("a@g.us", "b", "3EB0"), ("a@g.us", "b3EB", "0"), ("a@g.usb", "", "3EB0"), ("c", "c", "3EB0"), ("c", "c", "3EB1")]
        [usize::from(n) % 5]
}

fn hash_state(n: N) -> HashState {
    let mut state = HashState { version: n.into(), hash: [n; 128], ..HashState::default() };
    state.mac_mismatch_fatal = n % 2 == 1;
    for k in 0..n % 3 {
        state.index_value_map.insert(format!("index {k}"), bytes(n));
    }
    state
}

fn shown_state(state: &HashState) -> String {
    let values: BTreeMap<_, _> = state.index_value_map.iter().collect();
    format!("{} {:?} {values:?} {}", state.version, state.hash, state.mac_mismatch_fatal)
}

fn sorted<T: Ord>(mut all: Vec<T>) -> Vec<T> {
    all.sort();
    all
}

/// The last of each: in one batch the later one counts, but not every store takes the same twice in one statement.
fn each_once(pairs: &[(N, N)]) -> BTreeMap<N, N> {
    pairs.iter().copied().collect()
}

/// Does it and tells the answer, as one text and in an order that no store chooses.
pub async fn perform(operation: &Operation, now: i64, store: &dyn Backend) -> String {
    use Operation::*;
    let soon = |all: bool| if all { wacore::time::now_secs() + 3600 } else { 0 };
    match operation {
        PutIdentity(a, k) => show(store.put_identity(&address(*a), fixed(*k)).await),
        PutIdentities(all) => {
            let all: Vec<_> = all.iter().map(|(a, k)| (Arc::from(address(*a)), fixed(*k))).collect();
            show(store.put_identities_batch(&all).await)
        }
        LoadIdentity(a) => show(store.load_identity(&address(*a)).await),
        DeleteIdentity(a) => show(store.delete_identity(&address(*a)).await),
        PutSession(a, s) => show(store.put_session(&address(*a), &bytes(*s)).await),
        PutSessions(all) => {
            let all: Vec<_> = all.iter().map(|(a, s)| (Arc::from(address(*a)), Bytes::from(bytes(*s)))).collect();
            show(store.put_sessions_batch(&all).await)
        }
        GetSession(a) => show(store.get_session(&address(*a)).await),
        HasSession(a) => show(store.has_session(&address(*a)).await),
        DeleteSession(a) => show(store.delete_session(&address(*a)).await),
        HasSignalState(p) => show(store.has_signal_state_for_user(person(*p)).await),
        StorePrekey(id, k, uploaded) => show(store.store_prekey((*id).into(), &bytes(*k), *uploaded).await),
        StorePrekeys(all, uploaded) => {
            let all: Vec<_> = all.iter().map(|(id, k)| (u32::from(*id), Bytes::from(bytes(*k)))).collect();
            show(store.store_prekeys_batch(&all, *uploaded).await)
        }
        LoadPrekey(id) => show(store.load_prekey((*id).into()).await),
        LoadPrekeys(ids) => {
            let mut ids: Vec<_> = ids.iter().map(|id| u32::from(*id)).collect();
            ids.sort_unstable();
            ids.dedup();
            show(store.load_prekeys_batch(&ids).await.map(sorted))
        }
        MarkUploaded(ids) => show(store.mark_prekeys_uploaded(&ids.iter().map(|id| u32::from(*id)).collect::<Vec<_>>()).await),
        RemovePrekey(id) => show(store.remove_prekey((*id).into()).await),
        MaxPrekey => show(store.get_max_prekey_id().await),
        StoreSigned(id, k) => show(store.store_signed_prekey((*id).into(), &bytes(*k)).await),
        LoadSigned(id) => show(store.load_signed_prekey((*id).into()).await),
        AllSigned => show(store.load_all_signed_prekeys().await.map(sorted)),
        RemoveSigned(id) => show(store.remove_signed_prekey((*id).into()).await),
        PutSenderKey(a, k) => show(store.put_sender_key(&address(*a), &bytes(*k)).await),
        PutSenderKeys(all) => {
            let all: Vec<_> = all.iter().map(|(a, k)| (Arc::from(address(*a)), Bytes::from(bytes(*k)))).collect();
            show(store.put_sender_keys_batch(&all).await)
        }
        GetSenderKey(a) => show(store.get_sender_key(&address(*a)).await),
        DeleteSenderKey(a) => show(store.delete_sender_key(&address(*a)).await),
        SetSyncKey(id, k) => {
            let key = AppStateSyncKey { key_data: fixed(*k).to_vec(), fingerprint: bytes(*k), timestamp: (*k).into() };
            show(store.set_sync_key(&[*id, 1], key).await)
        }
        GetSyncKey(id) => show(store.get_sync_key(&[*id, 1]).await),
        LatestSyncKey => show(store.get_latest_sync_key_id().await),
        SetVersion(c, v) => show(store.set_version(collection(*c), hash_state(*v)).await),
        GetVersion(c) => show(store.get_version(collection(*c)).await.map(|state| shown_state(&state))),
        PutMacs(c, macs) => {
            let macs: Vec<_> = each_once(macs)
                .into_iter()
                .map(|(index, value)| AppStateMutationMAC { index_mac: fixed(index).to_vec(), value_mac: bytes(value) })
                .collect();
            show(store.put_mutation_macs(collection(*c), 3, &macs).await)
        }
        GetMac(c, index) => show(store.get_mutation_mac(collection(*c), &fixed(*index)).await),
        GetMacs(c, all) => {
            let all: Vec<_> = all.iter().map(|index| fixed(*index)).collect();
            show(store.get_mutation_macs(collection(*c), &all).await.map(|macs| macs.into_iter().collect::<BTreeMap<_, _>>()))
        }
        DeleteMacs(c, all) => {
            let all: Vec<_> = all.iter().map(|index| fixed(*index).to_vec()).collect();
            show(store.delete_mutation_macs(collection(*c), &all).await)
        }
        ClearMacs(c) => show(store.clear_mutation_macs(collection(*c)).await),
        GroupDevices(g) => show(store.get_sender_key_devices(&group(*g)).await.map(sorted)),
        SetGroupDevices(g, all) => {
            let all: BTreeMap<_, _> = all.iter().map(|(d, has)| (device_jid(*d), *has)).collect();
            let all: Vec<_> = all.iter().map(|(d, has)| (d.as_str(), *has)).collect();
            show(store.set_sender_key_status(&group(*g), &all).await)
        }
        ClearGroupDevices(g) => show(store.clear_sender_key_devices(&group(*g)).await),
        DeleteDeviceRows(all) => {
            let all: Vec<_> = all.iter().map(|d| device_jid(*d)).collect();
            show(store.delete_sender_key_device_rows(&all.iter().map(String::as_str).collect::<Vec<_>>()).await)
        }
        ClearAllGroupDevices => show(store.clear_all_sender_key_devices().await),
        PutLid(l, p) => show(store.put_lid_mapping(&mapping(*l, *p, 10 * now)).await),
        PutLids(all) => {
            // No two of a phone at the same time: which of them counts is nobody's rule.
            let entries: Vec<_> = all.iter().zip(0..).map(|((l, p), k)| mapping(*l, *p, 10 * now + k)).collect();
            show(store.put_lid_mappings(&entries).await)
        }
        GetLid(l) => show(store.get_lid_mapping(&mapping(*l, 0, 0).lid).await),
        GetPhone(p) => show(store.get_pn_mapping(&mapping(0, *p, 0).phone_number).await),
        AllLids => show(store.get_all_lid_mappings().await.map(|all| sorted(all.iter().map(|m| format!("{m:?}")).collect()))),
        SaveBaseKey(a, m, k) => show(store.save_base_key(&address(*a), &m.to_string(), &bytes(*k)).await),
        SameBaseKey(a, m, k) => show(store.has_same_base_key(&address(*a), &m.to_string(), &bytes(*k)).await),
        DeleteBaseKey(a, m) => show(store.delete_base_key(&address(*a), &m.to_string()).await),
        UpdateDevices(u, n) => show(store.update_device_list(devices(*u, *n)).await),
        UpdateDevicesOf(all) => show(store.update_device_lists(all.iter().map(|(u, n)| devices(*u, *n)).collect()).await),
        GetDevices(u) => show(store.get_devices(person(*u)).await),
        DeleteDevices(u) => show(store.delete_devices(person(*u)).await),
        PutGroup(g, b) => show(store.put_group_metadata(&group(*g), &bytes(*b)).await),
        GetGroup(g) => show(store.get_group_metadata(&group(*g)).await),
        DeleteGroup(g) => show(store.delete_group_metadata(&group(*g)).await),
        PutToken(j, t, at, sent) => {
            let entry = TcTokenEntry { token: bytes(*t), token_timestamp: *at, sender_timestamp: *sent };
            show(store.put_tc_token(person(*j), &entry).await)
        }
        GetToken(j) => show(store.get_tc_token(person(*j)).await),
        DeleteToken(j) => show(store.delete_tc_token(person(*j)).await),
        TokenJids => show(store.get_all_tc_token_jids().await.map(sorted)),
        ExpireTokens(received, sent) => show(store.delete_expired_tc_tokens(*received, *sent).await),
        TouchToken(j, at) => show(store.touch_tc_token_sender_timestamp(person(*j), *at).await),
        ReceiveToken(j, t, at) => show(store.store_received_tc_token(person(*j), &bytes(*t), *at).await),
        StoreSent(c, m, p) => show(store.store_sent_message(&group(*c), &m.to_string(), &bytes(*p)).await),
        TakeSent(c, m) => show(store.take_sent_message(&group(*c), &m.to_string()).await),
        ExpireSent(all) => show(store.delete_expired_sent_messages(soon(*all)).await),
        StorePending(rows) => {
            let rows: Vec<_> = rows.iter().map(|(n, m)| (secret_of(*n), bytes(*m))).collect();
            let rows: Vec<_> =
                rows.iter().map(|((chat, sender, id), message)| PendingInboundRow { chat, sender, id, message }).collect();
            match rows.as_slice() {
                [row] => show(store.store_pending_inbound(row.chat, row.sender, row.id, row.message).await),
                rows => show(store.store_pending_inbound_batch(rows).await),
            }
        }
        GetPending(n) => {
            let (chat, sender, id) = secret_of(*n);
            show(store.get_pending_inbound(chat, sender, id).await)
        }
        DeletePending(all) => {
            let keys: Vec<_> = all
                .iter()
                .map(|n| {
                    let (chat, sender, id) = secret_of(*n);
                    PendingInboundKey { chat, sender, id }
                })
                .collect();
            match keys.as_slice() {
                [key] => show(store.delete_pending_inbound(key.chat, key.sender, key.id).await),
                keys => show(store.delete_pending_inbound_batch(keys).await),
            }
        }
        ExpirePending(all) => show(store.delete_expired_pending_inbound(soon(*all)).await),
        PutSecrets(all) => {
            let all: BTreeMap<_, _> = all.iter().map(|(n, v, until, at)| (*n, secret(*n, *v, *until, *at))).collect();
            show(store.put_msg_secrets(all.into_values().collect()).await)
        }
        GetSecret(n) => {
            let (chat, sender, id) = secret_of(*n);
            let plain = show(store.get_msg_secret(chat, sender, id).await);
            plain + &show(store.get_msg_secret_with_ts(chat, sender, id).await)
        }
        ExpireSecrets(at) => show(store.delete_expired_msg_secrets(*at).await),
        Exists => show(store.exists().await),
        Load => show(store.load().await.map(|device| device.map(|device| device.registration_id))),
        Reopen => String::new(),
    }
}

/// Of an error only that it is one: each store has its own words.
fn show<T: std::fmt::Debug>(answer: wacore::store::error::Result<T>) -> String {
    answer.map_or_else(|_| "an error".into(), |answer| format!("{answer:?}"))
}
