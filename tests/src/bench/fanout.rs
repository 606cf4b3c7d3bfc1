//! One event to very many readers of the stream.

use super::figures::Sample;
use crate::desktop::memory::pss_mib;
use crate::{PATIENCE, Whatisup};
use anyhow::{Context, Result, ensure};
use sandbox::phone::Phone;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

#[derive(Debug)]
pub struct Fanout {
    /// Until the last reader has the event.
    pub to_the_last: Sample,
    /// MiB that the readers cost the application together.
    pub memory: f64,
}

/// Opens `readers` streams and has a phone write `times` texts.
///
/// # Errors
/// When a reader is refused or misses an event.
pub async fn measure(app: &Whatisup, from: &Phone, to: &Phone, readers: usize, times: usize) -> Result<Fanout> {
    let key = app.key().await?;
    let pid = app.pid().context("the application runs")?;
    let before = pss_mib(pid)?;
    let (wanted, _) = watch::channel(String::new());
    let got = Arc::new(Semaphore::new(0));
    let ready = Arc::new(Semaphore::new(0));
    let mut tasks: JoinSet<Result<()>> = JoinSet::new();
    for _ in 0..readers {
        let mut stream = TcpStream::connect(("127.0.0.1", app.options.port)).await?;
        let request = format!(
            "GET /v1/events?types=message.received HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nauthorization: Bearer {key}\r\n\r\n",
            app.options.port
        );
        stream.write_all(request.as_bytes()).await?;
        let (wanted, got, ready) = (wanted.subscribe(), got.clone(), ready.clone());
        tasks.spawn(async move {
            let mut text = Vec::new();
            let mut chunk = vec![0; 4096];
            let mut snapshot = false;
            loop {
                let n = stream.read(&mut chunk).await?;
                ensure!(n > 0, "a stream ended");
                text.extend_from_slice(&chunk[..n]);
                let have = |what: &str| text.windows(what.len()).any(|w| w == what.as_bytes());
                if !snapshot && have("event: snapshot") {
                    snapshot = true;
                    ready.add_permits(1);
                }
                let id = wanted.borrow().clone();
                if !id.is_empty() && have(&id) {
                    got.add_permits(1);
                    text.clear();
                }
            }
        });
    }
    all(&ready, readers).await.context("every stream opens with a snapshot")?;
    let memory = pss_mib(pid)? - before;
    let mut to_the_last = Sample::default();
    for n in 0..times {
        // The text of the message itself is what the readers look for: it is known before it is sent.
        let mark = format!("fan-out number {n:06}");
        wanted.send_replace(mark.clone());
        let began = Instant::now();
        from.send_text(to.number(), &mark).await?;
        all(&got, readers).await.context("every reader gets every event")?;
        to_the_last.add(began.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tasks.abort_all();
    Ok(Fanout { to_the_last, memory })
}

async fn all(counted: &Semaphore, readers: usize) -> Result<()> {
    let readers = u32::try_from(readers)?;
    tokio::time::timeout(PATIENCE, counted.acquire_many(readers)).await??.forget();
    Ok(())
}
