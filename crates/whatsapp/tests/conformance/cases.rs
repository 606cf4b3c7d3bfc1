//! The rules, one by one. Each gets a store that nobody has used.

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt as _};
use std::sync::Arc;
use wacore::appstate::processor::AppStateMutationMAC;
use wacore::store::Device;
use wacore::store::traits::{Backend, LidPnMappingEntry, MsgSecretEntry, PendingInboundRow, TcTokenEntry};

type Case = fn(Arc<dyn Backend>) -> BoxFuture<'static, ()>;

macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        pub const ALL: &[(&str, Case)] = &[$((stringify!($name), |store| $name(store).boxed())),*];
    };
}

cases! {
    a_device_is_made_once_and_is_what_was_saved_last,
    what_is_not_there_is_told_as_such,
    a_session_is_replaced_and_deleted,
    a_user_is_known_by_any_address_of_any_kind_until_the_last_is_gone,
    a_name_that_begins_alike_is_another,
    marking_a_prekey_does_not_bring_back_one_that_was_used,
    the_highest_prekey_is_the_highest_that_is_there,
    macs_of_a_collection_go_together_and_alone,
    whose_device_has_the_groups_key,
    a_number_that_changes_hands,
    a_base_key_is_of_one_message,
    a_token_and_its_sending_keep_out_of_each_others_way,
    a_token_goes_when_both_its_sides_are_old,
    a_sent_message_is_taken_once,
    a_sent_message_is_taken_by_one_of_many,
    what_waits_for_its_commit_is_kept_and_let_go_of,
    a_secret_lives_for_the_longer_of_its_deadlines,
    large_batches_and_values,
    names_of_any_kind,
    nothing_is_a_batch_too,
}

async fn a_device_is_made_once_and_is_what_was_saved_last(store: Arc<dyn Backend>) {
    assert!(!store.exists().await.unwrap() && store.load().await.unwrap().is_none());
    store.create().await.unwrap();
    assert!(store.exists().await.unwrap());
    let made = store.load().await.unwrap();
    assert!(made.is_none_or(|device| device.pn.is_none()), "nobody's yet");
    let mut device = Device::new();
    for name in ["one", "two"] {
        device.push_name = name.into();
        device.pn = Some("15550100123:4@s.whatsapp.net".parse().unwrap());
        device.edge_routing_info = Some(vec![1, 2, 3]);
        device.next_pre_key_id += 1;
        store.save(&device).await.unwrap();
        let loaded = store.load().await.unwrap().unwrap();
        assert_eq!(loaded.push_name, name);
        assert_eq!((loaded.pn, loaded.next_pre_key_id), (device.pn.clone(), device.next_pre_key_id));
        assert_eq!(loaded.registration_id, device.registration_id);
        assert_eq!(loaded.edge_routing_info, device.edge_routing_info);
        assert_eq!(loaded.identity_key.public_key, device.identity_key.public_key);
        assert_eq!(loaded.adv_secret_key, device.adv_secret_key);
    }
    store.snapshot_db("for whom it may concern", None).await.unwrap();
    store.resource_report().await;
}

