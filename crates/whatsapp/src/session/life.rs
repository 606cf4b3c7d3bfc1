//! The life of one session: open the auth-state, run the client, put deadlines on every phase, close in good order.
//! What is heard from the client meanwhile is in [`hear`].

mod hear;

use super::client::{self, Built, Parts};
use super::close::{self, Traces};
use super::ear::{Ear, Heard};
use super::heartbeat::{self, Beat};
use super::now;
use super::shared::{STORAGE_FAILED, Shared, locked};
use crate::auth_state::{FailStop, Turn};
use domain::Cause;
use futures::FutureExt as _;
use socket::{Close, Opening, SocketEvent};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;
use wacore::iq::keepalive::KeepaliveSpec;
use wacore::store::traits::Backend;
use whatsapp_rust::client::NodeFilter;
use whatsapp_rust::{Client, store::persistence_manager::PersistenceManager};

/// From the first packet until the encrypted connection stands.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(15);
/// From there until WhatsApp shows something to scan, or lets a linked device in.
const GREETING_WITHIN: Duration = Duration::from_secs(20);
/// After the login whatsapp-rust still waits for the phone's first state. Sending and receiving work meanwhile, so a
/// phone that keeps silent does not hold the channel up for longer.
const SETTLED_WITHIN: Duration = Duration::from_secs(20);
/// Between the phone's agreement and the server's good-bye for the first login.
const RESTART_WITHIN: Duration = Duration::from_secs(10);
/// How often a phase that has no event of its own is looked at.
const GLANCE: Duration = Duration::from_millis(100);
/// For the flushing and the good-byes at the end.
const FAREWELL: Duration = Duration::from_secs(10);
/// What still runs or waits after that is not waited for any longer.
const LAST_WORDS: Duration = Duration::from_secs(2);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Connecting,
    /// Handshaken; WhatsApp says next what it wants.
    Greeting,
    Pairing,
    Paired,
    /// Logged in, the first state still to come.
    Settling,
    Open,
}

/// Runs a session to its end and says how it ended.
pub(super) async fn live(parts: Arc<Parts>, opening: Opening, shared: Arc<Shared>) -> Close {
    let turn = tokio::select! {
        turn = parts.auth_states.turn(shared.channel) => turn,
        () = shared.asked_to_end() => return Close::Asked,
    };
    let close = Box::pin(attempt(&parts, opening, &shared, &turn)).await;
    if !close::comes_back(&close) {
        turn.close();
    }
    close
}

async fn attempt(parts: &Arc<Parts>, opening: Opening, shared: &Arc<Shared>, turn: &Turn) -> Close {
    let failed = Arc::clone(shared);
    let store = match parts.auth_states.open(shared.channel, turn, move |close| failed.decide(close)).await {
        Ok(store) => store,
        Err(error) => {
            tracing::warn!(channel.id = %shared.channel, %error, "no auth-state");
            return error.close();
        }
    };
    let close = Box::pin(with_store(parts, opening, shared, Arc::clone(&store))).await;
    if !store.close().await {
        // What is in memory is ahead of what is on disk. The next session reads the disk.
        turn.close();
    }
    close
}

async fn with_store(parts: &Arc<Parts>, opening: Opening, shared: &Arc<Shared>, store: Arc<FailStop<dyn Backend>>) -> Close {
    let (ear, heard) = Ear::new(Arc::clone(shared));
    let built = match Box::pin(client::build(parts, &opening, shared, store, ear)).await {
        Ok(built) => built,
        Err(close) => return close,
    };
    shared.set_client(Some(Arc::clone(&built.client)));
    let running = Arc::clone(&built.client);
    let life = Life {
        parts: Arc::clone(parts),
        shared: Arc::clone(shared),
        opening,
        phase: Phase::Connecting,
        since: Instant::now(),
        pinged: None,
        traces: Traces::default(),
        deaf: false,
        tasks: JoinSet::new(),
        client: Arc::clone(&built.client),
        persistence: Arc::clone(&built.persistence),
        paired: built.paired,
    };
    let run = Run(tokio::spawn(async move { running.run().await }));
    let close = Box::pin(life.through(run, heard)).await;
    drop::<Built>(built);
    close
}

/// The client's run; it never outlives the session, even when that panics.
struct Run(JoinHandle<()>);

impl Drop for Run {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Life {
    parts: Arc<Parts>,
    shared: Arc<Shared>,
    opening: Opening,
    phase: Phase,
    /// When the phase began.
    since: Instant,
    pinged: Option<Instant>,
    traces: Traces,
    /// The engine took no event in the last moments; no further one is tried.
    deaf: bool,
    /// Pings and code requests on their way; they end with the session.
    tasks: JoinSet<()>,
    client: Arc<Client>,
    persistence: Arc<PersistenceManager>,
    paired: bool,
}

impl Life {
    async fn through(mut self, mut run: Run, mut heard: UnboundedReceiver<Heard>) -> Close {
        let client = Arc::clone(&self.client);
        let shared = Arc::clone(&self.shared);
        // whatsapp-rust keeps the codes of most stream errors to itself.
        let mut stream_error = client.wait_for_node(NodeFilter::tag("stream:error")).fuse();
        let mut run_over = false;
        while !run_over {
            let wake = self.next_look();
            tokio::select! {
                biased;
                () = shared.asked_to_end() => break,
                Some(event) = heard.recv() => self.hear(event).await,
                node = &mut stream_error => if let Ok(node) = node {
                    self.traces.stream_error = Some(node.get().attrs().optional_string("code").and_then(|c| c.parse().ok()).unwrap_or(0));
                },
                _ = &mut run.0 => run_over = true,
                () = tokio::time::sleep_until(wake) => self.look().await,
            }
        }
        // Both may have been left behind by the run in its last moment.
        if let Some(Ok(node)) = stream_error.now_or_never() {
            self.traces.stream_error =
                Some(node.get().attrs().optional_string("code").and_then(|c| c.parse().ok()).unwrap_or(0));
        }
        self.drain(&mut heard).await;
        let close = self.settled();
        self.leave(run, run_over, &mut heard).await;
        self.drain(&mut heard).await;
        // What the teardown itself caused is not the reason; a verdict that came meanwhile may be a stronger one.
        match (close, shared.verdict()) {
            (Close::Lost(_) | Close::Restart, Some(told)) if told != Close::Asked && told != STORAGE_FAILED => told,
            (close, _) => close,
        }
    }

