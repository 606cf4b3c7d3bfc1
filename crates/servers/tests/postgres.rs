//! PostgreSQL for tests, tried itself.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use servers::{Postgres, PostgresOptions, Relay};
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn starts_and_stops_within_a_moment() {
    drop(Postgres::start()); // Makes the template, once per machine.
    let begun = Instant::now();
    let postgres = Postgres::start();
    assert_eq!(postgres.psql("SELECT 6 * 7"), "42");
    drop(postgres);
    eprintln!("start, one question, stop: {:?}", begun.elapsed());
    // Ten times what is wanted on a machine that does nothing else.
    assert!(begun.elapsed() < Duration::from_secs(7));
}

#[test]
fn what_is_committed_survives_a_restart_and_a_kill() {
    let postgres = Postgres::start_durable();
    assert_eq!(postgres.psql("SHOW fsync"), "on");
    let url = postgres.database();
    postgres.psql_at(&url, "CREATE TABLE t (n int); INSERT INTO t VALUES (1)");
    postgres.restart();
    postgres.psql_at(&url, "INSERT INTO t VALUES (2)");
    postgres.kill9();
    assert!(TcpStream::connect(postgres.address()).is_err());
    postgres.start_again();
    assert_eq!(postgres.psql_at(&url, "SELECT sum(n) FROM t"), "3");
    assert_eq!(url, format!("postgres://whatisup@{}/fresh_0", postgres.address()));
}

#[test]
fn databases_are_apart_and_sort_by_language() {
    let postgres = Postgres::start();
    let (one, other) = (postgres.database(), postgres.database());
    postgres.psql_at(&one, "CREATE TABLE t (word text); INSERT INTO t VALUES ('b'), ('A'), ('a'), ('B')");
    assert_eq!(postgres.psql_at(&other, "SELECT to_regclass('t') IS NULL"), "t");
    assert_eq!(postgres.psql_at(&one, "SELECT string_agg(word, '' ORDER BY word) FROM t"), "aAbB");
    assert_eq!(postgres.psql_at(&one, r#"SELECT string_agg(word, '' ORDER BY word COLLATE "C") FROM t"#), "ABab");
}

#[test]
fn a_paused_server_accepts_and_says_nothing_until_it_is_resumed() {
    let postgres = Postgres::start();
    postgres.pause();
    let mut asking = TcpStream::connect(postgres.address()).unwrap();
    asking.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    // A request for TLS, which is answered with one letter.
    std::io::Write::write_all(&mut asking, &[0, 0, 0, 8, 4, 210, 22, 47]).unwrap();
    let mut answer = [0];
    assert!(asking.read(&mut answer).is_err());
    postgres.resume();
    asking.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    asking.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"N");
    assert_eq!(postgres.psql("SELECT 1"), "1");
}

#[test]
fn a_user_needs_his_password() {
    let postgres = Postgres::start();
    let url = postgres.user("somebody", "his-own");
    assert_eq!(postgres.psql_at(&url, "SELECT current_user, usesuper FROM pg_user WHERE usename = current_user"), "somebody|f");
    let wrong = url.replace("his-own", "another");
    let refused = std::panic::catch_unwind(|| postgres.psql_at(&wrong, "SELECT 1")).unwrap_err();
    assert!(refused.downcast::<String>().unwrap().contains("password authentication failed"));
}

#[test]
fn with_tls_nothing_else_is_spoken() {
    let postgres = Postgres::start_with(PostgresOptions { tls: true, ..PostgresOptions::default() });
    let url = format!("{}?sslmode=verify-full&sslrootcert={}", postgres.url(), postgres.ca().display());
    assert_eq!(postgres.psql_at(&url, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"), "t");
    let plain = format!("{}?sslmode=disable", postgres.url());
    let refused = std::panic::catch_unwind(|| postgres.psql_at(&plain, "SELECT 1")).unwrap_err();
    assert!(refused.downcast::<String>().unwrap().contains("no encryption"));
}

#[test]
fn a_relay_leads_there() {
    let postgres = Postgres::start();
    let relay = Relay::to(postgres.address());
    assert_eq!(postgres.psql_at(&relay.instead_of(&postgres.url()), "SELECT 1"), "1");
    relay.cut();
    let cut = std::panic::catch_unwind(|| postgres.psql_at(&relay.instead_of(&postgres.url()), "SELECT 1"));
    assert!(cut.is_err());
}