async fn what_is_not_there_is_told_as_such(store: Arc<dyn Backend>) {
    assert_eq!(store.load_identity("a").await.unwrap(), None);
    assert_eq!(store.get_session("a").await.unwrap(), None);
    assert!(!store.has_session("a").await.unwrap());
    assert!(!store.has_signal_state_for_user("a").await.unwrap());
    assert_eq!(store.load_prekey(1).await.unwrap(), None);
    assert_eq!(store.load_prekeys_batch(&[1, 2]).await.unwrap(), []);
    assert_eq!(store.get_max_prekey_id().await.unwrap(), 0);
    assert_eq!(store.load_signed_prekey(1).await.unwrap(), None);
    assert_eq!(store.get_sender_key("a").await.unwrap(), None);
    assert!(store.get_sync_key(b"a").await.unwrap().is_none());
    assert_eq!(store.get_latest_sync_key_id().await.unwrap(), None);
    assert_eq!(store.get_version("regular").await.unwrap().version, 0);
    assert_eq!(store.get_mutation_mac("regular", b"a").await.unwrap(), None);
    assert_eq!(store.get_sender_key_devices("a").await.unwrap(), []);
    assert!(store.get_lid_mapping("a").await.unwrap().is_none());
    assert!(store.get_pn_mapping("a").await.unwrap().is_none());
    assert!(store.get_all_lid_mappings().await.unwrap().is_empty());
    assert!(!store.has_same_base_key("a", "b", b"").await.unwrap());
    assert!(store.get_devices("a").await.unwrap().is_none());
    assert_eq!(store.get_group_metadata("a").await.unwrap(), None);
    assert!(store.get_tc_token("a").await.unwrap().is_none());
    assert_eq!(store.take_sent_message("a", "b").await.unwrap(), None);
    assert_eq!(store.get_pending_inbound("a", "b", "c").await.unwrap(), None);
    assert_eq!(store.get_msg_secret("a", "b", "c").await.unwrap(), None);
    // Nor is it an error to take it away.
    store.delete_identity("a").await.unwrap();
    store.delete_session("a").await.unwrap();
    store.remove_prekey(1).await.unwrap();
    store.remove_signed_prekey(1).await.unwrap();
    store.delete_sender_key("a").await.unwrap();
    store.delete_mutation_macs("regular", &[b"a".to_vec()]).await.unwrap();
    store.clear_mutation_macs("regular").await.unwrap();
    store.clear_sender_key_devices("a").await.unwrap();
    store.delete_base_key("a", "b").await.unwrap();
    store.delete_devices("a").await.unwrap();
    store.delete_group_metadata("a").await.unwrap();
    store.delete_tc_token("a").await.unwrap();
    store.delete_pending_inbound("a", "b", "c").await.unwrap();
    assert_eq!(store.delete_expired_sent_messages(i64::MAX / 2).await.unwrap(), 0);
    assert_eq!(store.delete_expired_msg_secrets(i64::MAX / 2).await.unwrap(), 0);
}

async fn a_session_is_replaced_and_deleted(store: Arc<dyn Backend>) {
    store.put_session("a@s.0", b"one").await.unwrap();
    store
        .put_sessions_batch(&[("a@s.0".into(), Bytes::from_static(b"two")), ("b@s.0".into(), Bytes::from_static(b"three"))])
        .await
        .unwrap();
    assert_eq!(store.get_session("a@s.0").await.unwrap().unwrap(), &b"two"[..]);
    assert_eq!(store.get_session("b@s.0").await.unwrap().unwrap(), &b"three"[..]);
    store.delete_session("a@s.0").await.unwrap();
    assert!(!store.has_session("a@s.0").await.unwrap() && store.has_session("b@s.0").await.unwrap());
}

async fn a_user_is_known_by_any_address_of_any_kind_until_the_last_is_gone(store: Arc<dyn Backend>) {
    let known = async || store.has_signal_state_for_user("15550100123").await.unwrap();
    store.put_identity("15550100123@s.whatsapp.net.0", [1; 32]).await.unwrap();
    store.put_identity("15550100123@s.whatsapp.net.0", [2; 32]).await.unwrap();
    store.put_session("15550100123:7@s.whatsapp.net.0", b"s").await.unwrap();
    store.put_session("15550100123:7@s.whatsapp.net.0", b"t").await.unwrap();
    assert!(known().await);
    store.delete_identity("15550100123@s.whatsapp.net.0").await.unwrap();
    assert!(known().await, "the session is still there");
    store.delete_identity("15550100123@s.whatsapp.net.0").await.unwrap();
    assert!(known().await, "what is not there is not deleted twice");
    store.delete_session("15550100123:7@s.whatsapp.net.0").await.unwrap();
    assert!(!known().await);
}

