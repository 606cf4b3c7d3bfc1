//! Channels whose auth-state is in Redis, in the loopback WhatsApp.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used)]

mod house;

use domain::{Cause, ChannelId, Content, Fence};
use house::{House, SOON, Session, channel, chat_with, text};
use keyspace::{FENCE, Holdings, Keyspace, KeyspaceConfig, LEASE};
use sandbox::phone::Phone as Handset;
use servers::{Redis, RedisOptions, Relay};
use socket::{Close, SocketEvent, SocketFactory as _, StoreError};

use std::time::{Duration, Instant};
use whatsapp::{AuthStore, WhatsApp};

/// A worker, as far as auth-state is concerned: a connection of its own, and what it believes to hold.
struct Worker {
    keyspace: Keyspace,
    holdings: Holdings,
    whatsapp: WhatsApp,
    store: AuthStore,
}

impl Worker {
    fn new(house: &House, server: &Redis) -> Self {
        Worker::at(house, &server.url())
    }

    fn at(house: &House, url: &str) -> Self {
        let keyspace = Keyspace::connect(KeyspaceConfig::new(url)).unwrap();
        let holdings = Holdings::new();
        let store = AuthStore::redis(keyspace.clone(), holdings.clone(), house.vault());
        Worker { whatsapp: house::whatsapp(&house.sandbox, store.clone()), keyspace, holdings, store }
    }

    /// What whoever keeps the leases does when a channel comes to this worker.
    async fn take(&self, channel: ChannelId) {
        let fence: u64 = self.keyspace.ask(keyspace::redis::cmd("INCR").arg(self.keyspace.key(channel, FENCE))).await.unwrap();
        self.holdings.set(channel, Fence(fence));
    }

    async fn open(&self, channel: ChannelId) -> Session {
        Session::open(&self.whatsapp, channel, None, None).await
    }

    async fn linked(&self, house: &House, channel: ChannelId) -> Session {
        self.take(channel).await;
        let mut pairing = self.open(channel).await;
        let code = pairing.qr().await;
        house.ada().scan(&code).await.unwrap();
        assert_eq!(pairing.closed().await, Close::Restart);
        let mut session = self.open(channel).await;
        session.opened().await;
        session
    }
}

fn durable() -> Redis {
    Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() })
}

