//! What can go wrong, per device or for everybody, until healed.

use std::time::Duration;

use wacore_binary::Jid;

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
}