async fn a_name_that_begins_alike_is_another(store: Arc<dyn Backend>) {
    store.put_session("15550100123@s.whatsapp.net.0", b"s").await.unwrap();
    for other in ["1555010012", "155501001234", "5550100123", ""] {
        assert!(!store.has_signal_state_for_user(other).await.unwrap(), "{other}");
    }
    let secret = |chat: &str, sender: &str, id: &str| MsgSecretEntry {
        chat: chat.into(),
        sender: sender.into(),
        msg_id: id.into(),
        secret: [7; 32],
        expires_at: 0,
        message_ts: 0,
    };
    store.put_msg_secrets(vec![secret("ab", "c", "d")]).await.unwrap();
    assert_eq!(store.get_msg_secret("a", "bc", "d").await.unwrap(), None);
    assert_eq!(store.get_msg_secret("ab", "cd", "").await.unwrap(), None);
    store.save_base_key("ab", "c", b"k").await.unwrap();
    assert!(!store.has_same_base_key("a", "bc", b"k").await.unwrap());
}

async fn marking_a_prekey_does_not_bring_back_one_that_was_used(store: Arc<dyn Backend>) {
    store.store_prekeys_batch(&[(1, Bytes::from_static(b"one")), (2, Bytes::from_static(b"two"))], false).await.unwrap();
    store.remove_prekey(1).await.unwrap();
    store.mark_prekeys_uploaded(&[1, 2]).await.unwrap();
    assert_eq!(store.load_prekey(1).await.unwrap(), None);
    assert_eq!(store.load_prekey(2).await.unwrap().unwrap(), &b"two"[..], "and the key is what it was");
}

async fn the_highest_prekey_is_the_highest_that_is_there(store: Arc<dyn Backend>) {
    for id in [3, 1, 812, 255, 256] {
        store.store_prekey(id, b"k", false).await.unwrap();
    }
    assert_eq!(store.get_max_prekey_id().await.unwrap(), 812);
    store.remove_prekey(812).await.unwrap();
    assert_eq!(store.get_max_prekey_id().await.unwrap(), 256);
    store.store_signed_prekey(1, b"s").await.unwrap();
    store.store_signed_prekey(2, b"t").await.unwrap();
    let mut signed = store.load_all_signed_prekeys().await.unwrap();
    signed.sort();
    assert_eq!(signed, [(1, b"s".to_vec()), (2, b"t".to_vec())]);
}

async fn macs_of_a_collection_go_together_and_alone(store: Arc<dyn Backend>) {
    let mac = |n: u8| AppStateMutationMAC { index_mac: vec![n; 32], value_mac: vec![n; 20] };
    for name in ["regular", "regular_low"] {
        store.put_mutation_macs(name, 1, &[mac(1), mac(2), mac(3)]).await.unwrap();
    }
    store.delete_mutation_macs("regular", &[vec![2; 32]]).await.unwrap();
    let found = store.get_mutation_macs("regular", &[[1; 32], [2; 32], [3; 32], [4; 32]]).await.unwrap();
    assert_eq!((found.len(), found.get(&[1; 32])), (2, Some(&vec![1; 20])));
    store.clear_mutation_macs("regular").await.unwrap();
    assert_eq!(store.get_mutation_mac("regular", &[1; 32]).await.unwrap(), None);
    assert_eq!(store.get_mutation_mac("regular_low", &[1; 32]).await.unwrap(), Some(vec![1; 20]));
}

async fn whose_device_has_the_groups_key(store: Arc<dyn Backend>) {
    let of = async |group: &str| {
        let mut devices = store.get_sender_key_devices(group).await.unwrap();
        devices.sort();
        devices
    };
    store.set_sender_key_status("g", &[("a", true), ("b", true)]).await.unwrap();
    store.set_sender_key_status("g", &[("b", false), ("c", true)]).await.unwrap();
    store.set_sender_key_status("h", &[("a", true)]).await.unwrap();
    assert_eq!(of("g").await, [("a".to_owned(), true), ("b".to_owned(), false), ("c".to_owned(), true)]);
    store.delete_sender_key_device_rows(&["a", "x"]).await.unwrap();
    assert_eq!((of("g").await.len(), of("h").await.len()), (2, 0));
    store.clear_sender_key_devices("g").await.unwrap();
    assert_eq!(of("g").await, []);
    store.set_sender_key_status("h", &[("a", true)]).await.unwrap();
    store.clear_all_sender_key_devices().await.unwrap();
    assert_eq!(of("h").await, []);
}

