//! Servers do not outlive the test process, however that ends.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use servers::{Postgres, Redis, RedisOptions};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Started by the test below: starts servers, tells where, and waits for its end.
#[test]
#[ignore = "the body of another test"]
fn servers_of_a_process_that_is_killed() {
    let redis = Redis::start(RedisOptions::default());
    let postgres = Postgres::start();
    // What is stopped can do nothing for its own end.
    postgres.pause();
    println!("\nplace {}\nplace {}", redis.directory().display(), postgres.directory().display());
    loop {
        std::thread::park();
    }
}

fn processes_in(place: &PathBuf) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter(|p| std::fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(place))).count()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "what died with its process tells nobody")]
fn a_killed_test_leaves_neither_processes_nor_files() {
    let mut body = Command::new(std::env::current_exe().unwrap());
    body.args(["--exact", "servers_of_a_process_that_is_killed", "--ignored", "--nocapture"]);
    let mut body = body.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(body.stdout.take().unwrap()).lines();
    let places = lines.map_while(Result::ok).filter_map(|line| Some(PathBuf::from(line.strip_prefix("place ")?)));
    let places: Vec<_> = places.take(2).collect();
    assert_eq!(places.len(), 2);
    for place in &places {
        assert!(processes_in(place) > 0 && place.exists());
    }
    body.kill().unwrap();
    body.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while places.iter().any(|place| place.exists() || processes_in(place) > 0) {
        assert!(Instant::now() < deadline, "something stays: {places:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
