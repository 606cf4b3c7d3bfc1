//! Whether WhatsApp can be reached from here at all, for `doctor`.

use crate::Endpoint;
use crate::dialer::{Dialer, trust};
use bytes::Bytes;
use domain::Timestamp;
use http_body_util::Empty;
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{DATE, HOST};
use hyper_util::rt::TokioIo;

/// An answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reached {
    /// What time it is there, when the answer said so.
    pub date: Option<Timestamp>,
}

/// Why none came, in words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ReachError(String);

/// Connects without a proxy, with TLS where the endpoint has it, and asks for its date. Sends nothing of any account.
///
/// # Errors
/// When nothing can be reached there. The caller sets the deadline.
pub async fn reach(endpoint: &Endpoint) -> Result<Reached, ReachError> {
    let failed = |e: &dyn std::fmt::Display| ReachError(e.to_string());
    let tls = trust(endpoint.authorities()).map_err(|e| failed(&e))?;
    let wire =
        Dialer::new(None, tls).dial(endpoint.host(), endpoint.port(), endpoint.secure()).await.map_err(|e| failed(&e))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(|e| failed(&e))?;
    let request = Request::head("/").header(HOST, endpoint.host()).body(Empty::<Bytes>::new()).map_err(|e| failed(&e))?;
    let answer = sender.send_request(request);
    tokio::pin!(answer);
    let date = tokio::select! {
        answer = &mut answer => answer.ok().and_then(|a| a.headers().get(DATE)?.to_str().ok().and_then(date)),
        // A WebSocket server may hang up on a plain request: it was reached all the same.
        _ = connection => None,
    };
    Ok(Reached { date })
}

fn date(text: &str) -> Option<Timestamp> {
    let since_epoch = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp::EPOCH.plus(since_epoch))
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_date_that_servers_send() {
        let date = super::date("Sat, 21 Nov 2026 21:00:00 GMT");
        assert_eq!(date.map(|d| d.to_string()).as_deref(), Some("2026-11-21T21:00:00.000Z"));
        assert_eq!(super::date("tomorrow"), None);
    }
}