async fn a_number_that_changes_hands(store: Arc<dyn Backend>) {
    let entry = |lid: &str, phone: &str, at| LidPnMappingEntry {
        lid: lid.into(),
        phone_number: phone.into(),
        created_at: at,
        updated_at: at,
        learning_source: "usync".into(),
    };
    let lid_of = async |phone: &str| store.get_pn_mapping(phone).await.unwrap().map(|mapping| mapping.lid);
    store.put_lid_mapping(&entry("l1", "p1", 1)).await.unwrap();
    store.put_lid_mappings(&[entry("l2", "p1", 2), entry("l3", "p3", 2)]).await.unwrap();
    assert_eq!(lid_of("p1").await.as_deref(), Some("l2"), "the later one");
    store.put_lid_mapping(&entry("l3", "p4", 3)).await.unwrap();
    assert_eq!((lid_of("p3").await, lid_of("p4").await.as_deref()), (None, Some("l3")));
    let l3 = store.get_lid_mapping("l3").await.unwrap().unwrap();
    assert_eq!((l3.phone_number.as_str(), l3.updated_at), ("p4", 3));
    assert_eq!(store.get_all_lid_mappings().await.unwrap().len(), 3);
}

async fn a_base_key_is_of_one_message(store: Arc<dyn Backend>) {
    store.save_base_key("a", "m1", b"one").await.unwrap();
    assert!(store.has_same_base_key("a", "m1", b"one").await.unwrap());
    assert!(!store.has_same_base_key("a", "m2", b"one").await.unwrap());
    store.save_base_key("a", "m1", b"two").await.unwrap();
    assert!(!store.has_same_base_key("a", "m1", b"one").await.unwrap());
    store.delete_base_key("a", "m1").await.unwrap();
    assert!(!store.has_same_base_key("a", "m1", b"two").await.unwrap());
}

async fn a_token_and_its_sending_keep_out_of_each_others_way(store: Arc<dyn Backend>) {
    let token = async || {
        let token = store.get_tc_token("a").await.unwrap().unwrap();
        (token.token, token.token_timestamp, token.sender_timestamp)
    };
    store.touch_tc_token_sender_timestamp("a", 5).await.unwrap();
    assert_eq!(token().await, (vec![], 5, Some(5)), "a place for the one to come");
    store.store_received_tc_token("a", b"one", 3).await.unwrap();
    assert_eq!(token().await, (b"one".to_vec(), 3, Some(5)), "which may be older than the place");
    store.store_received_tc_token("a", b"old", 2).await.unwrap();
    store.touch_tc_token_sender_timestamp("a", 4).await.unwrap();
    assert_eq!(token().await, (b"one".to_vec(), 3, Some(5)), "nothing goes back");
    store.store_received_tc_token("a", b"two", 3).await.unwrap();
    store.touch_tc_token_sender_timestamp("a", 6).await.unwrap();
    assert_eq!(token().await, (b"two".to_vec(), 3, Some(6)));
    // Side by side, neither loses the other's.
    let touches = (10..30).map(|at| store.touch_tc_token_sender_timestamp("a", at));
    let receives = (10..30).map(|at| store.store_received_tc_token("a", b"many", at));
    let (touched, received) = futures::join!(futures::future::join_all(touches), futures::future::join_all(receives));
    assert!(touched.into_iter().chain(received).all(|done| done.is_ok()));
    assert_eq!(token().await, (b"many".to_vec(), 29, Some(29)));
}

async fn a_token_goes_when_both_its_sides_are_old(store: Arc<dyn Backend>) {
    let token = |token: &[u8], at, sent| TcTokenEntry { token: token.to_vec(), token_timestamp: at, sender_timestamp: sent };
    for (jid, entry) in [
        ("old", token(b"t", 4, None)),
        ("old, sent", token(b"t", 4, Some(4))),
        ("none, but new", token(b"", 9, None)),
        ("new", token(b"t", 5, None)),
        ("old, but sent lately", token(b"t", 1, Some(6))),
    ] {
        store.put_tc_token(jid, &entry).await.unwrap();
    }
    assert_eq!(store.delete_expired_tc_tokens(5, 6).await.unwrap(), 3);
    let mut left = store.get_all_tc_token_jids().await.unwrap();
    left.sort();
    assert_eq!(left, ["new", "old, but sent lately"]);
}

