//! How fast the outbox of one channel is sent, with a real ledger and a far end that answers at once: accepted, marked,
//! written, acknowledged and delivered, every step durable. `cargo run -p engine --example throughput -- 5000 32`
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::wildcard_enum_match_arm)]

use async_trait::async_trait;
use domain::{ChannelId, Content, Identity, MessageStatus, Person, Phone, StateKind, Timestamp};
use engine::{Engine, EngineConfig, NewChannel, NewMessage, OutboxConfig};
use ledger::{Ledger, OpenOptions};
use socket::{
    Close, Kept, Liveness, Opening, Outbound, ReceiptKind, SendError, Socket, SocketEvent, SocketFactory, StoreError,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// WhatsApp at its best.
struct Prompt;

struct Line {
    words: mpsc::UnboundedSender<SocketEvent>,
}

fn me() -> Identity {
    Identity { phone: Some("15550100123".parse().unwrap()), lid: None, push_name: None }
}

#[async_trait]
impl SocketFactory for Prompt {
    async fn open(&self, opening: Opening) -> Box<dyn Socket> {
        let (words, mut said) = mpsc::unbounded_channel();
        let _ = words.send(SocketEvent::Opened { identity: me() });
        tokio::spawn(async move {
            while let Some(word) = said.recv().await {
                if opening.events.send(word).await.is_err() {
                    return;
                }
            }
        });
        Box::new(Line { words })
    }

    async fn is_paired(&self, _: ChannelId) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn shred(&self, _: ChannelId) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Socket for Line {
    async fn send(&self, message: Outbound) -> Result<(), SendError> {
        let at = Timestamp::from_secs(1_800_000_000);
        let _ = self.words.send(SocketEvent::ServerAck { whatsapp_id: message.whatsapp_id.clone(), error: None, at });
        let whatsapp_ids = vec![message.whatsapp_id];
        let receipt = SocketEvent::Receipt {
            chat: message.chat,
            by: Person::default(),
            whatsapp_ids,
            kind: ReceiptKind::Delivered,
            at,
            kept: Kept::default(),
        };
        let _ = self.words.send(receipt);
        Ok(())
    }

    async fn request_pairing_code(&self, _: Phone) -> Result<(), SendError> {
        Ok(())
    }

    async fn logout(&self) -> Result<(), SendError> {
        Ok(())
    }

    async fn close(&self) {
        let _ = self.words.send(SocketEvent::Closed(Close::Asked));
    }

    fn liveness(&self) -> Liveness {
        Liveness::default()
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>().unwrap());
    let (count, at_once) = (arguments.next().unwrap_or(5_000), arguments.next().unwrap_or(32));
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap();
    let outbox = OutboxConfig { per_minute: 0, ..OutboxConfig::default() };
    let config = EngineConfig { watch_network: false, outbox, ..EngineConfig::default() };
    let engine = Engine::launch(config, ledger.clone(), Arc::new(Prompt), CancellationToken::new()).await.unwrap();
    let id = engine.create(NewChannel { name: "fast".into(), proxy: None, start: true }).await.unwrap().id;
    let connected = |all: &Arc<domain::Overview>| all.get(id).is_some_and(|c| c.state.kind() == StateKind::Connected);
    engine.overview().wait_for(connected).await.unwrap();

    let began = Instant::now();
    let mut senders = Vec::new();
    for n in 0..at_once {
        let engine = engine.clone();
        senders.push(tokio::spawn(async move {
            let mut last = None;
            let mut waits = Vec::new();
            for m in 0..count / at_once {
                let asked = Instant::now();
                let content = Content::Text { text: format!("{n} {m}") };
                let to = format!("+155501{:05}", n).parse().unwrap();
                last = Some(engine.send(id, NewMessage::new(to, content)).await.unwrap().id);
                waits.push(asked.elapsed());
            }
            (last.unwrap(), waits)
        }));
    }
    let (mut last, mut waits) = (Vec::new(), Vec::new());
    for sender in senders {
        let (id, waited) = sender.await.unwrap();
        last.push(id);
        waits.extend(waited);
    }
    let accepted = began.elapsed();
    for id in last {
        while ledger.message(id).await.unwrap().unwrap().status != MessageStatus::Delivered {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    let delivered = began.elapsed();
    waits.sort();
    let rate = |span: Duration| count as f64 / span.as_secs_f64();
    println!("{count} messages from {at_once} programs at once");
    println!("accepted   {:>6.0}/s   p50 {:?} p99 {:?}", rate(accepted), waits[waits.len() / 2], waits[waits.len() * 99 / 100]);
    println!("delivered  {:>6.0}/s", rate(delivered));
    engine.drain(Duration::from_secs(10)).await;
    ledger.close().await;
}
