//! Workers over a real Redis: channels are shared out, move when a worker dies or leaves, and are never run by two.
#![allow(clippy::unwrap_used)]

mod ground;

use cluster::{LEASE_TTL, MEMBER_TTL, SELF_FENCE};
use ground::{Ground, Line, Told, Worker, channel, channels};
use servers::{Redis, RedisCluster, RedisOptions, RedisPair, Relay};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
/// A lease that was just renewed, and a heartbeat and its answer.
const FAILED_OVER: Duration = LEASE_TTL.saturating_add(Duration::from_secs(4));

fn redis() -> Redis {
    Redis::start(RedisOptions { appendonly: true, ..RedisOptions::default() })
}

#[test]
fn two_workers_share_the_channels_and_know_each_other() {
    let (redis, all) = (redis(), channels(40));
    let ground = Ground::with(all.clone());
    let one = Worker::start(&ground, &redis.url());
    let alone = ground.until("one has all", SOON, |book| book.of(one.id).len() == 40);
    assert!(alone < Duration::from_secs(3), "{alone:?} until all were up");
    let two = Worker::start(&ground, &redis.url());
    ground.until("each has some", SOON, |book| {
        let shared = book.of(one.id).len() + book.of(two.id).len() == 40 && book.of(two.id).len() > 8;
        let settled = |id| book.standing.get(&id).is_some_and(|s| s.held == s.wanted && s.workers.len() == 2 && s.able);
        shared && settled(one.id) && settled(two.id)
    });
    let book = ground.book();
    let standing = &book.standing[&one.id];
    assert_eq!((standing.channels, standing.adopting, standing.trouble.clone()), (40, 0, None));
    assert_eq!(standing.held, book.of(one.id).len());
    assert!(standing.workers.iter().all(|info| info.able && !info.leaving && info.name == format!("worker {}", info.id)));
}

#[test]
fn what_is_created_is_run_at_once_and_what_is_deleted_no_more() {
    let redis = redis();
    let ground = Ground::with(channels(3));
    let _workers = [Worker::start(&ground, &redis.url()), Worker::start(&ground, &redis.url())];
    ground.until("the first are up", SOON, |book| book.all_run(&channels(3)));
    ground.list(channels(5));
    let took = ground.until("the new ones are up", SOON, |book| book.all_run(&channels(5)));
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.list(channels(4));
    let took = ground.until("it is gone", SOON, |book| book.runs(channel(4)).is_none());
    assert!(took < Duration::from_secs(1), "{took:?}");
    ground.until("its lease too", SOON, |_| redis.cli(&["EXISTS", &format!("whatisup:{{{}}}:lease", channel(4))]) == "0");
}

#[test]
fn when_a_worker_dies_the_others_take_over_what_it_ran() {
    let (redis, all) = (redis(), channels(60));
    let ground = Ground::with(all.clone());
    let mut workers: Vec<Worker> = (0..3).map(|_| Worker::start(&ground, &redis.url())).collect();
    ground.until("all share", SOON, |book| book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 8));
    let staying = ground.book().of(workers[0].id);
    drop(workers.pop());
    ground.until("nothing is lost", FAILED_OVER, |book| book.all_run(&all));
    assert!(staying.is_subset(&ground.book().of(workers[0].id)), "what stayed was left alone");
}

#[test]
fn a_worker_that_leaves_hands_its_channels_over_at_once() {
    let (redis, all) = (redis(), channels(60));
    let ground = Ground::with(all.clone());
    let workers: Vec<Worker> = (0..3).map(|_| Worker::start(&ground, &redis.url())).collect();
    ground.until("all share", SOON, |book| book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 8));
    let from = ground.book().lines.len();
    workers[1].drain(SOON);
    ground.until("the others have them", SOON, |book| book.all_run(&all) && book.of(workers[1].id).is_empty());
    let book = ground.book();
    let mut left = BTreeMap::new();
    for Line { at, channel, told, .. } in &book.lines[from..] {
        match told {
            Told::Release => drop(left.insert(*channel, *at)),
            Told::Adopt(_) => {
                let down = at.duration_since(left.remove(channel).expect("adopted after it was released"));
                assert!(down < Duration::from_secs(1), "{channel} was down for {down:?}");
            }
            Told::Released => {}
            Told::Abandon => panic!("{channel} was dropped"),
        }
    }
    assert!(left.is_empty());
    drop(book);
    ground.until("it is forgotten", SOON, |book| book.standing[&workers[0].id].workers.len() == 2);
}

