#![allow(clippy::unwrap_used)]
use super::*;
use crate::dialer::trust;
use futures::SinkExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::accept_async;

struct Far {
    listener: TcpListener,
}

impl Far {
    async fn new() -> Self {
        Far { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn line(&self) -> (Line, Arc<Pulse>) {
        let url = format!("ws://{}/ws/chat", self.listener.local_addr().unwrap());
        let pulse = Arc::new(Pulse::default());
        let dialer = Dialer::new(None, trust(&[]).unwrap());
        let short = Duration::from_millis(200);
        let limits = Limits { upgrade: short, idle: short, write: short, farewell: short };
        (
            Line::new(dialer, Arc::new(Endpoint::loopback(&url, None).unwrap()), Arc::clone(&pulse), Arc::default())
                .with_limits(limits),
            pulse,
        )
    }

    async fn accept(&self) -> WebSocketStream<TcpStream> {
        accept_async(self.listener.accept().await.unwrap().0).await.unwrap()
    }
}

type Opened = (Arc<dyn Transport>, async_channel::Receiver<TransportEvent>);

async fn open(far: &Far, line: &Line) -> (Opened, WebSocketStream<TcpStream>) {
    let (opened, accepted) = tokio::join!(line.create_transport(), far.accept());
    let opened = opened.unwrap();
    assert!(matches!(opened.1.recv().await, Ok(TransportEvent::Connected)));
    (opened, accepted)
}

#[tokio::test]
async fn carries_bytes_both_ways_and_feels_the_pulse() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    let ((pipe, frames), mut other) = open(&far, &line).await;
    assert_eq!(pulse.last_frame_millis(), None);
    pipe.send(Bytes::from_static(b"there")).await.unwrap();
    assert_eq!(other.next().await.unwrap().unwrap(), Message::Binary(Bytes::from_static(b"there")));
    other.send(Message::Binary(Bytes::from_static(b"and back"))).await.unwrap();
    let Ok(TransportEvent::DataReceived(data)) = frames.recv().await else { panic!("no data") };
    assert_eq!(data, &b"and back"[..]);
    assert!(pulse.last_frame_millis().is_some());
}

#[tokio::test]
async fn presents_itself_as_whatsapp_web() {
    let far = Far::new().await;
    let (line, _) = far.line();
    let seen = async {
        let (tcp, _) = far.listener.accept().await.unwrap();
        let mut origin = None;
        #[allow(clippy::result_large_err, reason = "the library's own type")]
        let look = |request: &tungstenite::handshake::server::Request, response| {
            origin = request.headers().get("origin").map(|o| o.to_str().unwrap().to_owned());
            Ok(response)
        };
        let stream = tokio_tungstenite::accept_hdr_async(tcp, look).await.unwrap();
        drop(stream);
        origin
    };
    let (opened, origin) = tokio::join!(line.create_transport(), seen);
    assert!(opened.is_ok());
    assert_eq!(origin.as_deref(), Some("https://web.whatsapp.com"));
}

#[tokio::test]
async fn a_half_open_connection_is_noticed() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    let ((_pipe, frames), _kept_open_and_silent) = open(&far, &line).await;
    let end = frames.recv().await;
    assert!(matches!(end, Ok(TransportEvent::Disconnected(DisconnectReason::ReadError(_)))), "{end:?}");
    assert_eq!(pulse.end(), Some(Cause::NoAnswer));
}

#[tokio::test]
async fn a_dropped_connection_is_told_from_a_closed_one() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    let ((_pipe, frames), other) = open(&far, &line).await;
    drop(other);
    assert!(matches!(frames.recv().await, Ok(TransportEvent::Disconnected(_))));
    assert_eq!(pulse.end(), Some(Cause::ConnectionLost));

    let (line, pulse) = far.line();
    let ((_pipe, frames), mut other) = open(&far, &line).await;
    other.close(None).await.unwrap();
    assert!(matches!(frames.recv().await, Ok(TransportEvent::Disconnected(DisconnectReason::ServerClose { .. }))));
    assert_eq!(pulse.end(), Some(Cause::ClosedByServer));
}

#[tokio::test]
async fn says_good_bye_once_and_takes_nothing_afterwards() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    let ((pipe, frames), mut other) = open(&far, &line).await;
    let (_, heard) = tokio::join!(pipe.disconnect(), other.next());
    assert!(matches!(heard, Some(Ok(Message::Close(_)))), "{heard:?}");
    pipe.disconnect().await;
    drop(other);
    assert!(pipe.send(Bytes::from_static(b"late")).await.is_err());
    while frames.recv().await.is_ok() {}
    assert_eq!(pulse.end(), None, "our own good-bye was taken for trouble");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_ends_the_connection() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    let ((pipe, _frames), _reads_nothing) = open(&far, &line).await;
    let block = Bytes::from(vec![0; 8 << 20]);
    let mut result = Ok(());
    for _ in 0..8 {
        result = pipe.send(block.clone()).await;
        if result.is_err() {
            break;
        }
    }
    assert!(result.is_err());
    assert_eq!(pulse.end(), Some(Cause::NoAnswer));
}

#[tokio::test]
async fn a_websocket_that_is_refused_says_why() {
    for (answer, cause) in [
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", Cause::ServiceUnavailable),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Cause::Unreachable),
        ("", Cause::Unreachable),
    ] {
        let far = Far::new().await;
        let (line, pulse) = far.line();
        let answering = async {
            let (mut tcp, _) = far.listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut tcp, &mut head).await.unwrap();
            tcp.write_all(answer.as_bytes()).await.unwrap();
        };
        let (opened, ()) = tokio::join!(line.create_transport(), answering);
        assert!(opened.is_err());
        assert_eq!(pulse.end(), Some(cause), "{answer}");
    }
}

#[tokio::test]
async fn a_websocket_that_nobody_answers_is_given_up() {
    let far = Far::new().await;
    let (line, pulse) = far.line();
    assert!(line.create_transport().await.is_err());
    assert_eq!(pulse.end(), Some(Cause::NoAnswer));
}
