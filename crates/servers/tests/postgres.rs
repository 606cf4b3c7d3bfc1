//! PostgreSQL for tests, tried itself.

use servers::Postgres;
use std::time::{Duration, Instant};

#[test]
fn starts_and_stops_within_a_moment() {
    drop(Postgres::start()); // Makes the template, once per machine.
    let begun = Instant::now();
    let postgres = Postgres::start();
    assert_eq!(postgres.psql("SELECT 6 * 7"), "42");
    let started = begun.elapsed();
    drop(postgres);
    eprintln!("started in {started:?}, all in {:?}", begun.elapsed());
    // Ten times what it takes on a small machine that does nothing else.
    assert!(begun.elapsed() < Duration::from_secs(7));
}