#[test]
fn a_short_absence_of_redis_costs_nothing() {
    let (redis, all) = (redis(), channels(30));
    let ground = Ground::with(all.clone());
    let workers = [Worker::start(&ground, &redis.url()), Worker::start(&ground, &redis.url())];
    ground.until("all share", SOON, |book| book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 5));
    redis.stop();
    ground.until("it is noticed", SOON, |book| workers.iter().all(|worker| book.standing[&worker.id].trouble.is_some()));
    redis.start_again();
    ground.until("all is well", SOON, |book| workers.iter().all(|worker| book.standing[&worker.id].trouble.is_none()));
    let lines = ground.book().lines.len();
    ground.stays("nothing moves", LEASE_TTL, |book| book.lines.len() == lines);
}

#[test]
fn a_long_absence_of_redis_ends_everything_and_everything_comes_back() {
    let (redis, all) = (redis(), channels(30));
    let ground = Ground::with(all.clone());
    let workers = [Worker::start(&ground, &redis.url()), Worker::start(&ground, &redis.url())];
    ground.until("all share", SOON, |book| book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 5));
    let before = workers.each_ref().map(|worker| ground.book().of(worker.id));
    redis.pause();
    let took = ground.until("nobody runs anything", LEASE_TTL, |book| book.runs.is_empty());
    assert!(took < LEASE_TTL - Duration::from_secs(2), "given up after {took:?}, too near to the end of the leases");
    ground.until("nobody is able", SOON, |book| workers.iter().all(|worker| !book.standing[&worker.id].able));
    redis.resume();
    ground.until("all are back", SOON + SOON, |book| book.all_run(&all));
    assert_eq!(workers.each_ref().map(|worker| ground.book().of(worker.id)), before, "each has its own again");
}

#[test]
fn a_worker_that_is_cut_off_gives_up_before_others_take_over() {
    let (redis, all) = (redis(), channels(30));
    let ground = Ground::with(all.clone());
    let relay = Relay::to(SocketAddr::from((Ipv4Addr::LOCALHOST, redis.port())));
    let cut = Worker::start(&ground, &relay.instead_of(&redis.url()));
    let whole = Worker::start(&ground, &redis.url());
    ground.until("both have some", SOON, |book| book.all_run(&all) && book.of(cut.id).len() > 5 && book.of(whole.id).len() > 5);
    let had = ground.book().of(cut.id);
    let from = ground.book().lines.len();
    relay.blackhole();
    ground.until("the other has all", FAILED_OVER + SOON, |book| book.of(whole.id) == all);
    let book = ground.book();
    for channel in &had {
        let of_channel: Vec<&Line> = book.lines[from..].iter().filter(|line| line.channel == *channel).collect();
        assert!(matches!(of_channel[0], Line { worker, told: Told::Abandon, .. } if *worker == cut.id), "{of_channel:?}");
        assert!(matches!(of_channel[1], Line { worker, told: Told::Adopt(_), .. } if *worker == whole.id), "{of_channel:?}");
        let between = of_channel[1].at.duration_since(of_channel[0].at);
        assert!(between > Duration::from_secs(1), "only {between:?} between them");
    }
    drop(book);
    relay.mend();
    ground.until("it has them again", SOON + SOON, |book| book.of(cut.id) == had && book.all_run(&all));
}

