//! Who stands at the other end of a connection, as far as the system tells.

use crate::holder;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use domain::{DoorKind, Peer};
use std::convert::Infallible;
use std::net::SocketAddr;

/// Both ends of a TCP connection of this machine, in the extensions of each of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ends {
    pub peer: SocketAddr,
    pub own: SocketAddr,
}

/// The other end with its program, which is looked for now when the connection is of TCP: for the few routes on which a person
/// wants to know, because looking reads all of `/proc`.
pub(crate) struct FarEnd(pub Peer);

impl<S: Send + Sync> FromRequestParts<S> for FarEnd {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut peer = known(parts);
        if let (None, Some(Ends { peer: there, own })) = (&peer.program, parts.extensions.get::<Ends>().copied()) {
            peer.program = tokio::task::spawn_blocking(move || holder::caller(there, own)).await.ok().flatten();
        }
        Ok(FarEnd(peer))
    }
}

/// The other end as the connection was described when it came.
pub(crate) fn known(parts: &Parts) -> Peer {
    let peer = parts.extensions.get::<Peer>().cloned();
    peer.unwrap_or(Peer { door: DoorKind::Tcp, address: None, program: None })
}
