//! One suite for every store of auth-state: memory (upstream's reference), disk and Redis.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::print_stderr)]

#[path = "conformance/cases.rs"]
mod cases;
#[path = "conformance/ground.rs"]
mod ground;
#[path = "conformance/operation.rs"]
mod operation;

use ground::{Ground, channel};
use operation::{Operation, operations, perform};
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use servers::{Redis, RedisCluster, RedisOptions, Relay};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wacore::store::in_memory::InMemoryBackend;

async fn every_case_holds(ground: &Ground) {
    for (nth, (name, case)) in cases::ALL.iter().enumerate() {
        eprintln!("{name}");
        let store = ground.fresh().await;
        if nth > 0 {
            // What others refer to; the first case is about it.
            store.create().await.unwrap();
        }
        case(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_keeps_the_rules() {
    every_case_holds(&Ground::memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_keeps_the_rules() {
    every_case_holds(&Ground::disk()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_rules() {
    let server = Redis::start(RedisOptions::default());
    every_case_holds(&Ground::redis(&server.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_cluster_keeps_the_rules() {
    let cluster = RedisCluster::start();
    every_case_holds(&Ground::redis(&cluster.cluster_url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_keeps_the_rules_for_a_user_who_may_do_no_more_than_needed() {
    let rules = "~whatisup:* +@read +@write +@connection +eval +evalsha -@dangerous".to_owned();
    let user = ("whatisup".to_owned(), "s3cret".to_owned(), rules);
    let server = Redis::start(RedisOptions { acl: Some(user), ..RedisOptions::default() });
    every_case_holds(&Ground::redis(&server.url())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_redis_keeps_the_rules() {
    let server = Redis::start(RedisOptions::default());
    let relay = Relay::to(server.address());
    relay.delay(Duration::from_millis(3));
    every_case_holds(&Ground::redis(&relay.instead_of(&server.url()))).await;
}

/// Whatever is done to them, they answer the same and end up holding the same.
#[test]
fn the_same_operations_have_the_same_answers_everywhere() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Redis::start(RedisOptions::default());
    let (disk, redis) = (Ground::disk(), Ground::redis(&server.url()));
    let nth = AtomicU32::new(0);
    let config = Config { cases: 32, max_shrink_iters: 300, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&operations(120), |operations| {
        let id = channel(u128::from(nth.fetch_add(1, Ordering::Relaxed)));
        runtime.block_on(compared(&disk, &redis, id, &operations)).map_err(TestCaseError::fail)
    });
    outcome.unwrap();
}

async fn compared(disk: &Ground, redis: &Ground, id: domain::ChannelId, operations: &[Operation]) -> Result<(), String> {
    let memory = InMemoryBackend::new();
    let (mut on_disk, mut in_redis) = (disk.open(id).await, redis.open(id).await);
    let device = wacore::store::Device::new();
    for store in [&memory as &dyn wacore::store::traits::Backend, &*on_disk, &*in_redis] {
        store.create().await.unwrap();
        store.save(&device).await.unwrap();
    }
    for (n, operation) in operations.iter().enumerate() {
        if matches!(operation, Operation::Reopen) {
            (on_disk, in_redis) = (disk.open(id).await, redis.open(id).await);
            continue;
        }
        let now = i64::try_from(n).unwrap();
        let expected = perform(operation, now, &*on_disk).await;
        let answer = perform(operation, now, &*in_redis).await;
        if answer != expected {
            return Err(format!("{operation:?}: the disk says {expected}, redis {answer}"));
        }
        let reference = perform(operation, now, &memory).await;
        if operation.is_the_same_in_memory() && reference != expected {
            return Err(format!("{operation:?}: the disk says {expected}, memory {reference}"));
        }
    }
    drop((on_disk, in_redis));
    let (on_disk, in_redis) =
        (disk.store().snapshot(id).await.unwrap().unwrap(), redis.store().snapshot(id).await.unwrap().unwrap());
    if on_disk.digest() == in_redis.digest() {
        Ok(())
    } else {
        Err(format!("what they hold differs: the disk {:?}, redis {:?}", on_disk.counts(), in_redis.counts()))
    }
}

/// Whatever is under way when the line to Redis breaks, it was done or it was not.
#[test]
fn an_operation_on_a_line_that_breaks_is_done_or_not_done() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = Redis::start(RedisOptions::default());
    let relay = Relay::to(server.address());
    let disk = Ground::disk();
    let redis = Ground::redis(&relay.instead_of(&server.url()));
    let nth = AtomicU32::new(0);
    let (done, not_done) = (AtomicU32::new(0), AtomicU32::new(0));
    let config = Config { cases: 40, max_shrink_iters: 50, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&(operations(25), 0_u64..18), |(operations, millis)| {
        let id = channel(u128::from(nth.fetch_add(1, Ordering::Relaxed)));
        let broken = runtime.block_on(broken(&disk, &redis, &relay, id, &operations, Duration::from_millis(millis)));
        match broken.map_err(TestCaseError::fail)? {
            Some(true) => done.fetch_add(1, Ordering::Relaxed),
            Some(false) => not_done.fetch_add(1, Ordering::Relaxed),
            None => 0,
        };
        Ok(())
    });
    outcome.unwrap();
    let (done, not_done) = (done.into_inner(), not_done.into_inner());
    assert!(done > 1 && not_done > 1, "done {done}, not done {not_done}");
}

/// Does all but the last, and breaks the line during that. Answers whether it was done, if that makes a difference.
async fn broken(
    disk: &Ground,
    redis: &Ground,
    relay: &Relay,
    id: domain::ChannelId,
    operations: &[Operation],
    after: Duration,
) -> Result<Option<bool>, String> {
    // What only reads has nothing to break.
    let writing: Vec<_> = operations.iter().filter(|operation| operation.writes()).collect();
    let Some((last, first)) = writing.split_last() else { return Ok(None) };
    let (on_disk, in_redis) = (disk.open(id).await, redis.open(id).await);
    let device = wacore::store::Device::new();
    for store in [&*on_disk, &*in_redis] {
        store.create().await.unwrap();
        store.save(&device).await.unwrap();
    }
    for (n, operation) in first.iter().enumerate() {
        let now = i64::try_from(n).unwrap();
        perform(operation, now, &*on_disk).await;
        perform(operation, now, &*in_redis).await;
    }
    let before = disk.store().snapshot(id).await.unwrap().unwrap();
    let now = 1_000_000;
    perform(last, now, &*on_disk).await;
    let after_it = disk.store().snapshot(id).await.unwrap().unwrap();
    let differ = before.digest() != after_it.digest();
    // Long enough for the line to break on the way there, within Redis, or on the way back.
    relay.delay(Duration::from_millis(4));
    let (answer, ()) = tokio::join!(perform(last, now, &*in_redis), async {
        tokio::time::sleep(after).await;
        relay.cut();
    });
    relay.delay(Duration::ZERO);
    relay.mend();
    drop(redis.open(id).await);
    let now = redis.store().snapshot(id).await.unwrap().unwrap();
    if now.digest() == after_it.digest() {
        Ok(differ.then_some(true))
    } else if now.digest() == before.digest() && answer == "an error" {
        Ok(Some(false))
    } else {
        Err(format!(
            "{last:?} answered {answer}: before {:?}, to be {:?}, is {:?}",
            before.counts(),
            after_it.counts(),
            now.counts()
        ))
    }
}

/// What one store gives, another takes, and gives back the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_auth_state_moves_from_the_disk_to_redis_and_back() {
    let server = Redis::start(RedisOptions::default());
    let (disk, redis, back) = (Ground::disk(), Ground::redis(&server.url()), Ground::disk());
    let id = channel(1);
    let store = disk.open(id).await;
    store.create().await.unwrap();
    let mut device = wacore::store::Device::new();
    device.pn = Some("15550100123:4@s.whatsapp.net".parse().unwrap());
    store.save(&device).await.unwrap();
    for (n, operation) in operation::one_of_each().iter().enumerate() {
        perform(operation, i64::try_from(n).unwrap(), &*store).await;
    }
    drop(store);
    let snapshot = disk.store().snapshot(id).await.unwrap().unwrap();
    redis.store().install(id, &snapshot).await.unwrap();
    assert_eq!(redis.store().snapshot(id).await.unwrap().unwrap().digest(), snapshot.digest());
    assert_eq!(redis.store().kept().await.unwrap(), [id]);
    let error = redis.store().install(id, &snapshot).await.unwrap_err();
    assert!(matches!(error, whatsapp::snapshot::InstallError::Occupied), "{error}");
    back.store().install(id, &redis.store().snapshot(id).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(back.store().snapshot(id).await.unwrap().unwrap().digest(), snapshot.digest());
}