#[test]
fn a_worker_that_was_stopped_and_wakes_up_begins_with_giving_up() {
    let (redis, all) = (redis(), channels(30));
    let ground = Ground::with(all.clone());
    let stopped = Worker::start(&ground, &redis.url());
    let other = Worker::start(&ground, &redis.url());
    ground.until("both have some", SOON, |book| {
        book.all_run(&all) && book.of(stopped.id).len() > 5 && book.of(other.id).len() > 5
    });
    let had = ground.book().of(stopped.id);
    let gate = stopped.stop();
    ground.until("the other has all", FAILED_OVER + SOON, |book| book.of(other.id) == all);
    let from = ground.book().lines.len();
    stopped.go_on(gate);
    ground.until("it gave up", SOON, |book| {
        let given_up = book.lines[from..].iter().filter(|line| line.worker == stopped.id && line.told == Told::Abandon);
        given_up.count() == had.len()
    });
    let book = ground.book();
    let first = book.lines[from..].iter().filter(|line| line.worker == stopped.id).take(had.len());
    assert!(first.clone().all(|line| line.told == Told::Abandon), "did something else first: {:?}", first.collect::<Vec<_>>());
    drop(book);
    ground.book().out.remove(&stopped.id);
    ground.until("it takes part again", SOON + SOON, |book| book.of(stopped.id) == had && book.all_run(&all));
}

#[test]
fn a_fence_never_comes_twice_even_when_redis_forgot_it() {
    let redis = redis();
    let ground = Ground::with(channels(1));
    let first = Worker::start(&ground, &redis.url());
    ground.until("it is up", SOON, |book| book.all_run(&channels(1)));
    let had = ground.book().runs[&channel(0)].1;
    drop(first);
    redis.cli(&["FLUSHALL"]);
    let _second = Worker::start(&ground, &redis.url());
    ground.until("it is up again", SOON, |book| book.all_run(&channels(1)));
    assert!(ground.book().runs[&channel(0)].1 > had);
}

#[test]
fn a_lease_that_was_taken_away_is_given_up() {
    let (redis, all) = (redis(), channels(4));
    let ground = Ground::with(all.clone());
    let worker = Worker::start(&ground, &redis.url());
    ground.until("all are up", SOON, |book| book.all_run(&all));
    redis.cli(&["SET", &format!("whatisup:{{{}}}:lease", channel(2)), "99 wk_00000000000000000000000000", "PX", "3000"]);
    ground.until("it is dropped", SELF_FENCE, |book| {
        book.lines.iter().any(|line| line.channel == channel(2) && line.told == Told::Abandon)
    });
    let took = ground.until("and taken again when that is over", SOON, |book| book.all_run(&all));
    assert!(took < MEMBER_TTL);
    assert_eq!(ground.book().standing[&worker.id].counts.lost, 1);
}

#[test]
fn on_a_redis_cluster_and_through_a_failover_of_sentinels_it_is_the_same() {
    let (spread, all) = (RedisCluster::start(), channels(20));
    let ground = Ground::with(all.clone());
    let workers: Vec<Worker> = (0..2).map(|_| Worker::start(&ground, &spread.cluster_url())).collect();
    ground.until("all share", SOON + SOON, |book| {
        book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 3)
    });
    workers[0].drain(SOON);
    ground.until("the other has all", SOON, |book| book.of(workers[1].id) == all);
    drop(workers);
    drop(spread);

    let pair = RedisPair::start();
    let ground = Ground::with(all.clone());
    let workers: Vec<Worker> = (0..2).map(|_| Worker::start(&ground, &pair.sentinel_url())).collect();
    ground.until("all share", SOON + SOON, |book| {
        book.all_run(&all) && workers.iter().all(|worker| book.of(worker.id).len() > 3)
    });
    // A lease that only the old primary knows is lost with it, which its holder would notice.
    pair.replicated();
    pair.lose_primary();
    ground.until("all are run after it", SOON + SOON, |book| {
        let well = |worker: &Worker| book.standing[&worker.id].able && book.standing[&worker.id].trouble.is_none();
        book.all_run(&all) && workers.iter().all(well)
    });
    let lines = ground.book().lines.len();
    ground.stays("nothing moves", SELF_FENCE, |book| book.lines.len() == lines);
}
