//! What can go wrong, per device or for everybody, until healed.

use std::time::{Duration, SystemTime};

use wacore_binary::{Jid, Node};

use super::event::{NetworkEvent, SocketEnd};
use super::login::fault_failure;
use super::socket::Holder;
use super::stanza::{conflict, stream_error};
use super::transit::{Transit, Way};
use super::world::{DeviceId, World};
use super::{Delivery, SocketId};

/// Whom a fault hits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Every socket, those not yet logged in included. Links (phones) are never hit.
    Everyone,
    /// One device. A device is recognised when the handshake shows its key, so faults that act earlier
    /// (refusing TCP, HTTP 503) act on a single device at that moment.
    Device(Jid),
}

/// One kind of trouble. *Once* faults act on the sockets open now; *lasting* ones stay until healed or used up.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Once: the TCP connection is cut without a closing handshake.
    Drop,
    /// Once: the server stops reading and writing but keeps the TCP connection open.
    HalfOpen,
    /// Lasting: the WebSocket opens and then nothing answers. Sockets open now go silent too.
    Hang,
    /// Lasting: new connections are closed at once; for so many connections, or for so long (the first that runs out;
    /// neither: until healed). Open sockets stay.
    Refuse { connections: Option<u32>, lasting: Option<Duration> },
    /// Lasting: open sockets get `<stream:error code="503">` and are closed, new ones HTTP 503 (everyone) or the same
    /// stream error at login (one device).
    Unavailable,
    /// Lasting: every frame waits `latency`, and no more than so many bytes pass per second in each direction.
    Slow { latency: Duration, bytes_per_second: Option<u32> },
    /// Once: `<stream:error><conflict type="replaced"/>`, as when the same credentials log in elsewhere.
    Replaced,
    /// Lasting until it expires: open sockets are closed, logins get failure 402 with what remains.
    TemporaryBan { duration: Duration },
    /// Lasting: logins get failure 405, client too old.
    Outdated,
    /// Lasting: logins get this failure code (401 logged out, 403 banned, 500 …), open sockets are closed.
    LoginFailure { code: u16 },
    /// Once: `<stream:error code=…>` (515 restart, 516 logged out, …), then the socket closes.
    StreamError { code: u16 },
    /// Lasting: messages of clients are refused with this nack code and go nowhere; so many of them, or all.
    Nack { code: u16, messages: Option<u32> },
    /// Lasting: messages of clients are delivered, but the server says nothing of it; so many of them, or all.
    SwallowAcks { messages: Option<u32> },
    /// Lasting: the server's word on a message of a client comes so much later; of so many of them, or of all.
    DelayAcks { delay: Duration, messages: Option<u32> },
    /// Lasting: the TCP connection is cut when a message of a client has arrived, before its ack; so many times, or always.
    /// `delivered` says whether the message went on to its recipients before the cut.
    DropBeforeAck { messages: Option<u32>, delivered: bool },
    /// Lasting: stanzas on the way to or from a client vanish. `tag` narrows it to `message`, `receipt`, `ack`, `iq` …
    SwallowStanzas { way: Way, tag: Option<String>, stanzas: Option<u32> },
    /// Lasting: stanzas on the way to or from a client come so much later, overtaken by others.
    DelayStanzas { way: Way, tag: Option<String>, delay: Duration, stanzas: Option<u32> },
}

/// The lasting faults in force.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    lasting: Vec<Trouble>,
}

#[derive(Debug)]
struct Trouble {
    target: Target,
    fault: Fault,
    until: Option<SystemTime>,
    /// Connections left to be hit.
    left: Option<u32>,
}

/// What a fresh TCP connection meets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Door {
    Open,
    Refused(Fault),
    /// HTTP 503 instead of the upgrade.
    Unavailable(Fault),
    /// The WebSocket opens, then nothing.
    Silent(Fault),
}

/// What a login meets.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    Fine,
    Fail { stanza: Node, fault: Fault },
    Cut(Fault),
    Silence(Fault),
}

/// How slow a connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    pub latency: Duration,
    pub bytes_per_second: Option<u32>,
}

