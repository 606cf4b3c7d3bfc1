//! What becomes of auth-state when Redis is away, stands still, refuses, or is held by another: nothing half-written, and a socket
//! that ends for the right reason.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

#[path = "conformance/ground.rs"]
mod ground;

use bytes::Bytes;
use domain::{Cause, ChannelId};
use ground::{Ground, channel};
use servers::{Redis, RedisOptions, RedisPair, Relay};
use socket::Close;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wacore::store::Device;
use wacore::store::traits::{Backend, LidPnMappingEntry};

const STORAGE_FAILED: Close = Close::Lost(Cause::StorageFailed);
const MOVING: Close = Close::Lost(Cause::Moving);

fn durable() -> Redis {
    Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() })
}

/// A channel with a device that is somebody's and one session.
async fn paired(ground: &Ground, id: ChannelId) -> Arc<dyn Backend> {
    let store = ground.open(id).await;
    store.create().await.unwrap();
    let mut device = Device::new();
    device.pn = Some("15550100123:4@s.whatsapp.net".parse().unwrap());
    store.save(&device).await.unwrap();
    store.put_session("15550100123@s.whatsapp.net.0", b"before").await.unwrap();
    store
}

async fn session(store: &Arc<dyn Backend>) -> Option<Bytes> {
    store.get_session("15550100123@s.whatsapp.net.0").await.unwrap()
}

fn sessions(n: usize) -> Vec<(Arc<str>, Bytes)> {
    (0..n).map(|n| (Arc::from(format!("1555019{n:04}@s.whatsapp.net.0")), Bytes::from(vec![7; 2000]))).collect()
}

fn mapping(phone: &str, at: i64) -> LidPnMappingEntry {
    LidPnMappingEntry {
        lid: "100000012345678".into(),
        phone_number: phone.into(),
        created_at: at,
        updated_at: at,
        learning_source: "usync".into(),
    }
}

async fn digest(ground: &Ground, id: ChannelId) -> [u8; 32] {
    ground.store().snapshot(id).await.unwrap().unwrap().digest()
}

