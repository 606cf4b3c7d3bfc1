//! Receivers that misbehave. The real timeout is ten times as long.

use crate::ground::{Ground, hurried, millis};
use crate::receiver::{Act, Receiver};
use std::time::{Duration, Instant};
use webhooks::{DispatcherConfig, Names};

#[tokio::test]
async fn an_answer_just_before_the_timeout_counts_and_one_after_it_does_not() {
    let receiver = Receiver::start(|n, _| Act::SayAfter(millis(if n == 0 { 1_400 } else { 30_000 }), 200)).await;
    let ground = Ground::hurried().await;
    let tried = ground.try_at(receiver.url()).await;
    assert!(tried.delivered && tried.latency_ms >= 1_400, "{tried:?}");
    let tried = ground.try_at(receiver.url()).await;
    assert_eq!((tried.delivered, tried.http_status), (false, None));
    assert!((1_500..3_000).contains(&tried.latency_ms), "{tried:?}");
    assert_eq!(tried.error.as_deref(), Some("no answer within the time allowed"));
    ground.end().await;
}

#[tokio::test]
async fn a_head_that_drips_does_not_stretch_the_timeout() {
    let receiver = Receiver::start(|_, _| Act::DripHead).await;
    let ground = Ground::hurried().await;
    let tried = ground.try_at(receiver.url()).await;
    assert!(!tried.delivered && (1_500..3_000).contains(&tried.latency_ms), "{tried:?}");
    ground.end().await;
}

#[tokio::test]
async fn a_body_that_drips_for_ever_is_not_waited_for() {
    let receiver = Receiver::start(|n, _| Act::DripBody(if n == 0 { 200 } else { 500 })).await;
    let ground = Ground::new(DispatcherConfig { timeout: Duration::from_secs(15), ..hurried() }).await;
    for delivered in [true, false] {
        let began = Instant::now();
        let tried = ground.try_at(receiver.url()).await;
        assert_eq!(tried.delivered, delivered, "the head decides");
        assert!(tried.answer.starts_with('x') && tried.answer.len() < 200, "{}", tried.answer);
        assert!(began.elapsed() < Duration::from_secs(5));
    }
    ground.end().await;
}

#[tokio::test]
async fn an_answer_of_a_gigabyte_costs_two_kilobytes() {
    let receiver = Receiver::start(|_, _| Act::Huge(200)).await;
    let ground = Ground::hurried().await;
    let tried = ground.try_at(receiver.url()).await;
    assert!(tried.delivered);
    assert_eq!(tried.answer, "x".repeat(2048));
    // What was on its way when the connection was closed.
    assert!(receiver.sent() < 32 << 20, "{} bytes were taken", receiver.sent());
    ground.end().await;
}

#[tokio::test]
async fn a_redirect_to_itself_is_not_followed() {
    let receiver = Receiver::start(|_, _| Act::SayAll(307, "location: /hook\r\n", "")).await;
    let ground = Ground::hurried().await;
    let tried = ground.try_at(receiver.url()).await;
    assert_eq!((tried.delivered, tried.http_status), (false, Some(307)));
    assert!(tried.error.unwrap().contains("redirects are not followed"));
    assert_eq!(receiver.requests().len(), 1);
    ground.end().await;
}

#[tokio::test]
async fn what_is_no_answer_is_told_apart() {
    // No resolver is asked: that would be a packet to somebody else.
    let ground = Ground::new(DispatcherConfig { names: Names::told(|_| Vec::new()), ..hurried() }).await;
    let error = async |url: String| ground.try_at(url).await.error.unwrap();

    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(error(format!("http://{gone}/")).await.contains("refused"));
    assert!(error("http://nowhere.invalid/".into()).await.contains("cannot be resolved"));

    let cut = Receiver::start(|_, _| Act::Cut).await;
    assert!(error(cut.url()).await.contains("ended before an answer"));
    let mute = Receiver::start(|_, _| Act::Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")).await;
    assert!(error(mute.url()).await.contains("not HTTP"));
    let endless: &'static [u8] =
        Box::leak([b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &[b'x'; 200_000]].concat().into_boxed_slice());
    let long = Receiver::start(move |_, _| Act::Raw(endless)).await;
    assert!(!ground.try_at(long.url()).await.delivered);
    ground.end().await;
}

#[tokio::test]
async fn metadata_addresses_and_strange_urls_are_refused_before_a_packet_leaves() {
    let ground = Ground::hurried().await;
    for url in ["http://169.254.169.254/latest/meta-data", "http://[fe80::1]/", "gopher://127.0.0.1/", "nonsense", ""] {
        let tried = ground.try_at(url).await;
        assert!(!tried.delivered && tried.latency_ms == 0, "{url}: {tried:?}");
    }
    ground.end().await;
}

/// Were it dialled, it would fail otherwise or not at all.
#[cfg(feature = "sandbox")]
#[tokio::test]
async fn a_sandbox_build_delivers_to_this_machine_only_whatever_it_is_configured_to() {
    let ground = Ground::new(DispatcherConfig { reach: webhooks::Reach::Anywhere, ..hurried() }).await;
    let tried = ground.try_at("http://192.0.2.1/").await;
    assert!(tried.error.unwrap().contains("sandbox"));
    ground.end().await;
}

#[tokio::test]
async fn an_answer_that_is_no_text_is_kept_as_far_as_it_can_be() {
    let receiver = Receiver::start(|_, _| Act::Raw(b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\na\0\xffb")).await;
    let ground = Ground::hurried().await;
    assert_eq!(ground.try_at(receiver.url()).await.answer, "a\u{fffd}\u{fffd}b");
    ground.end().await;
}

#[tokio::test]
async fn a_receiver_that_closes_idle_connections_sees_no_failed_attempt() {
    let receiver = Receiver::start(|_, _| Act::SayAndHangUp(200)).await;
    let ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(25).await;
    let deliveries = ground.settled(id, 25).await;
    assert!(deliveries.iter().all(|d| d.attempts == 1), "{deliveries:?}");
    ground.end().await;
}