impl Target {
    fn names(&self, device: Option<&Jid>) -> bool {
        match self {
            Self::Everyone => true,
            Self::Device(wanted) => device.is_some_and(|device| device == wanted),
        }
    }
}

impl Troubles {
    fn add(&mut self, target: Target, fault: Fault, now: SystemTime) {
        let (until, left) = match &fault {
            Fault::Refuse { connections, lasting } => (lasting.map(|lasting| now + lasting), *connections),
            Fault::TemporaryBan { duration } => (Some(now + *duration), None),
            Fault::Hang | Fault::Unavailable | Fault::Slow { .. } | Fault::Outdated | Fault::LoginFailure { .. } => {
                (None, None)
            }
            Fault::Nack { messages, .. }
            | Fault::SwallowAcks { messages }
            | Fault::DelayAcks { messages, .. }
            | Fault::DropBeforeAck { messages, .. } => (None, *messages),
            Fault::SwallowStanzas { stanzas, .. } | Fault::DelayStanzas { stanzas, .. } => (None, *stanzas),
            // These are over when they have happened.
            Fault::Drop | Fault::HalfOpen | Fault::Replaced | Fault::StreamError { .. } => return,
        };
        self.lasting.push(Trouble { target, fault, until, left });
    }

    fn heal(&mut self, target: &Target) {
        self.lasting.retain(|trouble| trouble.target != *target);
    }

    pub fn in_force(&mut self, now: SystemTime) -> Vec<(Target, Fault)> {
        self.expire(now);
        self.lasting.iter().map(|trouble| (trouble.target.clone(), trouble.fault.clone())).collect()
    }

    /// Asked once for every TCP connection.
    pub fn at_door(&mut self, now: SystemTime) -> Door {
        self.expire(now);
        for trouble in self.lasting.iter_mut().filter(|trouble| trouble.target == Target::Everyone) {
            let fault = trouble.fault.clone();
            if matches!(fault, Fault::Refuse { .. }) {
                spend(trouble);
                return Door::Refused(fault);
            }
            if matches!(fault, Fault::Unavailable) {
                return Door::Unavailable(fault);
            }
            if matches!(fault, Fault::Hang) {
                return Door::Silent(fault);
            }
        }
        Door::Open
    }

    /// Asked once for every login; what stopped the connection at the door for everyone is not asked again.
    pub fn at_login(&mut self, device: &Jid, now: SystemTime) -> Verdict {
        self.expire(now);
        for trouble in &mut self.lasting {
            if !trouble.target.names(Some(device)) {
                continue;
            }
            let fault = trouble.fault.clone();
            let remaining = trouble.until.and_then(|until| until.duration_since(now).ok()).unwrap_or_default();
            if let Some(stanza) = fault_failure(&fault, remaining) {
                return Verdict::Fail { stanza, fault };
            }
            if trouble.target != Target::Everyone && matches!(fault, Fault::Refuse { .. }) {
                spend(trouble);
                return Verdict::Cut(fault);
            }
            if trouble.target != Target::Everyone && matches!(fault, Fault::Hang) {
                return Verdict::Silence(fault);
            }
        }
        Verdict::Fine
    }

    pub fn pace(&self, device: Option<&Jid>) -> Option<Pace> {
        self.lasting.iter().filter(|trouble| trouble.target.names(device)).find_map(|trouble| match trouble.fault {
            Fault::Slow { latency, bytes_per_second } => Some(Pace { latency, bytes_per_second }),
            Fault::Drop
            | Fault::HalfOpen
            | Fault::Hang
            | Fault::Refuse { .. }
            | Fault::Unavailable
            | Fault::Replaced
            | Fault::TemporaryBan { .. }
            | Fault::Outdated
            | Fault::LoginFailure { .. }
            | Fault::StreamError { .. }
            | Fault::Nack { .. }
            | Fault::SwallowAcks { .. }
            | Fault::DelayAcks { .. }
            | Fault::DropBeforeAck { .. }
            | Fault::SwallowStanzas { .. }
            | Fault::DelayStanzas { .. } => None,
        })
    }

