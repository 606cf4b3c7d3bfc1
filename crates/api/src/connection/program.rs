//! Who is at the other end of a Unix socket.

use crate::holder;
use domain::Program;
use tokio::net::UnixStream;

/// The process that connected, as the system vouches for it: its user, and its program when that can be told without doubt.
pub(super) struct Credentials {
    pub uid: u32,
    pub program: Option<Program>,
}

pub(super) fn of(stream: &UnixStream) -> std::io::Result<Credentials> {
    let credentials = stream.peer_cred()?;
    let (uid, pid) = (credentials.uid(), credentials.pid().and_then(|pid| u32::try_from(pid).ok()));
    Ok(Credentials { uid, program: pid.and_then(|pid| holder::program(pid, uid)) })
}
