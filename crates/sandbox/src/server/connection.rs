//! One client's connection: the only task that reads and writes its socket.
//!
//! Lifetime: from the upgrade until either side ends it or the sandbox stops. A half-open connection is kept, unread,
//! until the sandbox stops or its time is over.

use std::pin::Pin;
use std::time::Duration;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use wacore_binary::Node;
use wacore_binary::{marshal, util};

use super::certificate::NoiseIdentity;
use super::client_payload::{self, Claim};
use super::handshake::{self, Secured};
use super::noise::{Reader, Writer};
use super::wire::{Stream, Wire};
use crate::network::{Delivery, Network, SocketEnd, SocketId};

/// A client that has not finished its handshake by then is let go.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// A half-open connection holds its file descriptor no longer than this.
const HALF_OPEN: Duration = Duration::from_secs(15 * 60);
/// Stanzas that go out in one flush at most.
const BATCH: usize = 64;

/// Serves one upgraded WebSocket to its end.
pub async fn serve<S: Stream>(mut wire: Wire<S>, network: &Network, identity: &NoiseIdentity, stop: &CancellationToken) {
    let refuse = network.resumption_refused();
    let secured = tokio::select! {
        () = stop.cancelled() => return,
        secured = tokio::time::timeout(HANDSHAKE, handshake::run(&mut wire, identity, refuse)) => secured,
    };
    let secured = match secured {
        Ok(Ok(secured)) => secured,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a handshake failed");
            if !matches!(error, handshake::HandshakeError::Gone | handshake::HandshakeError::Wire(_)) {
                network.count_malformed();
            }
            return;
        }
        Err(_) => return,
    };
    let Some((id, inbox)) = introduce(network, &secured) else {
        network.count_malformed();
        return;
    };
    let late = FuturesUnordered::new();
    let connection = Connection { wire, reader: secured.reader, writer: secured.writer, network, id, inbox, late };
    let end = connection.run(stop).await;
    network.socket_closed(id, end);
}

/// Lives until the other side leaves: the WebSocket is open, and nothing ever answers.
pub async fn stay_silent<S: Stream>(mut wire: Wire<S>, stop: &CancellationToken) {
    let listen = async { while let Ok(Some(_)) = wire.next().await {} };
    tokio::select! { () = stop.cancelled() => {}, () = listen => {} }
}

fn introduce(network: &Network, secured: &Secured) -> Option<(SocketId, mpsc::Receiver<Delivery>)> {
    match client_payload::parse(&secured.payload, secured.client_key, secured.handshake) {
        Ok(Claim::Login(claim)) => Some(network.log_in(&claim)),
        Ok(Claim::Register(registration)) => Some(network.register(*registration)),
        Err(error) => {
            tracing::debug!(%error, "a client payload was refused");
            None
        }
    }
}

struct Connection<'a, S> {
    wire: Wire<S>,
    reader: Reader,
    writer: Writer,
    network: &'a Network,
    id: SocketId,
    inbox: mpsc::Receiver<Delivery>,
    /// What a fault holds up.
    late: FuturesUnordered<Pin<Box<dyn Future<Output = Late> + Send>>>,
}

/// A stanza whose delay is over.
enum Late {
    Out(Node),
    In(Node),
}