    /// What becomes of a stanza of a client's on its way. Asked once for every one of them.
    pub fn in_transit(&mut self, way: Way, tag: &str, device: &Jid, now: SystemTime) -> Option<(Transit, Fault)> {
        if self.lasting.is_empty() {
            return None;
        }
        self.expire(now);
        let trouble = self
            .lasting
            .iter_mut()
            .filter(|trouble| trouble.target.names(Some(device)))
            .find(|trouble| Transit::of(&trouble.fault, way, tag).is_some())?;
        let transit = Transit::of(&trouble.fault, way, tag)?;
        let fault = trouble.fault.clone();
        spend(trouble);
        self.expire(now);
        Some((transit, fault))
    }

    /// Whether nothing lasting is in force: the fast way for everything that is asked often.
    pub fn none(&self) -> bool {
        self.lasting.is_empty()
    }

    fn expire(&mut self, now: SystemTime) {
        self.lasting.retain(|trouble| trouble.until.is_none_or(|until| until > now) && trouble.left != Some(0));
    }
}

fn spend(trouble: &mut Trouble) {
    trouble.left = trouble.left.map(|left| left.saturating_sub(1));
}

impl World {
    pub fn inject(&mut self, target: &Target, fault: &Fault) {
        let hit: Vec<(SocketId, Option<DeviceId>)> = self
            .sockets
            .iter()
            .filter(|(_, socket)| !socket.link && !matches!(socket.holder, Holder::Nobody))
            .map(|(id, socket)| (*id, socket.holder.device()))
            .filter(|(_, device)| target.names(device.map(|device| self.jid_of(device)).as_ref()))
            .collect();
        self.troubles.add(target.clone(), fault.clone(), self.now);
        for (socket, device) in hit {
            match fault {
                Fault::Drop => self.end(socket, Delivery::Cut, SocketEnd::ByFault),
                Fault::HalfOpen => self.deaden(socket, Delivery::Freeze),
                Fault::Hang => self.deaden(socket, Delivery::Silence),
                Fault::Unavailable => self.finish(socket, Some(stream_error(503)), SocketEnd::ByFault),
                Fault::StreamError { code } => self.finish(socket, Some(stream_error(*code)), SocketEnd::ByFault),
                Fault::Replaced => self.finish(socket, Some(conflict("replaced")), SocketEnd::ByFault),
                Fault::TemporaryBan { .. } | Fault::LoginFailure { .. } => {
                    self.finish(socket, None, SocketEnd::ByFault);
                }
                Fault::Slow { latency, bytes_per_second } => {
                    let pace = Pace { latency: *latency, bytes_per_second: *bytes_per_second };
                    self.outbox.push((socket, Delivery::Pace(Some(pace))));
                }
                // Only newcomers.
                Fault::Refuse { .. } | Fault::Outdated => continue,
                // Only stanzas to come.
                Fault::Nack { .. }
                | Fault::SwallowAcks { .. }
                | Fault::DelayAcks { .. }
                | Fault::DropBeforeAck { .. }
                | Fault::SwallowStanzas { .. }
                | Fault::DelayStanzas { .. } => continue,
            }
            self.hit(device, fault);
        }
    }

    pub fn heal(&mut self, target: &Target) {
        self.troubles.heal(target);
        let sockets: Vec<(SocketId, Option<DeviceId>)> =
            self.sockets.iter().map(|(id, socket)| (*id, socket.holder.device())).collect();
        for (socket, device) in sockets {
            let pace = self.troubles.pace(device.map(|device| self.jid_of(device)).as_ref());
            self.outbox.push((socket, Delivery::Pace(pace)));
        }
        self.tell(NetworkEvent::Healed { target: target.clone() });
    }

    pub fn heal_all(&mut self) {
        for (target, _) in self.troubles.in_force(self.now) {
            self.heal(&target);
        }
    }

    fn deaden(&mut self, socket: SocketId, how: Delivery) {
        if let Some(found) = self.sockets.get_mut(&socket) {
            found.dead = true;
        }
        self.outbox.push((socket, how));
    }
}
