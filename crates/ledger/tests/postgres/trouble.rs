//! The server goes and comes back, the network breaks, a process stops in the middle.

use crate::ground::{Home, add_channel, all_events, assert_no_hole, inbound, open, outbound, t, text};
use crate::home::connect;
use crate::news::hears;
use domain::ChannelId;
use ledger::{Ledger, LedgerError, News, Postgres, PostgresConfig};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Asks until it works.
async fn soon<T>(mut ask: impl AsyncFnMut() -> Result<T, LedgerError>) -> T {
    let deadline = Instant::now() + Duration::from_secs(40);
    loop {
        match ask().await {
            Ok(value) => return value,
            Err(error) => {
                assert!(matches!(error, LedgerError::Io(_)), "{error:?}");
                assert!(Instant::now() < deadline, "{error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

/// Writers on both ledgers until they are told to stop; the names of what was answered for.
struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU32>,
    writers: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Traffic {
    fn start(ledgers: &[Ledger], channel: ChannelId) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let writers = (0..6u128).map(|writer| {
            let ledger = ledgers[usize::try_from(writer).unwrap() % ledgers.len()].clone();
            let (stop, answered) = (stop.clone(), answered.clone());
            tokio::spawn(async move {
                let mut promised = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let n = (writer + 1) * 1_000_000 + n;
                    let name = format!("N{n}.");
                    let done = if writer % 2 == 0 {
                        ledger.insert_outbound(outbound(channel, n, &name), None, None).await.map(drop)
                    } else {
                        ledger.insert_inbound(vec![inbound(channel, n, &name, text("x"))], t(2)).await.map(drop)
                    };
                    match done {
                        Ok(()) => {
                            promised.push(name);
                            answered.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(LedgerError::Io(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                promised
            })
        });
        let writers = writers.collect();
        Traffic { stop, answered, writers }
    }

    /// Waits until so many more were answered.
    async fn goes_on(&self, more: u32) {
        let (goal, deadline) = (self.answered.load(Ordering::Relaxed) + more, Instant::now() + Duration::from_secs(60));
        while self.answered.load(Ordering::Relaxed) < goal {
            assert!(Instant::now() < deadline, "nothing is written any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn end(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        futures::future::join_all(self.writers).await.into_iter().flat_map(|done| done.unwrap()).collect()
    }
}

async fn assert_all_there(ledger: &Ledger, promised: &[String]) {
    crate::shared::reaches(ledger, soon(async || Ok(ledger.stats().await?.last_seq)).await).await;
    let mut told = HashMap::<String, u32>::new();
    for event in all_events(ledger).await {
        let data: serde_json::Value = serde_json::from_str(event.data.get()).unwrap();
        if let Some(name) = data["message"]["whatsapp_id"].as_str() {
            *told.entry(name.to_owned()).or_default() += 1;
        }
    }
    for name in promised {
        assert_eq!(told.get(name), Some(&1), "{name} was answered for");
    }
    assert!(told.values().all(|count| *count == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_in_the_middle_of_traffic_loses_nothing_that_was_answered_for() {
    let home = Home::of_its_own(servers::Postgres::start());
    let (a, b) = (open(home.path()).await, open(home.path()).await);
    let id = add_channel(&a, 1).await;
    let mut news = b.news();
    let traffic = Traffic::start(&[a.clone(), b.clone()], id);
    traffic.goes_on(50).await;
    home.server().restart();
    hears(&mut news, &News::Missed).await;
    traffic.goes_on(50).await;
    home.server().kill9();
    home.server().start_again();
    traffic.goes_on(50).await;
    let promised = traffic.end().await;
    assert_all_there(&b, &promised).await;
    assert_all_there(&a, &promised).await;
    let last = all_events(&b).await.len() as u64;
    crate::shared::reaches(&a, last).await;
    assert_no_hole(&a).await;

    // What is told afterwards is heard again.
    let other = add_channel(&a, 2).await;
    hears(&mut news, &News::Channels(vec![other])).await;
    a.close().await;
    b.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_break_again_and_again_lose_nothing_and_double_nothing() {
    let home = Home::of_its_own(servers::Postgres::start());
    let relay = servers::Relay::to(home.server().address());
    let config = PostgresConfig::new(relay.instead_of(home.url()));
    let far = Ledger::on(Postgres::connect(config).await.unwrap(), &crate::ground::KEY).await.unwrap();
    let near = open(home.path()).await;
    let id = add_channel(&near, 1).await;
    let traffic = Traffic::start(std::slice::from_ref(&far), id);
    for _ in 0..12 {
        traffic.goes_on(15).await;
        relay.cut();
        relay.mend();
    }
    traffic.goes_on(15).await;
    let promised = traffic.end().await;
    assert_all_there(&near, &promised).await;
    assert_no_hole(&near).await;
    // What was not answered for did not happen either: with the server there to ask, no commit stays in doubt.
    let there = all_events(&near).await.len() - 1;
    assert_eq!(there, promised.len());
    far.close().await;
    near.close().await;
}

#[tokio::test]
async fn while_the_server_is_away_nothing_is_written_or_read_and_then_everything_goes_on() {
    let home = Home::of_its_own(servers::Postgres::start());
    let ledger = open(home.path()).await;
    let id = add_channel(&ledger, 1).await;
    home.server().stop();
    let began = Instant::now();
    for n in 0..20 {
        let refused = ledger.insert_inbound(vec![inbound(id, n, &format!("I{n}"), text("x"))], t(2)).await;
        assert!(matches!(refused, Err(LedgerError::Io(_))), "{refused:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(5), "each is refused at once");
    assert!(matches!(ledger.channels().await, Err(LedgerError::Io(_))));
    home.server().start_again();
    soon(async || ledger.insert_inbound(vec![inbound(id, 1, "I1", text("x"))], t(2)).await).await;
    assert_eq!(soon(async || ledger.channels().await).await.len(), 1);
    assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_and_the_rest_comes_when_it_speaks_again() {
    let home = Home::of_its_own(servers::Postgres::start());
    let relay = servers::Relay::to(home.server().address());
    let config = PostgresConfig::new(relay.instead_of(home.url()));
    let ledger = Ledger::on(Postgres::connect(config).await.unwrap(), &crate::ground::KEY).await.unwrap();
    let id = add_channel(&ledger, 1).await;
    relay.blackhole();
    let began = Instant::now();
    let refused = ledger.insert_inbound(vec![inbound(id, 1, "I1", text("x"))], t(2)).await;
    assert!(matches!(refused, Err(LedgerError::Io(_))), "{refused:?}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    relay.mend();
    soon(async || ledger.insert_inbound(vec![inbound(id, 1, "I1", text("x"))], t(2)).await).await;
    assert_eq!(soon(async || ledger.messages(id, &ledger::MessageQuery::default()).await).await.messages.len(), 1);
    ledger.close().await;
}

/// A process that is stopped while it holds the lock of the log, as ours take it.
#[tokio::test]
async fn who_stops_in_the_middle_of_a_transaction_holds_up_nobody_for_long() {
    let home = Home::new();
    let ledger = open(home.path()).await;
    let id = add_channel(&ledger, 1).await;
    let child = crate::child::of("trouble::stops_while_it_writes", home.path()).stdout(std::process::Stdio::piped()).spawn();
    let mut child = child.unwrap();
    let mut said = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(said.any(|line| line.unwrap().contains("writing")));
    // Somewhere in the middle of what it writes, sooner or later with the lock.
    let pid = child.id().to_string();
    for _ in 0..3 {
        std::process::Command::new("kill").args(["-STOP", &pid]).status().unwrap();
        let began = Instant::now();
        soon(async || ledger.insert_inbound(vec![inbound(id, 1, "I1", text("x"))], t(2)).await).await;
        assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
        std::process::Command::new("kill").args(["-CONT", &pid]).status().unwrap();
        // It finds itself thrown out at most, and goes on.
        assert!(said.any(|line| line.unwrap().contains("writing")));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_no_hole(&ledger).await;
    ledger.close().await;
}

#[test]
#[ignore = "the child of who_stops_in_the_middle_of_a_transaction_holds_up_nobody_for_long"]
fn stops_while_it_writes() {
    let Some(home) = crate::child::dir() else { return };
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let ledger = open(&home).await;
        let id = ledger.channel_ids().await.unwrap()[0];
        let seed = u128::from(std::process::id()) * 1_000_000;
        for n in seed.. {
            let many = (0..50).map(|k| inbound(id, 50 * n + k, &format!("C{n}-{k}"), text("x"))).collect();
            match ledger.insert_inbound(many, t(2)).await {
                Ok(_) | Err(LedgerError::Io(_)) => crate::trouble::say("writing"),
                Err(error) => panic!("{error:?}"),
            }
        }
    });
}

fn say(what: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what}").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
async fn a_database_that_is_full_of_old_connections_is_told() {
    let home = Home::of_its_own(servers::Postgres::start());
    let url = home.server().user("ada", "pw");
    home.server().psql("ALTER ROLE ada CONNECTION LIMIT 0");
    let refused = Postgres::connect(PostgresConfig::new(url)).await;
    assert!(matches!(refused, Err(ledger::OpenError::Unreachable(_))), "{refused:?}");
    drop(connect(home.url()).await);
}
