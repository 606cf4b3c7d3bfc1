//! Redis for tests, tried itself.

use servers::{Redis, RedisOptions};
use std::time::{Duration, Instant};

#[test]
fn starts_and_stops_within_a_moment() {
    let begun = Instant::now();
    let redis = Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() });
    assert_eq!(redis.cli(&["SET", "a", "1"]), "OK");
    drop(redis);
    eprintln!("all in {:?}", begun.elapsed());
    // Ten times what it takes on a small machine that does nothing else.
    assert!(begun.elapsed() < Duration::from_secs(7));
}