    fn settled(&mut self) -> Close {
        self.traces.silent = self.shared.pulse.quiet();
        self.traces.pipe = self.shared.pulse.end();
        self.shared.verdict().unwrap_or_else(|| close::deduced(self.traces))
    }

    async fn drain(&mut self, heard: &mut UnboundedReceiver<Heard>) {
        while let Ok(event) = heard.try_recv() {
            self.hear(event).await;
        }
    }

    /// Good order: acks and receipts leave, the device's record reaches the disk, the socket closes, the run ends.
    /// After a write that failed the same, but nothing reaches the disk: the store sees to that.
    async fn leave(&mut self, mut run: Run, run_over: bool, heard: &mut UnboundedReceiver<Heard>) {
        self.shared.set_client(None);
        self.tasks.abort_all();
        if !self.traces.handshaken {
            // It may be waiting for an answer that never comes, and has nothing yet to say good-bye to.
            run.0.abort();
        }
        let client = Arc::clone(&self.client);
        let mut farewell = pin!(tokio::time::timeout(FAREWELL, client.disconnect()));
        // The last frames may wait for receipts that are still to be told.
        let left = loop {
            tokio::select! {
                biased;
                left = &mut farewell => break left,
                Some(event) = heard.recv() => self.hear(event).await,
            }
        };
        if left.is_err() {
            tracing::warn!(channel.id = %self.shared.channel, "a session did not close in time; cutting it");
        }
        if !run_over && tokio::time::timeout(LAST_WORDS, &mut run.0).await.is_err() {
            tracing::warn!(channel.id = %self.shared.channel, "a run did not end by itself; ending it");
        }
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    /// When to look next, at the latest, if nothing happens.
    fn next_look(&self) -> Instant {
        match self.phase {
            Phase::Connecting | Phase::Greeting | Phase::Settling => Instant::now() + GLANCE,
            Phase::Paired => self.since + RESTART_WITHIN,
            Phase::Pairing | Phase::Open => {
                let beat = match self.beat() {
                    Beat::Wait(rest) => Instant::now() + rest,
                    Beat::Ping | Beat::Dead => Instant::now(),
                };
                let until = locked(&self.shared.pairing).until();
                until.filter(|_| self.phase == Phase::Pairing).map_or(beat, |until| until.min(beat))
            }
        }
    }

    fn beat(&self) -> Beat {
        heartbeat::beat(self.shared.pulse.quiet(), self.pinged.map(|at| at.elapsed()))
    }

    /// Looks after deadlines and the pulse.
    async fn look(&mut self) {
        let in_phase = self.since.elapsed();
        match self.phase {
            Phase::Connecting => {
                if self.client.is_connected() {
                    self.traces.handshaken = true;
                    self.enter(Phase::Greeting);
                    self.tell(SocketEvent::Handshaken).await;
                } else if in_phase >= HANDSHAKE_WITHIN {
                    self.shared.decide(Close::Lost(self.shared.pulse.end().unwrap_or(Cause::NoAnswer)));
                }
            }
            Phase::Greeting => {
                if self.paired && self.client.is_logged_in() {
                    self.enter(Phase::Settling);
                } else if in_phase >= GREETING_WITHIN {
                    self.shared.decide(Close::Lost(Cause::NoAnswer));
                }
            }
            Phase::Settling if in_phase >= SETTLED_WITHIN && self.client.is_logged_in() => self.opened().await,
            Phase::Settling => {}
            // The server's 515 did not come; a fresh login is what it would have asked for.
            Phase::Paired if in_phase >= RESTART_WITHIN => self.shared.decide(Close::Restart),
            Phase::Paired => {}
            Phase::Pairing => {
                let over = locked(&self.shared.pairing).until().is_some_and(|until| Instant::now() >= until);
                if over {
                    self.shared.decide(Close::PairingExpired);
                } else {
                    self.probe();
                }
            }
            Phase::Open => self.probe(),
        }
    }

    /// Pings, or believes that the connection is dead.
    fn probe(&mut self) {
        match self.beat() {
            Beat::Wait(_) => {
                self.pinged = None;
                self.shared.set_pinged(None);
            }
            Beat::Ping => {
                self.pinged = Some(Instant::now());
                self.shared.set_pinged(Some(now()));
                let client = Arc::clone(&self.client);
                self.tasks.spawn(async move {
                    // The frame that answers is what counts; it has been seen by the pipe.
                    let _ = client.execute(KeepaliveSpec::with_timeout(heartbeat::PING_TIMEOUT)).await;
                });
                while self.tasks.try_join_next().is_some() {}
            }
            Beat::Dead => self.shared.decide(Close::Lost(Cause::NoAnswer)),
        }
    }
}
