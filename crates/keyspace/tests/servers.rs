//! Against real servers, of every kind that an address can name.
#![allow(clippy::unwrap_used)]

use domain::{ChannelId, Timestamp};
use keyspace::{Call, Keyspace, KeyspaceConfig, KeyspaceError, Script, Value, redis};
use servers::{Redis, RedisCluster, RedisOptions, RedisPair, Relay};
use std::time::{Duration, Instant};

fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

fn connected(url: &str) -> Keyspace {
    Keyspace::connect(KeyspaceConfig::new(url)).unwrap()
}

fn add() -> Script {
    Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])")
}

fn read() -> Script {
    Script::repeatable("return redis.call('GET', KEYS[1])")
}

/// Writes for many channels at once and reads it again.
async fn works(space: &Keyspace) {
    space.ping().await.unwrap();
    let calls: Vec<_> = (0..50).map(|n| Call::new(&[space.key(channel(n), "count")], &[(n + 1).to_string()])).collect();
    for (n, answer) in space.call_all(&add(), &calls).await.into_iter().enumerate() {
        assert_eq!(answer.unwrap(), Value::Int(i64::try_from(n).unwrap() + 1));
    }
    let read: Option<u64> = space.ask(redis::cmd("GET").arg(space.key(channel(7), "count"))).await.unwrap();
    assert_eq!(read, Some(8));
    let expected: Vec<_> = (0..50).map(channel).collect();
    assert_eq!(space.channels_with("count").await.unwrap(), expected);
    assert_eq!(space.channels_with("coun").await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server() {
    let server = Redis::start(RedisOptions::default());
    works(&connected(&server.url())).await;
    let other = Keyspace::connect(KeyspaceConfig { prefix: "other".into(), ..KeyspaceConfig::new(server.url()) }).unwrap();
    assert_eq!(other.channels_with("count").await.unwrap(), [], "another prefix is another space");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_password_or_users() {
    let server = Redis::start(RedisOptions { requirepass: Some("open-sesame".into()), ..RedisOptions::default() });
    works(&connected(&server.url())).await;
    let address = server.address();
    let refused = connected(&format!("redis://{address}")).ping().await.unwrap_err();
    assert!(matches!(refused, KeyspaceError::Refused(_)), "{refused}");
    let refused = connected(&format!("redis://:wrong@{address}")).ping().await.unwrap_err();
    assert!(matches!(&refused, KeyspaceError::Refused(what) if !what.contains("wrong@")), "{refused}");
    let config = KeyspaceConfig { password: Some("open-sesame".into()), ..KeyspaceConfig::new(format!("redis://{address}")) };
    works(&{
        server.cli(&["FLUSHALL"]);
        Keyspace::connect(config).unwrap()
    })
    .await;

    let user = ("ada".to_owned(), "s3cret".to_owned(), "~whatisup:* +@all -@dangerous +scan".to_owned());
    let server = Redis::start(RedisOptions { acl: Some(user), ..RedisOptions::default() });
    let space = connected(&server.url());
    works(&space).await;
    let elsewhere = Keyspace::connect(KeyspaceConfig { prefix: "other".into(), ..KeyspaceConfig::new(server.url()) }).unwrap();
    let refused = elsewhere.run(&add(), &[elsewhere.key(channel(1), "count")], &["1"]).await.unwrap_err();
    assert!(matches!(refused, KeyspaceError::Refused(_)), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_tls_is_believed_by_its_authority_only() {
    let server = Redis::start(RedisOptions { tls: true, ..RedisOptions::default() });
    let config = |ca: Option<&std::path::Path>| KeyspaceConfig { ca: ca.map(Into::into), ..KeyspaceConfig::new(server.url()) };
    works(&Keyspace::connect(config(Some(server.ca()))).unwrap()).await;
    let other = Redis::start(RedisOptions { tls: true, ..RedisOptions::default() });
    for ca in [None, Some(other.ca())] {
        let refused = Keyspace::connect(config(ca)).unwrap().ping().await.unwrap_err();
        assert!(matches!(refused, KeyspaceError::Unreachable(_)), "{refused}");
    }
    let dir = tempfile::tempdir().unwrap();
    let missing = Keyspace::connect(config(Some(&dir.path().join("ca.pem")))).unwrap_err();
    assert!(matches!(missing, KeyspaceError::Config(_)), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster() {
    let cluster = RedisCluster::start();
    let space = connected(&cluster.cluster_url());
    works(&space).await;
    // Not all on one node, or this shows nothing.
    let used = cluster.nodes().iter().filter(|node| node.cli(&["DBSIZE"]).trim() != "0").count();
    assert!(used > 1, "{used}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sentinels_say_is_followed() {
    let pair = RedisPair::start();
    let space = connected(&pair.sentinel_url());
    works(&space).await;
    pair.replicated();
    pair.fail_over();
    let began = Instant::now();
    let key = [space.key(channel(7), "count")];
    // The old primary is a replica now; what it refuses goes to the other.
    while let Err(error) = space.run(&add(), &key, &["1"]).await {
        assert!(matches!(error, KeyspaceError::Unreachable(_) | KeyspaceError::Refused(_)), "{error}");
        assert!(began.elapsed() < Duration::from_secs(20), "{error}");
    }
    let read = space.run(&read(), &key, &[""; 0]).await.unwrap();
    assert_eq!(read, Value::BulkString(b"9".to_vec()));
    assert_eq!(pair.primary().cli(&["GET", &key[0]]).trim(), "9");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_comes_back_by_itself() {
    let server = Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() });
    server.stop();
    // Not there yet: no reason not to begin.
    let space = connected(&server.url());
    let began = Instant::now();
    assert!(matches!(space.ping().await, Err(KeyspaceError::Unreachable(_))));
    assert!(began.elapsed() < Duration::from_secs(3));
    server.start_again();
    space.ping().await.unwrap();
    let key = [space.key(channel(1), "count")];
    for n in 1..=3 {
        assert_eq!(space.run(&add(), &key, &["1"]).await.unwrap(), Value::Int(n));
        server.restart();
        // The first thing that is asked finds the connection gone, and may be asked again.
        assert_eq!(space.run(&read(), &key, &[""; 0]).await.unwrap(), Value::BulkString(n.to_string().into_bytes()));
    }
    server.cli(&["SCRIPT", "FLUSH"]);
    assert_eq!(space.run(&add(), &key, &["1"]).await.unwrap(), Value::Int(4), "a script that is not known is sent whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_who_wait_for_one_connection_get_one() {
    let server = Redis::start(RedisOptions::default());
    server.stop();
    let space = connected(&server.url());
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            let space = space.clone();
            tokio::spawn(async move { space.ping().await })
        })
        .collect();
    server.start_again();
    for one in waiting {
        one.await.unwrap().unwrap();
    }
    let clients = server.cli(&["CLIENT", "LIST", "TYPE", "normal"]);
    assert!(
        clients.lines().filter(|line| line.contains("lib-name=redis-rs") || line.contains("cmd=ping")).count() <= 2,
        "{clients}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_keeps_silent_is_waited_for_no_longer_than_said() {
    let server = Redis::start(RedisOptions::default());
    let relay = Relay::to(server.address());
    let config = KeyspaceConfig { timeout: Duration::from_millis(500), ..KeyspaceConfig::new(relay.instead_of(&server.url())) };
    let space = Keyspace::connect(config).unwrap();
    space.ping().await.unwrap();
    relay.blackhole();
    let began = Instant::now();
    assert!(matches!(space.ping().await, Err(KeyspaceError::Unreachable(_))));
    assert!(matches!(space.ping().await, Err(KeyspaceError::Unreachable(_))));
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    relay.mend();
    space.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_have_run_is_not_sent_twice_unless_that_does_no_harm() {
    let server = Redis::start(RedisOptions::default());
    let relay = Relay::to(server.address());
    let space = connected(&relay.instead_of(&server.url()));
    let key = [space.key(channel(1), "count")];
    space.run(&add(), &key, &["1"]).await.unwrap();
    // The server stands still with the command at its door, and meanwhile the connection goes: whether it runs it, who knows.
    let lost = async |script: Script| {
        server.pause();
        let asked = {
            let (space, key) = (space.clone(), key.clone());
            tokio::spawn(async move { space.run(&script, &key, &["1"]).await })
        };
        tokio::time::sleep(Duration::from_millis(200)).await;
        relay.cut();
        relay.mend();
        server.resume();
        asked.await.unwrap()
    };
    let answer = lost(add()).await;
    assert!(matches!(answer, Err(KeyspaceError::Unreachable(_))), "{answer:?}");
    let before: i64 = space.ask(redis::cmd("GET").arg(&key[0])).await.unwrap();
    assert!(before <= 2, "{before}");
    let answer = lost(Script::repeatable("return redis.call('INCRBY', KEYS[1], ARGV[1])")).await.unwrap();
    assert!(matches!(answer, Value::Int(now) if now > before), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_says_that_the_channel_is_held_by_another() {
    let server = Redis::start(RedisOptions::default());
    let space = connected(&server.url());
    let script = Script::new("return redis.error_reply('FENCED another worker holds the channel')");
    assert_eq!(space.run(&script, &[space.key(channel(1), "fence")], &[""; 0]).await, Err(KeyspaceError::Fenced));
    let broken = Script::new("return redis.call('LPUSH', KEYS[1], 'x')");
    server.cli(&["SET", &space.key(channel(1), "text"), "x"]);
    let error = space.run(&broken, &[space.key(channel(1), "text")], &[""; 0]).await.unwrap_err();
    assert!(matches!(error, KeyspaceError::Unexpected(_) | KeyspaceError::Refused(_)), "{error}");
}