async fn a_sent_message_is_taken_once(store: Arc<dyn Backend>) {
    store.store_sent_message("c", "m", b"one").await.unwrap();
    store.store_sent_message("c", "m", b"two").await.unwrap();
    store.store_sent_message("c", "n", b"three").await.unwrap();
    assert_eq!(store.take_sent_message("c", "m").await.unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(store.take_sent_message("c", "m").await.unwrap(), None);
    assert_eq!(store.delete_expired_sent_messages(0).await.unwrap(), 0);
    let later = wacore::time::now_secs() + 10;
    assert_eq!(store.delete_expired_sent_messages(later).await.unwrap(), 1, "what was taken does not count");
    assert_eq!(store.take_sent_message("c", "n").await.unwrap(), None);
}

async fn a_sent_message_is_taken_by_one_of_many(store: Arc<dyn Backend>) {
    store.store_sent_message("c", "m", b"one").await.unwrap();
    let takers = futures::future::join_all((0..20).map(|_| store.take_sent_message("c", "m"))).await;
    assert_eq!(takers.into_iter().filter(|taken| taken.as_ref().unwrap().is_some()).count(), 1);
}

async fn what_waits_for_its_commit_is_kept_and_let_go_of(store: Arc<dyn Backend>) {
    let row = |id: &'static str, message: &'static [u8]| PendingInboundRow { chat: "c", sender: "s", id, message };
    store.store_pending_inbound_batch(&[row("1", b"one"), row("2", b"two"), row("1", b"one again")]).await.unwrap();
    assert_eq!(store.get_pending_inbound("c", "s", "1").await.unwrap().as_deref(), Some(&b"one again"[..]));
    assert_eq!(
        store.get_pending_inbound("c", "s", "1").await.unwrap().as_deref(),
        Some(&b"one again"[..]),
        "reading leaves it"
    );
    store.delete_pending_inbound("c", "s", "1").await.unwrap();
    assert_eq!(store.get_pending_inbound("c", "s", "1").await.unwrap(), None);
    assert_eq!(store.delete_expired_pending_inbound(0).await.unwrap(), 0);
    assert_eq!(store.delete_expired_pending_inbound(wacore::time::now_secs() + 10).await.unwrap(), 1);
    assert_eq!(store.get_pending_inbound("c", "s", "2").await.unwrap(), None);
}

async fn a_secret_lives_for_the_longer_of_its_deadlines(store: Arc<dyn Backend>) {
    let secret = |id: &str, value: u8, expires_at, message_ts| MsgSecretEntry {
        chat: "c".into(),
        sender: "s".into(),
        msg_id: id.into(),
        secret: [value; 32],
        expires_at,
        message_ts,
    };
    let there = async |id: &str| store.get_msg_secret_with_ts("c", "s", id).await.unwrap();
    assert_eq!(
        store.put_msg_secrets(vec![secret("a", 1, 10, 5), secret("b", 1, 10, 0), secret("n", 1, 0, 0)]).await.unwrap(),
        3
    );
    assert_eq!(
        store.put_msg_secrets(vec![secret("a", 2, 7, 0), secret("b", 2, 20, 9), secret("n", 2, 5, 0)]).await.unwrap(),
        3
    );
    assert_eq!(there("a").await, Some((vec![2; 32], 5)), "a new secret with the time that was known");
    assert_eq!(store.delete_expired_msg_secrets(9).await.unwrap(), 0, "the later deadline counts");
    assert_eq!(store.delete_expired_msg_secrets(10).await.unwrap(), 1);
    assert_eq!((there("a").await, there("b").await), (None, Some((vec![2; 32], 9))));
    // Never is later than anything.
    store.put_msg_secrets(vec![secret("b", 3, 0, 1)]).await.unwrap();
    assert_eq!(store.delete_expired_msg_secrets(1_000_000).await.unwrap(), 0);
    assert_eq!((there("b").await, there("n").await), (Some((vec![3; 32], 9)), Some((vec![2; 32], 0))));
    store.put_msg_secret("c", "s", "plain", &[4; 32]).await.unwrap();
    assert_eq!(there("plain").await, Some((vec![4; 32], 0)));
    // Of a time that no clock has told yet.
    let late = 9_007_199_254_740_993;
    store.put_msg_secrets(vec![secret("late", 1, late, late), secret("early", 1, -7, -7)]).await.unwrap();
    store.put_msg_secrets(vec![secret("late", 1, late - 1, late - 1)]).await.unwrap();
    assert_eq!(there("late").await, Some((vec![1; 32], late)));
    assert_eq!(store.delete_expired_msg_secrets(-7).await.unwrap(), 1);
}

async fn large_batches_and_values(store: Arc<dyn Backend>) {
    let keys: Vec<_> = (1..=2000_u32).map(|id| (id, Bytes::from(id.to_be_bytes().repeat(20)))).collect();
    store.store_prekeys_batch(&keys, true).await.unwrap();
    let mut back = store.load_prekeys_batch(&keys.iter().map(|(id, _)| *id).collect::<Vec<_>>()).await.unwrap();
    back.sort();
    assert_eq!(back, keys);
    let macs: Vec<_> =
        (0..3000_u32).map(|n| AppStateMutationMAC { index_mac: n.to_be_bytes().repeat(8), value_mac: vec![1; 32] }).collect();
    store.put_mutation_macs("regular", 1, &macs).await.unwrap();
    assert!(store.get_mutation_mac("regular", &macs[2999].index_mac).await.unwrap().is_some());
    store.clear_mutation_macs("regular").await.unwrap();
    assert!(store.get_mutation_mac("regular", &macs[2999].index_mac).await.unwrap().is_none());
    let large = vec![0xAB; 3_000_000];
    store.store_sent_message("c", "m", &large).await.unwrap();
    assert_eq!(store.take_sent_message("c", "m").await.unwrap(), Some(large));
    for n in 0..700 {
        store.store_sent_message("c", &n.to_string(), b"x").await.unwrap();
    }
    assert_eq!(store.delete_expired_sent_messages(wacore::time::now_secs() + 10).await.unwrap(), 700);
}

async fn names_of_any_kind(store: Arc<dyn Backend>) {
    for name in ["", "a", "ä 😀 \0 '\"; --", "*?[a]^$%_", &"x".repeat(2000)] {
        store.put_session(name, name.as_bytes()).await.unwrap();
        assert_eq!(store.get_session(name).await.unwrap().unwrap(), name.as_bytes());
        store.save_base_key(name, name, name.as_bytes()).await.unwrap();
        assert!(store.has_same_base_key(name, name, name.as_bytes()).await.unwrap());
        store.put_sender_key(name, b"").await.unwrap();
        assert_eq!(store.get_sender_key(name).await.unwrap(), Some(vec![]));
        store.delete_session(name).await.unwrap();
        assert!(!store.has_session(name).await.unwrap());
    }
}

async fn nothing_is_a_batch_too(store: Arc<dyn Backend>) {
    store.put_identities_batch(&[]).await.unwrap();
    store.put_sessions_batch(&[]).await.unwrap();
    store.store_prekeys_batch(&[], true).await.unwrap();
    assert_eq!(store.load_prekeys_batch(&[]).await.unwrap(), []);
    store.mark_prekeys_uploaded(&[]).await.unwrap();
    store.put_sender_keys_batch(&[]).await.unwrap();
    store.put_mutation_macs("regular", 1, &[]).await.unwrap();
    assert!(store.get_mutation_macs("regular", &[]).await.unwrap().is_empty());
    store.delete_mutation_macs("regular", &[]).await.unwrap();
    store.set_sender_key_status("g", &[]).await.unwrap();
    store.delete_sender_key_device_rows(&[]).await.unwrap();
    store.put_lid_mappings(&[]).await.unwrap();
    store.update_device_lists(vec![]).await.unwrap();
    store.store_pending_inbound_batch(&[]).await.unwrap();
    store.delete_pending_inbound_batch(&[]).await.unwrap();
    assert_eq!(store.put_msg_secrets(vec![]).await.unwrap(), 0);
}
