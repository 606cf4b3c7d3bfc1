#![allow(clippy::unwrap_used)]

use super::sample::snapshot;
use super::*;
use crate::auth_state::tests::{Home, channel};
use domain::{ChannelId, Timestamp};
use std::fs;

fn other() -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), 8)
}

#[test]
fn it_is_read_as_it_was_written() {
    let before = snapshot(3);
    let bytes = before.to_bytes();
    let after = Snapshot::from_bytes(&bytes).unwrap();
    assert!(before == after);
    assert_eq!(before.digest(), after.digest());
    assert_eq!(before.counts(), after.counts());
}

#[test]
fn any_change_changes_the_digest() {
    let before = snapshot(2);
    let mut changed = Vec::new();
    let mut change = |f: fn(&mut Snapshot)| {
        let mut after = before.clone();
        f(&mut after);
        changed.push(after.digest());
    };
    change(|s| s.device.login_counter += 1);
    change(|s| drop(s.identities.pop_first()));
    change(|s| drop(s.sessions.pop_last()));
    change(|s| s.prekeys.values_mut().for_each(|key| key.uploaded ^= true));
    change(|s| drop(s.signed_prekeys.pop_first()));
    change(|s| drop(s.sender_keys.pop_first()));
    change(|s| drop(s.app_state_keys.pop_first()));
    change(|s| s.app_state_versions.values_mut().for_each(|state| state.version += 1));
    change(|s| drop(s.mutation_macs.pop_first()));
    change(|s| drop(s.sender_key_devices.pop_first()));
    change(|s| drop(s.lid_mappings.pop_first()));
    change(|s| drop(s.base_keys.pop_first()));
    change(|s| s.device_lists.values_mut().for_each(|list| list.raw_id = None));
    change(|s| drop(s.group_metadata.pop_first()));
    change(|s| drop(s.tc_tokens.pop_first()));
    change(|s| drop(s.sent_messages.pop_first()));
    change(|s| drop(s.pending_inbound.pop_first()));
    change(|s| drop(s.msg_secrets.pop_first()));
    changed.push(before.digest());
    let distinct: std::collections::BTreeSet<_> = changed.iter().collect();
    assert_eq!(distinct.len(), changed.len());
}

#[test]
fn neither_keys_nor_people_are_printed() {
    let snapshot = snapshot(1);
    let printed = format!("{snapshot:?} {:?} {:?} {:?}", snapshot.device, snapshot.lid_mappings, snapshot.prekeys);
    let private = snapshot.device.identity_key.private.bytes();
    assert!(!printed.contains(&format!("{}, {}, {}", private[0], private[1], private[2])), "{printed}");
    let redacted = format!("{snapshot:?} {:?}", snapshot.device);
    assert!(!redacted.contains("1555"), "{redacted}");
}

#[test]
fn a_newer_form_is_told_as_such_and_an_unknown_record_is_not_dropped() {
    let text = String::from_utf8(snapshot(1).to_bytes().to_vec()).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    assert!(matches!(Snapshot::from_bytes(newer.as_bytes()), Err(SnapshotError::Newer(2))));
    let unknown = text.replacen("{\"version\":1", "{\"version\":1,\"wishes\":[]", 1);
    assert!(matches!(Snapshot::from_bytes(unknown.as_bytes()), Err(SnapshotError::Unreadable(_))));
    assert!(matches!(Snapshot::from_bytes(&text.as_bytes()[..text.len() / 2]), Err(SnapshotError::Unreadable(_))));
    assert!(matches!(Snapshot::from_bytes(b""), Err(SnapshotError::Unreadable(_))));
}

#[test]
fn a_key_that_does_not_fit_its_other_half_is_refused() {
    let mut wrong = snapshot(0);
    wrong.device.noise_key.public = [9; 32].into();
    assert!(matches!(Snapshot::from_bytes(&wrong.to_bytes()), Err(SnapshotError::Device(_))));
}

#[tokio::test]
async fn what_is_installed_on_disk_is_what_is_read_from_it() {
    let home = Home::new();
    let states = home.states();
    let before = snapshot(5);
    states.install(channel(), &before).await.unwrap();
    assert!(states.is_paired(channel()).await.unwrap());
    let after = states.snapshot(channel()).await.unwrap().unwrap();
    assert_eq!(after.counts(), before.counts());
    assert_eq!(after.to_bytes(), before.to_bytes());
    assert_eq!(after.digest(), before.digest());
    // Also by another process, and nothing lies about.
    assert_eq!(home.states().snapshot(channel()).await.unwrap().unwrap().digest(), before.digest());
    let mut files: Vec<_> = fs::read_dir(home.database().parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("auth.db"))
        .collect();
    files.sort();
    assert_eq!(files, Vec::<String>::new());
    // And on under another name.
    states.install(other(), &after).await.unwrap();
    assert_eq!(states.snapshot(other()).await.unwrap().unwrap().digest(), before.digest());
}

#[tokio::test]
async fn a_session_of_thousands_is_moved_too() {
    let home = Home::new();
    let before = snapshot(1100);
    home.states().install(channel(), &before).await.unwrap();
    assert_eq!(home.states().snapshot(channel()).await.unwrap().unwrap().digest(), before.digest());
}

#[tokio::test]
async fn a_channel_without_auth_state_has_none_and_gets_none_by_being_asked() {
    let home = Home::new();
    let states = home.states();
    assert!(states.snapshot(channel()).await.unwrap().is_none());
    assert!(!home.database().exists());
    assert_eq!(home.vault("keys").channel_key(channel()).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_is_never_written_over_another_one() {
    let home = Home::new();
    let states = home.states();
    let first = snapshot(1);
    states.install(channel(), &first).await.unwrap();
    assert!(matches!(states.install(channel(), &snapshot(2)).await, Err(InstallError::Occupied)));
    assert_eq!(states.snapshot(channel()).await.unwrap().unwrap().digest(), first.digest());
}

#[tokio::test]
async fn a_pairing_that_came_to_nothing_makes_room() {
    let home = Home::new();
    let states = home.states();
    let turn = states.turn(channel()).await;
    drop(states.open(channel(), &turn, |_| {}).await.unwrap());
    drop(turn);
    let moved = snapshot(1);
    states.install(channel(), &moved).await.unwrap();
    assert_eq!(states.snapshot(channel()).await.unwrap().unwrap().digest(), moved.digest());
}

#[tokio::test]
async fn what_an_interrupted_install_left_is_no_session_and_is_swept_by_the_next_one() {
    let home = Home::new();
    let states = home.states();
    let directory = home.database().parent().unwrap().to_owned();
    fs::create_dir_all(&directory).unwrap();
    for name in ["incoming.db", "incoming.db-wal", "arrived.db"] {
        fs::write(directory.join(name), vec![7; 9000]).unwrap();
    }
    assert!(!states.is_paired(channel()).await.unwrap());
    assert!(states.snapshot(channel()).await.unwrap().is_none());
    let moved = snapshot(1);
    states.install(channel(), &moved).await.unwrap();
    assert_eq!(states.snapshot(channel()).await.unwrap().unwrap().digest(), moved.digest());
    assert!(!directory.join("arrived.db").exists() && !directory.join("incoming.db-wal").exists());
}

#[tokio::test]
async fn a_device_that_is_none_leaves_nothing_behind() {
    let home = Home::new();
    let mut wrong = snapshot(1);
    wrong.device.identity_key.public = [9; 32].into();
    assert!(matches!(home.states().install(channel(), &wrong).await, Err(InstallError::Malformed(_))));
    assert!(!home.database().parent().unwrap().exists());
}
