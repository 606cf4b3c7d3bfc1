//! Redis for tests, tried itself.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use servers::{Redis, RedisCluster, RedisOptions, RedisPair};
use std::time::{Duration, Instant};

fn written_through() -> RedisOptions {
    RedisOptions { appendonly: true, ..RedisOptions::default() }
}

#[test]
fn starts_and_stops_within_a_moment() {
    let begun = Instant::now();
    let redis = Redis::start(written_through());
    assert_eq!(redis.cli(&["SET", "a", "1"]), "OK");
    drop(redis);
    eprintln!("start, one command, stop: {:?}", begun.elapsed());
    // Ten times what is wanted on a machine that does nothing else.
    assert!(begun.elapsed() < Duration::from_secs(7));
}

#[test]
fn what_was_answered_survives_a_kill_when_it_is_written_through() {
    let redis = Redis::start(written_through());
    let url = redis.url();
    assert_eq!(redis.cli(&["SET", "a", "1"]), "OK");
    redis.kill9();
    redis.start_again();
    assert_eq!(redis.cli(&["GET", "a"]), "1");
    redis.restart();
    assert_eq!(redis.cli(&["GET", "a"]), "1");
    assert_eq!(redis.url(), url);
}

#[test]
fn without_that_a_restart_keeps_it_and_a_kill_loses_it() {
    let redis = Redis::start(RedisOptions::default());
    redis.cli(&["SET", "a", "1"]);
    redis.restart();
    redis.cli(&["SET", "b", "1"]);
    redis.kill9();
    redis.start_again();
    assert_eq!(redis.cli(&["EXISTS", "a", "b"]), "1");
}

#[test]
fn a_user_may_do_what_the_rules_say() {
    let rules = "~whatisup:* &* +@all -@dangerous".to_owned();
    let redis = Redis::start(RedisOptions { acl: Some(("worker".into(), "secret".into(), rules)), ..written_through() });
    assert_eq!(redis.url(), format!("redis://worker:secret@{}/0", redis.address()));
    let worker = ["--user", "worker", "--pass", "secret"];
    let as_worker = |words: &[&str]| redis.cli(&[&worker[..], words].concat());
    assert_eq!(as_worker(&["SET", "whatisup:a", "1"]), "OK");
    assert!(as_worker(&["SET", "other:a", "1"]).contains("NOPERM"));
    assert!(as_worker(&["FLUSHALL"]).contains("NOPERM"));
    redis.cli(&["ACL", "SETUSER", "worker", "-set"]);
    assert!(as_worker(&["SET", "whatisup:a", "1"]).contains("NOPERM"));
}

#[test]
fn a_password_tls_and_a_limit_work_together() {
    let options =
        RedisOptions { requirepass: Some("secret".into()), tls: true, maxmemory: Some("4mb".into()), ..written_through() };
    let redis = Redis::start(options);
    assert!(redis.url().starts_with("rediss://:secret@127.0.0.1:"));
    assert!(redis.ca().exists());
    let much = "x".repeat(100_000);
    let answers: Vec<_> = (0..60).map(|n| redis.cli(&["SET", &n.to_string(), &much])).collect();
    assert_eq!(answers.first().unwrap(), "OK");
    assert!(answers.last().unwrap().contains("OOM"), "{answers:?}");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "that nothing comes can only be waited for")]
fn a_paused_server_answers_when_it_is_resumed() {
    let redis = Redis::start(written_through());
    redis.pause();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| redis.cli(&["PING"]));
        std::thread::sleep(Duration::from_millis(300));
        assert!(!asked.is_finished());
        redis.resume();
        assert_eq!(asked.join().unwrap(), "PONG");
    });
}

#[test]
fn a_pair_fails_over_again_and_again() {
    let begun = Instant::now();
    let pair = RedisPair::start();
    eprintln!("a pair: {:?}", begun.elapsed());
    let first = pair.primary().port();
    pair.primary().cli(&["SET", "a", "1"]);
    pair.replicated();
    let begun = Instant::now();
    pair.fail_over();
    eprintln!("failed over: {:?}", begun.elapsed());
    assert_ne!(pair.primary().port(), first);
    assert_eq!(pair.primary().cli(&["GET", "a"]), "1");
    assert_eq!(pair.primary().cli(&["SET", "b", "1"]), "OK");
    pair.replicated();
    let begun = Instant::now();
    pair.fail_over();
    eprintln!("and back: {:?}", begun.elapsed());
    assert_eq!(pair.primary().port(), first);
    let begun = Instant::now();
    pair.hand_over();
    eprintln!("handed over: {:?}", begun.elapsed());
    assert_eq!(pair.primary().cli(&["EXISTS", "a", "b"]), "2");
    assert!(pair.sentinel_url().starts_with("redis+sentinel://127.0.0.1:"));
    assert!(pair.sentinel_url().ends_with("/whatisup"));
}

#[test]
fn a_cluster_divides_the_keys() {
    let begun = Instant::now();
    let cluster = RedisCluster::start();
    eprintln!("a cluster: {:?}", begun.elapsed());
    let any = cluster.nodes().first().unwrap();
    for n in 0..30 {
        assert_eq!(any.cli(&["-c", "SET", &n.to_string(), "x"]), "OK");
    }
    let sizes: Vec<usize> = cluster.nodes().iter().map(|node| node.cli(&["DBSIZE"]).parse().unwrap()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 30);
    assert!(sizes.iter().all(|size| *size > 0), "{sizes:?}");
}
