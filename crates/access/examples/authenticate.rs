//! What it costs to judge a key: `cargo run --release -p access --example authenticate [apps]`.
#![expect(clippy::print_stdout, reason = "its result")]
#![allow(clippy::unwrap_used)]

use access::{Access, AccessDeps, By, Clock, NewApp};
use domain::{Actor, DoorKind, Peer, Permit, Permits, Scope};
use ledger::{Ledger, OpenOptions};
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 200_000;

#[tokio::main]
async fn main() {
    let apps: usize = std::env::args().nth(1).map_or(100, |n| n.parse().unwrap());
    let dir = std::env::temp_dir().join(format!("access-authenticate-{}", std::process::id()));
    let ledger = Ledger::open(&dir, &[7; 32], OpenOptions::default()).await.unwrap();
    let clock = Clock::system();
    let access = Access::open(AccessDeps { ledger: ledger.clone(), clock: clock.clone() }).await.unwrap();
    let mut keys = Vec::new();
    for n in 0..apps {
        let new = NewApp {
            name: format!("App {n}"),
            permits: Permits::new([Permit::of(Scope::MessagesSend), Permit::of(Scope::EventsRead)]),
            ..NewApp::default()
        };
        keys.push(access.create_app(new, By::from(Actor::Admin)).await.unwrap().1);
    }
    let peer = Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".to_owned()), program: None };
    let now = clock.now();
    let texts: Vec<&str> = keys.iter().map(|key| key.secret.expose()).collect();
    let wrong = "wiu_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    let mut took = Vec::with_capacity(ROUNDS);
    for n in 0..ROUNDS {
        let begun = Instant::now();
        let grantee = access.authenticate(black_box(texts[n % texts.len()]), now).unwrap();
        let may = grantee.allows(Scope::MessagesSend, None, None);
        access.used(&grantee, &peer, now);
        took.push(begun.elapsed());
        assert!(black_box(may));
    }
    tell("a good key, its permit and its count", took);
    let mut took = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        assert!(access.authenticate(black_box(wrong), now).is_err());
        black_box(access.failed(&peer, now));
        took.push(begun.elapsed());
    }
    tell("a wrong key, and its throttle", took);
    access.drain().await;
    ledger.close().await;
    std::fs::remove_dir_all(&dir).unwrap();
}

fn tell(what: &str, mut took: Vec<std::time::Duration>) {
    took.sort();
    let at = |per_mille: usize| took[took.len() * per_mille / 1000].as_nanos() as f64 / 1000.0;
    println!("{what}: p50 {:.2} µs, p99 {:.2} µs", at(500), at(990));
}