impl<S: Stream> Connection<'_, S> {
    async fn run(mut self, stop: &CancellationToken) -> SocketEnd {
        let mut left = self.network.pairing_time_left(self.id);
        loop {
            // A device never becomes a candidate again, so it need not ask.
            left = left.and_then(|_| self.network.pairing_time_left(self.id));
            let expiry = async {
                match left {
                    Some(left) => tokio::time::sleep(left).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => {
                    self.wire.close().await;
                    return SocketEnd::ByNetwork;
                }
                () = expiry => self.network.pairing_expired(self.id),
                Some(late) = self.late.next() => match late {
                    Late::In(stanza) => self.network.submit_late(self.id, &stanza),
                    Late::Out(stanza) => match self.write(stanza).await {
                        Ok(None) => {}
                        Ok(Some(other)) => if let Some(end) = self.obey(other, stop).await { return self.ended(end).await; },
                        Err(()) => return SocketEnd::ByPeer,
                    },
                },
                delivery = self.inbox.recv() => match delivery {
                    Some(Delivery::Stanza(stanza)) => {
                        match self.write(stanza).await {
                            Ok(None) => {}
                            Ok(Some(other)) => if let Some(end) = self.obey(other, stop).await { return self.ended(end).await; },
                            Err(()) => return SocketEnd::ByPeer,
                        }
                    }
                    Some(other) => if let Some(end) = self.obey(other, stop).await { return self.ended(end).await; },
                    None => return SocketEnd::TooSlow,
                },
                frame = self.wire.next() => match frame {
                    Ok(Some(frame)) => {
                        self.wire.wait(frame.len()).await;
                        if self.read(&frame).is_none() {
                            self.network.count_malformed();
                            return SocketEnd::ByNetwork;
                        }
                    }
                    Ok(None) | Err(_) => return SocketEnd::ByPeer,
                },
            }
        }
    }

    /// Writes this stanza and those that wait behind it; returns what stopped the batch, if it was something else.
    async fn write(&mut self, first: Node) -> Result<Option<Delivery>, ()> {
        let mut stanza = first;
        for _ in 0..BATCH {
            let plain = marshal(&stanza).map_err(|error| tracing::error!(%error, "a stanza did not encode"))?;
            self.wire.feed(&self.writer.encrypt(&plain)).await.map_err(|_| ())?;
            match self.inbox.try_recv() {
                Ok(Delivery::Stanza(next)) => stanza = next,
                Ok(other) => {
                    self.wire.flush().await.map_err(|_| ())?;
                    return Ok(Some(other));
                }
                Err(_) => return self.wire.flush().await.map(|()| None).map_err(|_| ()),
            }
        }
        // The batch is full and one stanza is in hand.
        let plain = marshal(&stanza).map_err(|error| tracing::error!(%error, "a stanza did not encode"))?;
        self.wire.send(&self.writer.encrypt(&plain)).await.map_err(|_| ())?;
        Ok(None)
    }

    fn read(&mut self, frame: &[u8]) -> Option<()> {
        let plain = self.reader.decrypt(frame).ok()?;
        let plain = util::unpack(&plain).ok()?;
        let stanza = marshal::unmarshal_ref(&plain).ok()?.to_owned();
        self.network.submit_from(self.id, stanza);
        Some(())
    }

    /// Does what is not a stanza; `Some` ends the connection.
    async fn obey(&mut self, delivery: Delivery, stop: &CancellationToken) -> Option<Ending> {
        match delivery {
            Delivery::Pace(pace) => {
                self.wire.pace = pace;
                None
            }
            Delivery::End(end) => Some(Ending::Close(end)),
            Delivery::Cut => Some(Ending::Cut),
            Delivery::Freeze => {
                tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(HALF_OPEN) => {} }
                Some(Ending::Cut)
            }
            Delivery::Silence => {
                let listen = async { while let Ok(Some(_)) = self.wire.next().await {} };
                tokio::select! { () = stop.cancelled() => {}, () = listen => {} }
                Some(Ending::Cut)
            }
            Delivery::Later(stanza, delay) => {
                self.hold_up(Late::Out(stanza), delay);
                None
            }
            Delivery::HearLater(stanza, delay) => {
                self.hold_up(Late::In(stanza), delay);
                None
            }
            // Only ever written.
            Delivery::Stanza(_) => None,
        }
    }

    fn hold_up(&mut self, stanza: Late, delay: Duration) {
        self.late.push(Box::pin(async move {
            tokio::time::sleep(delay).await;
            stanza
        }));
    }

    async fn ended(self, ending: Ending) -> SocketEnd {
        match ending {
            Ending::Close(end) => {
                self.wire.close().await;
                end
            }
            Ending::Cut => {
                self.wire.cut();
                SocketEnd::ByFault
            }
        }
    }
}

enum Ending {
    Close(SocketEnd),
    Cut,
}
