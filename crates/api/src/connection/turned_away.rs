//! What is said to a connection that cannot be let in, without reading what it asks.

use crate::problem::{Code, Problem};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// How long the peer may take for that.
const PATIENCE: Duration = Duration::from_millis(500);
/// What is read of what it has said meanwhile, in bytes: to close over unread bytes would take our answer back.
const HEARD: usize = 16 * 1024;
/// Of which so much at once.
const AT_ONCE: usize = 1024;

/// Says 503, to try again in a second, and hangs up.
pub(super) async fn turn_away<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let said = async {
        stream.write_all(answer().as_bytes()).await?;
        stream.shutdown().await?;
        let mut heard = [0; AT_ONCE];
        for _ in 0..HEARD / AT_ONCE {
            if stream.read(&mut heard).await? == 0 {
                break;
            }
        }
        std::io::Result::Ok(())
    };
    // It is let go of in any case.
    let _ = tokio::time::timeout(PATIENCE, said).await;
}

fn answer() -> String {
    let body = serde_json::to_string(&Problem::of(Code::Overloaded).to_out()).expect("strings and numbers always serialise");
    format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\ncache-control: no-store\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}