/// Sends and receives one text, and waits until both are told.
async fn both_ways(house: &House, session: &mut Session, nth: usize) {
    let grace = house.grace();
    let (id, said) = (format!("3EB0CCCCCCCCCCCCCC{nth:04}"), format!("out {nth}"));
    session.socket.send(text(&id, &grace, &said)).await.unwrap();
    grace.wait_for_message(SOON, |m| m.content.text() == Some(said.as_str())).await.unwrap();
    session.until(|e| matches!(e, SocketEvent::Receipt { whatsapp_ids, .. } if whatsapp_ids.contains(&id)).then_some(())).await;
    let answer = format!("in {nth}");
    let id = grace.send_text(house.ada().number(), &answer).await.unwrap();
    let letter = session.inbox.readable(&id).await;
    assert_eq!((letter.content, letter.chat), (Content::Text { text: answer }, chat_with(&grace)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_lives_in_redis_and_resumes_without_a_qr() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    assert!(!worker.whatsapp.is_paired(channel(1)).await.unwrap());
    let mut session = worker.linked(&house, channel(1)).await;
    both_ways(&house, &mut session, 1).await;
    session.socket.close().await;
    assert_eq!(session.closed().await, Close::Asked);

    // Another process, which has never seen it.
    let next = Worker::new(&house, &server);
    assert!(next.whatsapp.is_paired(channel(1)).await.unwrap());
    next.take(channel(1)).await;
    let mut session = next.open(channel(1)).await;
    session.opened().await;
    assert!(!session.log.iter().any(|e| matches!(e, SocketEvent::PairingQr { .. })));
    both_ways(&house, &mut session, 2).await;
    assert_eq!(next.store.kept().await.unwrap(), [channel(1)]);
    assert!(!house.dir.path().join("sessions").exists(), "nothing on the disk");
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_worker_that_lost_a_channel_ends_its_socket_and_writes_nothing_more() {
    let (house, server) = (House::new().await, durable());
    let (first, second) = (Worker::new(&house, &server), Worker::new(&house, &server));
    let mut old = first.linked(&house, channel(1)).await;
    both_ways(&house, &mut old, 1).await;
    // It does not hear of it: it was paused, or cut off from its lease.
    second.take(channel(1)).await;
    let before = first.store.snapshot(channel(1)).await.unwrap().unwrap().digest();
    // What it sends in that moment uses steps of the ratchet that were reserved for it; whoever takes over skips them.
    let _ = old.socket.send(text("3EB0DDDDDDDDDDDDDD0001", &house.grace(), "from the past")).await;
    assert_eq!(old.closed().await, Close::Lost(Cause::Moving));
    assert_eq!(first.open(channel(1)).await.closed().await, Close::Lost(Cause::Moving));
    assert_eq!(first.store.snapshot(channel(1)).await.unwrap().unwrap().digest(), before);

    let mut new = second.open(channel(1)).await;
    new.opened().await;
    both_ways(&house, &mut new, 2).await;
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_slept_before_its_login_does_not_throw_out_the_one_who_has_the_channel_now() {
    let (house, server) = (House::new().await, durable());
    let (mut first, second) = (Worker::new(&house, &server), Worker::new(&house, &server));
    let old = first.linked(&house, channel(1)).await;
    old.socket.close().await;
    let relay = Relay::to(house.sandbox.address());
    first.whatsapp = house::whatsapp_at(&relay.instead_of(&house.sandbox.url()), &house.sandbox, first.store.clone());

    // It has opened the auth-state and dials; then it sleeps.
    relay.delay(Duration::from_millis(200));
    let mut asleep = first.open(channel(1)).await;
    while relay.carried() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    relay.blackhole();
    second.take(channel(1)).await;
    let mut awake = second.open(channel(1)).await;
    awake.opened().await;
    relay.mend();
    assert_eq!(asleep.closed().await, Close::Lost(Cause::Moving));
    both_ways(&house, &mut awake, 1).await;
    house.assert_good_manners();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_arrives_after_the_channel_moved_is_read_by_the_one_who_has_it() {
    let (house, server) = (House::new().await, durable());
    let (first, second) = (Worker::new(&house, &server), Worker::new(&house, &server));
    let mut old = first.linked(&house, channel(1)).await;
    both_ways(&house, &mut old, 1).await;
    second.take(channel(1)).await;
    let grace = house.grace();
    let id = grace.send_text(house.ada().number(), "for whoever has it").await.unwrap();
    assert_eq!(old.closed().await, Close::Lost(Cause::Moving));
    assert!(old.inbox.all().iter().all(|letter| letter.whatsapp_id != id), "not committed by the one who lost it");
    let mut new = second.open(channel(1)).await;
    new.opened().await;
    assert_eq!(new.inbox.readable(&id).await.content, Content::Text { text: "for whoever has it".into() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_goes_away_ends_the_socket_and_the_next_one_loses_nothing() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let mut session = worker.linked(&house, channel(1)).await;
    both_ways(&house, &mut session, 1).await;
    server.stop();
    let id = house.grace().send_text(house.ada().number(), "nobody can keep this now").await.unwrap();
    assert_eq!(session.closed().await, Close::Lost(Cause::StorageFailed));
    assert_eq!(worker.open(channel(1)).await.closed().await, Close::Lost(Cause::StorageFailed));
    server.start_again();
    let mut session = reopened(&worker).await;
    assert_eq!(session.inbox.readable(&id).await.content, Content::Text { text: "nobody can keep this now".into() });
    both_ways(&house, &mut session, 2).await;
}

/// A restart of Redis may fall anywhere between the first question and the login; none of it is a reason to give a channel up.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_redis_goes_away_on_the_way_to_a_login_the_session_comes_back() {
    let (house, server) = (House::new().await, durable());
    let relay = Relay::to(server.address());
    let worker = Worker::at(&house, &relay.instead_of(&server.url()));
    drop(worker.linked(&house, channel(1)).await);
    let mut broken = 0;
    for things in 1.. {
        relay.cut_after(things);
        let mut session = worker.open(channel(1)).await;
        let ended = session.until(|event| match event {
            SocketEvent::Opened { .. } => Some(None),
            SocketEvent::Closed(close) => Some(Some(*close)),
            _ => None,
        });
        let ended = ended.await;
        relay.mend();
        match ended {
            Some(close) => assert_eq!(close, Close::Lost(Cause::StorageFailed), "cut after {things}"),
            None => break,
        }
        broken += 1;
        // Well again, before it is cut elsewhere.
        drop(reopened(&worker).await);
    }
    assert!(broken > 5, "{broken}");
}

async fn reopened(worker: &Worker) -> Session {
    let began = Instant::now();
    loop {
        let mut session = worker.open(channel(1)).await;
        let opened = session.until_opened_or_closed().await;
        if opened {
            return session;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it does not come back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_learns_nothing() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let mut session = worker.linked(&house, channel(1)).await;
    for nth in 0..5 {
        both_ways(&house, &mut session, nth).await;
    }
    session.socket.close().await;
    let snapshot = worker.store.snapshot(channel(1)).await.unwrap().unwrap();
    let key = house.vault().channel_key(channel(1)).await.unwrap().unwrap();
    let mut secrets: Vec<(&str, Vec<u8>)> = vec![
        ("the channel's key", key.as_bytes().to_vec()),
        ("the noise key", snapshot.device.noise_key.private.bytes().to_vec()),
        ("the identity key", snapshot.device.identity_key.private.bytes().to_vec()),
        ("its public part", snapshot.device.identity_key.public.bytes().to_vec()),
        ("the adv secret", snapshot.device.adv_secret_key.bytes().to_vec()),
        ("a server", b"whatsapp.net".to_vec()),
        ("a group's or a lid's server", b"@lid".to_vec()),
        ("a message's id", b"3EB0".to_vec()),
        ("a text", b"out 1".to_vec()),
        ("a name", b"Ada".to_vec()),
        ("a collection", b"critical".to_vec()),
    ];
    let numbers = |phone: &Handset| [phone.number().trim_start_matches('+').to_owned(), phone.account().lid.to_string()];
    for number in [house.ada(), house.grace()].iter().flat_map(numbers) {
        let user = number.split(['@', ':', '.']).next().unwrap().to_owned();
        secrets.push(("a number", user.into_bytes()));
    }
    for (address, record) in &snapshot.sessions {
        secrets.push(("an address", address.clone().into_bytes()));
        secrets.push(("a ratchet", record.as_slice()[..32.min(record.as_slice().len())].to_vec()));
    }
    for identity in snapshot.identities.values() {
        secrets.push(("an identity", identity.bytes().to_vec()));
    }
    assert!(snapshot.sessions.len() > 1 && snapshot.prekeys.len() > 100, "there is something to find");

    let everything = everything_in(&worker.keyspace).await;
    assert!(everything.len() > 100_000, "{}", everything.len());
    for (what, secret) in secrets {
        for form in [secret.clone(), hex::encode(&secret).into_bytes()] {
            assert!(!everything.windows(form.len()).any(|window| window == form), "redis knows {what}");
        }
    }
    // The same bytes on the disk, with what Redis puts around them.
    let on_disk: Vec<u8> =
        walk(server.directory()).into_iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect();
    for needle in [&b"whatsapp.net"[..], b"3EB0CC", house.grace().number().trim_start_matches('+').as_bytes(), key.as_bytes()] {
        assert!(!on_disk.windows(needle.len()).any(|window| window == needle), "redis' files know {needle:?}");
    }
}

/// Every key, field and value there is.
async fn everything_in(space: &Keyspace) -> Vec<u8> {
    let mut all = Vec::new();
    let keys: Vec<String> = space.ask(keyspace::redis::cmd("KEYS").arg("*")).await.unwrap();
    for key in keys {
        let kind: String = space.ask(keyspace::redis::cmd("TYPE").arg(&key)).await.unwrap();
        let command = match kind.as_str() {
            "hash" => vec!["HGETALL"],
            "zset" => vec!["ZRANGE", "0", "-1", "WITHSCORES"],
            "string" => vec!["GET"],
            other => panic!("a {other}"),
        };
        let mut ask = keyspace::redis::cmd(command[0]);
        ask.arg(&key);
        for argument in &command[1..] {
            ask.arg(*argument);
        }
        if kind == "string" {
            all.extend(space.ask::<Vec<u8>>(&ask).await.unwrap());
        } else {
            let parts: Vec<Vec<u8>> = space.ask(&ask).await.unwrap();
            all.extend(parts.concat());
        }
        all.extend(key.into_bytes());
    }
    all
}

fn walk(directory: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        if entry.path().is_dir() { files.extend(walk(&entry.path())) } else { files.push(entry.path()) }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn shredding_takes_the_key_first_and_then_everything_but_who_held_it() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let session = worker.linked(&house, channel(1)).await;
    session.socket.close().await;
    worker.whatsapp.shred(channel(1)).await.unwrap();
    assert_eq!(house.vault().channel_key(channel(1)).await.unwrap(), None);
    assert_eq!(server.cli(&["KEYS", "*"]).trim(), worker.keyspace.key(channel(1), FENCE));
    assert!(!worker.whatsapp.is_paired(channel(1)).await.unwrap());
    assert_eq!(worker.store.kept().await.unwrap(), []);
    // Once more is no error, and a new one begins with a QR.
    worker.whatsapp.shred(channel(1)).await.unwrap();
    worker.open(channel(1)).await.qr().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_worker_holds_is_not_shredded() {
    let (house, server) = (House::new().await, durable());
    let (holder, other, fenced) = (Worker::new(&house, &server), Worker::new(&house, &server), Worker::new(&house, &server));
    fenced.take(channel(1)).await;
    let session = holder.linked(&house, channel(1)).await;
    let lease = holder.keyspace.key(channel(1), LEASE);
    server.cli(&["SET", &lease, "2 wk_01h00000000000000000000000"]);
    for worker in [&other, &fenced] {
        assert!(matches!(worker.whatsapp.shred(channel(1)).await, Err(StoreError::Io(_))));
    }
    assert!(house.vault().channel_key(channel(1)).await.unwrap().is_some());
    session.socket.close().await;
    let mut session = holder.open(channel(1)).await;
    session.opened().await;
    session.socket.close().await;

    // When nobody holds it any more it may go, and who held it before can do nothing about that.
    server.cli(&["DEL", &lease]);
    other.whatsapp.shred(channel(1)).await.unwrap();
    assert!(!holder.whatsapp.is_paired(channel(1)).await.unwrap());
    assert_eq!(holder.open(channel(1)).await.closed().await, Close::Lost(Cause::Moving));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shredding_that_was_interrupted_is_finished_by_whoever_comes_next() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let session = worker.linked(&house, channel(1)).await;
    session.socket.close().await;
    // The process ended between the decision and the key.
    server.cli(&["HSET", &worker.keyspace.key(channel(1), "auth"), "shredding", "1"]);
    assert_eq!(worker.store.kept().await.unwrap(), []);
    let next = Worker::new(&house, &server);
    assert!(!next.whatsapp.is_paired(channel(1)).await.unwrap());
    next.take(channel(1)).await;
    next.open(channel(1)).await.qr().await;
    let before = server.cli(&["HEXISTS", &worker.keyspace.key(channel(1), "auth"), "shredding"]);
    assert_eq!(before.trim(), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_costs_three_scripts_at_most() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let mut session = worker.linked(&house, channel(1)).await;
    for nth in 0..3 {
        both_ways(&house, &mut session, nth).await;
    }
    let commands = || {
        let stats = server.cli(&["INFO", "commandstats"]);
        let calls = |name: &str| {
            let line = stats.lines().find(|line| line.starts_with(&format!("cmdstat_{name}:")));
            line.and_then(|line| line.split(['=', ',']).nth(1)?.parse::<u64>().ok()).unwrap_or(0)
        };
        calls("evalsha") + calls("eval")
    };
    let before = commands();
    for nth in 10..30 {
        both_ways(&house, &mut session, nth).await;
    }
    let (after, messages) = (commands(), 40);
    eprintln!("{} scripts for {messages} messages", after - before);
    assert!(after - before <= 3 * messages, "{} scripts for {messages} messages", after - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_channel_takes_no_more_than_a_fifth_of_a_megabyte() {
    let (house, server) = (House::new().await, durable());
    let worker = Worker::new(&house, &server);
    let mut session = worker.linked(&house, channel(1)).await;
    both_ways(&house, &mut session, 1).await;
    session.socket.close().await;
    let keys: Vec<String> = worker.keyspace.ask(keyspace::redis::cmd("KEYS").arg("*")).await.unwrap();
    let mut all = 0_u64;
    for key in keys {
        let ask = keyspace::redis::cmd("MEMORY").arg("USAGE").arg(&key).arg("SAMPLES").arg(0).clone();
        let size: u64 = worker.keyspace.ask(&ask).await.unwrap();
        eprintln!("{size:8} {key}");
        all += size;
    }
    eprintln!("{all:8} bytes");
    assert!(all < 200_000, "{all}");
}
