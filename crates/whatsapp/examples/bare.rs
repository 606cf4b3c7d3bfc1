//! The library alone, for comparison: whatsapp-rust with its own transport and a plain SQLite file per client, doing the
//! sends that the benchmark asks of the application. Speaks lines with the benchmark:
//! it prints `qr TEXT` for each client, `ready` when all are connected, and `per_second=… p50=… p99=…` after the run.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a measuring program that talks on stdout"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, mpsc};
use whatsapp_rust::TokioRuntime;
use whatsapp_rust::bot::{Bot, BotHandle};
use whatsapp_rust::client::Client;
use whatsapp_rust::types::events::Event;
use whatsapp_rust_sqlite_storage::SqliteStore;
use whatsapp_rust_tokio_transport::TokioWebSocketTransportFactory;

/// `bare URL DIRECTORY CLIENTS MESSAGES-EACH IN-FLIGHT TO-JID`
#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [url, directory, clients, each, in_flight, to] = args.as_slice() else { panic!("six arguments") };
    let (clients, each, in_flight): (usize, usize, usize) =
        (clients.parse().unwrap(), each.parse().unwrap(), in_flight.parse().unwrap());
    let mut running = Vec::new();
    for n in 0..clients {
        running.push(start(url, &format!("{directory}/bare-{n}.db")).await);
    }
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    if each > 0 {
        measure(&running, each, in_flight, to).await;
        std::io::stdin().read_line(&mut line).unwrap();
    }
}

async fn start(url: &str, path: &str) -> BotHandle {
    let (tell, mut told) = mpsc::unbounded_channel();
    let bot = Bot::builder()
        .with_backend(SqliteStore::new(path).await.unwrap())
        .with_transport_factory(TokioWebSocketTransportFactory::new().with_url(url))
        .with_http_client(NoHttp)
        .with_runtime(TokioRuntime)
        .with_version((2, 3000, 1_042_742_319))
        .skip_history_sync()
        .on_event(move |event, _client| {
            let tell = tell.clone();
            async move {
                match &*event {
                    Event::PairingQrCode(qr) => drop(tell.send(Some(qr.code.clone()))),
                    Event::Connected(_) => drop(tell.send(None)),
                    _ => {}
                }
            }
        })
        .build()
        .await
        .unwrap();
    let handle = bot.spawn();
    let mut shown = false;
    while let Some(Some(code)) = told.recv().await {
        if !shown {
            println!("qr {code}");
            shown = true;
        }
    }
    handle
}

/// The benchmark tells at the sandbox when the last one arrived; here only the calls are timed.
async fn measure(clients: &[BotHandle], each: usize, in_flight: usize, to: &str) {
    let to: whatsapp_rust::Jid = to.parse().unwrap();
    for handle in clients {
        for n in 0..5 {
            send(&handle.client(), &to, n).await;
        }
    }
    println!("warm");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for handle in clients {
        let gate = Arc::new(Semaphore::new(in_flight));
        for n in 0..each {
            let (client, to, gate) = (handle.client(), to.clone(), gate.clone());
            tasks.spawn(async move {
                let _turn = gate.acquire().await.unwrap();
                let began = Instant::now();
                send(&client, &to, n).await;
                began.elapsed()
            });
        }
    }
    let mut took: Vec<Duration> = tasks.join_all().await;
    took.sort();
    let at = |percent: usize| took[(took.len() - 1) * percent / 100].as_secs_f64() * 1000.0;
    println!("p50={} p99={}", at(50), at(99));
}

async fn send(client: &Arc<Client>, to: &whatsapp_rust::Jid, n: usize) {
    let message = waproto::whatsapp::Message { conversation: Some(format!("bare {n}")), ..Default::default() };
    client.send_message(to, message).await.unwrap();
}

/// Nothing here needs HTTP.
#[derive(Debug)]
struct NoHttp;

#[async_trait::async_trait]
impl wacore::net::HttpClient for NoHttp {
    async fn execute(&self, _: wacore::net::HttpRequest) -> anyhow::Result<wacore::net::HttpResponse> {
        anyhow::bail!("no HTTP in this program")
    }
}