async fn opened_again(ground: &Ground, id: ChannelId) -> Arc<dyn Backend> {
    let began = Instant::now();
    loop {
        match ground.try_open(id).await {
            Ok(store) => return store,
            Err(close) => assert_eq!(close, STORAGE_FAILED),
        }
        assert!(began.elapsed() < Duration::from_secs(20), "redis does not come back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_is_ridden_out_and_a_longer_absence_ends_the_socket() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let store = paired(&ground, channel(1)).await;
    let restarting = std::thread::spawn(move || {
        server.restart();
        server
    });
    // Reading is asked again until it is answered; two seconds are enough for a restart.
    while !restarting.is_finished() {
        assert_eq!(session(&store).await.unwrap(), "before");
    }
    let server = restarting.join().unwrap();
    store.put_session("15550100123@s.whatsapp.net.0", b"after").await.unwrap();
    assert_eq!(ground.ends(), []);

    server.stop();
    assert!(store.put_session("15550100123@s.whatsapp.net.0", b"lost").await.is_err());
    assert_eq!(ground.ends().first(), Some(&STORAGE_FAILED));
    assert_eq!(ground.try_open(channel(1)).await.err(), Some(STORAGE_FAILED));
    server.start_again();
    assert!(store.put_session("15550100123@s.whatsapp.net.0", b"late").await.is_err(), "this socket writes no more");
    let store = opened_again(&ground, channel(1)).await;
    assert_eq!(session(&store).await.unwrap(), "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_a_power_cut() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let store = paired(&ground, channel(1)).await;
    store.put_sessions_batch(&sessions(100)).await.unwrap();
    server.kill9();
    server.start_again();
    let store = opened_again(&ground, channel(1)).await;
    for (address, record) in sessions(100) {
        assert_eq!(store.get_session(&address).await.unwrap(), Some(record));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_ends_the_socket_as_well() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let store = paired(&ground, channel(1)).await;
    server.stop();
    assert!(store.get_session("15550100123@s.whatsapp.net.0").await.is_err(), "absent would be a lie");
    assert_eq!(ground.ends().first(), Some(&STORAGE_FAILED));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_is_waited_for_two_seconds() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let store = paired(&ground, channel(1)).await;
    server.pause();
    let began = Instant::now();
    assert!(store.put_session("15550100123@s.whatsapp.net.0", b"perhaps").await.is_err());
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(ground.ends().first(), Some(&STORAGE_FAILED));
    server.resume();
    let next = opened_again(&ground, channel(1)).await;
    // Whether it was written is not known; but from now on it is not.
    let first = session(&next).await.unwrap();
    assert!(first == "perhaps" || first == "before");
    assert_eq!(session(&next).await.unwrap(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_write_of_the_last_socket_does_not_reach_the_next_ones_state() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let old = paired(&ground, channel(1)).await;
    let new = ground.open(channel(1)).await;
    assert!(old.put_session("15550100123@s.whatsapp.net.0", b"late").await.is_err());
    assert_eq!(session(&new).await.unwrap(), "before");
    new.put_session("15550100123@s.whatsapp.net.0", b"new").await.unwrap();
    assert_eq!(session(&new).await.unwrap(), "new");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_on_a_line_that_breaks_is_written_wholly_or_not_at_all() {
    let server = durable();
    let direct = Ground::redis(&server.url());
    let relay = Relay::to(server.address());
    let cut_off = Ground::redis_with(&relay.instead_of(&server.url()), direct.vault());
    let mut outcomes = [0, 0];
    for n in 0..30_u64 {
        let id = channel(n.into());
        let store = paired(&cut_off, id).await;
        let batch = sessions(400);
        let writing = tokio::spawn(async move { store.put_sessions_batch(&batch).await });
        tokio::time::sleep(Duration::from_micros(n * 400)).await;
        relay.cut();
        relay.mend();
        let told = writing.await.unwrap();
        // Whoever takes over sees what there is.
        let store = direct.open(id).await;
        let mut there = 0;
        for (address, _) in sessions(400) {
            there += usize::from(store.has_session(&address).await.unwrap());
        }
        assert!(there == 0 || there == 400, "{there}");
        assert!(told.is_err() || there == 400, "said to be written");
        outcomes[usize::from(there == 400)] += 1;
    }
    eprintln!("not written {}, written {}", outcomes[0], outcomes[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_redis_takes_nothing_of_a_batch() {
    let server = Redis::start(RedisOptions { maxmemory: Some("6mb".into()), ..RedisOptions::default() });
    let ground = Ground::redis(&server.url());
    let id = channel(1);
    let store = paired(&ground, id).await;
    store.put_lid_mapping(&mapping("15550100123", 1)).await.unwrap();
    let full =
        |size: usize| (0..2000).any(|n| server.cli(&["SET", &format!("filler:{size}:{n}"), &"x".repeat(size)]).contains("OOM"));
    assert!(full(100_000) && full(1000) && full(10));
    let before = digest(&ground, id).await;
    assert!(store.put_sessions_batch(&sessions(50)).await.is_err());
    assert_eq!(ground.ends().first(), Some(&STORAGE_FAILED));
    assert_eq!(digest(&ground, id).await, before);
    // Nor of one that begins with what needs no memory. This is the same socket: the store behind it refuses, too.
    assert!(store.put_lid_mapping(&mapping("15550100199", 2)).await.is_err());
    assert_eq!(digest(&ground, id).await, before);
    server.cli(&["FLUSHALL"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_taken_away_leave_nothing_half_done() {
    let user = ("whatisup".to_owned(), "s3cret".to_owned(), "~whatisup:* +@all".to_owned());
    let server = Redis::start(RedisOptions { acl: Some(user), ..RedisOptions::default() });
    let ground = Ground::redis(&server.url());
    let id = channel(1);
    drop(paired(&ground, id).await);
    let phones = ["15550100123", "15550100199"];
    for (n, right) in ["hset", "hdel", "hincrby", "evalsha"].into_iter().enumerate() {
        let at = i64::try_from(n).unwrap();
        let store = ground.open(id).await;
        store.put_lid_mapping(&mapping(phones[n % 2], 10 + at)).await.unwrap();
        let before = digest(&ground, id).await;
        server.cli(&["ACL", "SETUSER", "whatisup", &format!("-{right}")]);
        // The number changes: one entry of the index goes, another comes, and the mapping with it.
        let refused = match right {
            "hincrby" => store.put_sessions_batch(&sessions(3)).await,
            _ => store.put_lid_mapping(&mapping(phones[(n + 1) % 2], 20 + at)).await,
        };
        assert!(refused.is_err(), "without {right}");
        assert_eq!(ground.ends().last(), Some(&STORAGE_FAILED), "without {right}");
        server.cli(&["ACL", "SETUSER", "whatisup", &format!("+{right}")]);
        assert_eq!(digest(&ground, id).await, before, "without {right}");
    }
    server.cli(&["ACL", "SETUSER", "whatisup", "off"]);
    server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert_eq!(ground.try_open(id).await.err(), Some(STORAGE_FAILED));
    server.cli(&["ACL", "SETUSER", "whatisup", "on"]);
    assert_eq!(session(&opened_again(&ground, id).await).await.unwrap(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failover_it_goes_on_where_it_was() {
    let pair = RedisPair::start();
    let ground = Ground::redis(&pair.sentinel_url());
    let id = channel(1);
    let store = paired(&ground, id).await;
    store.put_sessions_batch(&sessions(50)).await.unwrap();
    let before = digest(&ground, id).await;
    pair.replicated();
    pair.fail_over();
    // Whether the old socket got over it depends on when it asked; the next one does in any case.
    drop(store);
    let store = opened_again(&ground, id).await;
    assert_eq!(digest(&ground, id).await, before);
    store.put_session("15550100123@s.whatsapp.net.0", b"after").await.unwrap();
    pair.hand_over();
    let store = opened_again(&ground, id).await;
    assert_eq!(session(&store).await.unwrap(), "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lost_the_channel_writes_nothing_more() {
    let server = durable();
    let first = Ground::redis(&server.url());
    let second = Ground::redis_with(&server.url(), first.vault());
    let id = channel(1);
    let old = paired(&first, id).await;
    let new = second.open(id).await;
    new.put_session("15550100123@s.whatsapp.net.0", b"advanced").await.unwrap();
    let before = digest(&second, id).await;

    for refused in [
        old.put_session("15550100123@s.whatsapp.net.0", b"stale").await.is_err(),
        old.save(&Device::new()).await.is_err(),
        old.store_prekey(1, b"k", false).await.is_err(),
        old.take_sent_message("c", "m").await.is_err(),
        old.put_lid_mapping(&mapping("15550100123", 1)).await.is_err(),
    ] {
        assert!(refused);
    }
    assert_eq!(first.ends().first(), Some(&MOVING));
    assert_eq!(first.try_open(id).await.err(), Some(MOVING), "its fence is of yesterday");
    assert_eq!(digest(&second, id).await, before);
    assert!(first.store().snapshot(id).await.unwrap().is_some(), "reading is no crime");
    new.put_session("15550100123@s.whatsapp.net.0", b"further").await.unwrap();
    assert_eq!(second.ends(), []);

    // And back again.
    first.take(id).await;
    assert_eq!(session(&first.open(id).await).await.unwrap(), "further");
    assert!(new.put_session("15550100123@s.whatsapp.net.0", b"stale").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_holds_nothing_opens_nothing() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let (store, id) = (ground.store(), channel(1));
    assert_eq!(store.open(id, |_| {}).await.err(), Some(MOVING));
    assert_eq!(server.cli(&["DBSIZE"]).trim(), "0");
    assert_eq!(ground.vault().channel_key(id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_or_missing_key_touches_nothing() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let id = channel(1);
    drop(paired(&ground, id).await);
    let before = digest(&ground, id).await;

    let (wrong, missing) = (Ground::redis(&server.url()), Ground::redis(&server.url()));
    wrong.vault().create_channel_key(id).await.unwrap();
    for other in [&wrong, &missing] {
        assert_eq!(other.try_open(id).await.err(), Some(Close::WrongKey));
        assert!(matches!(other.store().snapshot(id).await, Err(socket::StoreError::WrongKey)));
        assert_eq!(digest(&ground, id).await, before);
    }
    assert_eq!(missing.vault().channel_key(id).await.unwrap(), None, "no new key instead of the missing one");
    ground.take(id).await;
    assert_eq!(session(&ground.open(id).await).await.unwrap(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_was_tampered_with_is_not_believed() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let id = channel(1);
    let store = paired(&ground, id).await;
    store.put_session("15550100199@s.whatsapp.net.0", b"another").await.unwrap();
    // Whoever has Redis swaps two sessions.
    let key = ground.keyspace().key(id, "auth:session");
    let swap = "local h = redis.call('HGETALL', KEYS[1]) redis.call('HSET', KEYS[1], h[1], h[4], h[3], h[2])";
    server.cli(&["EVAL", swap, "1", &key]);
    assert!(store.get_session("15550100123@s.whatsapp.net.0").await.is_err());
    assert_eq!(ground.ends().first(), Some(&Close::WrongKey));
    server.cli(&["EVAL", swap, "1", &key]);
    assert_eq!(session(&ground.open(id).await).await.unwrap(), "before");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_an_auth_state_is_not_taken_for_the_beginning_of_one() {
    let server = durable();
    let ground = Ground::redis(&server.url());
    let id = channel(1);
    drop(paired(&ground, id).await);
    // A Redis that evicts, or a hand that slipped.
    let head = ground.keyspace().key(id, "auth");
    server.cli(&["RENAME", &head, "elsewhere"]);
    assert_eq!(ground.try_open(id).await.err(), Some(Close::Damaged));
    server.cli(&["RENAME", "elsewhere", &head]);
    assert_eq!(session(&ground.open(id).await).await.unwrap(), "before");
}
