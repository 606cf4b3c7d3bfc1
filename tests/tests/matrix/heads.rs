//! Heads that no client writes, by every door that is open without TLS.

use super::stage::Stage;
use acceptance::raw::{Place, Raw};
use std::net::{Ipv4Addr, SocketAddr};

/// What is wrong, the request, and the status that it may have; 0: the connection may be closed without a word.
fn heads(host: &str, key: &str) -> Vec<(&'static str, String, &'static [u16])> {
    let get = |rest: &str| format!("GET /v1/channels HTTP/1.1\r\n{rest}\r\n");
    let good = format!("Host: {host}\r\nAuthorization: Bearer {key}\r\n");
    let many = "X-A: b\r\n".repeat(200);
    let long = format!("X-A: {}\r\n", "b".repeat(200_000));
    vec![
        ("a space before the colon", get(&format!("Host : {host}\r\nAuthorization: Bearer {key}\r\n")), &[400]),
        ("a folded field", get(&format!("Host: {host}\r\n rest\r\nAuthorization: Bearer {key}\r\n")), &[400]),
        ("a NUL in a value", get(&format!("{good}X-A: a\0b\r\n")), &[400]),
        ("a bare CR in a value", get(&format!("{good}X-A: a\rHost: other\r\n")), &[400]),
        ("no name", get(&format!("{good}: x\r\n")), &[400]),
        ("no such version", format!("GET /v1/channels HTTP/9.9\r\n{good}\r\n"), &[400, 505]),
        ("the head of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), &[400, 0]),
        ("no method", format!(" /v1/channels HTTP/1.1\r\n{good}\r\n"), &[400]),
        ("two fields of length", get(&format!("{good}Content-Length: 0\r\nContent-Length: 5\r\n")), &[400]),
        ("a negative length", get(&format!("{good}Content-Length: -1\r\n")), &[400]),
        (
            "a length and chunks",
            format!(
                "POST /v1/tickets HTTP/1.1\r\n{good}Content-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ),
            &[400],
        ),
        (
            "chunks of an unknown coding",
            format!("POST /v1/tickets HTTP/1.1\r\n{good}Content-Type: application/json\r\nTransfer-Encoding: gzip\r\n\r\n"),
            &[400, 501],
        ),
        (
            "a chunk of no size",
            format!(
                "POST /v1/tickets HTTP/1.1\r\n{good}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"
            ),
            &[400],
        ),
        ("too many fields", get(&format!("{good}{many}")), &[431]),
        ("too long a field", get(&format!("{good}{long}")), &[431]),
        ("too long a target", format!("GET /v1/channels?{} HTTP/1.1\r\n{good}\r\n", "a".repeat(200_000)), &[414, 431]),
        ("the whole address of another host", format!("GET http://other.example/v1/channels HTTP/1.1\r\n{good}\r\n"), &[403]),
        ("a tunnel", format!("CONNECT other.example:443 HTTP/1.1\r\n{good}\r\n"), &[400, 403, 404, 405]),
        ("a target that is an asterisk", format!("OPTIONS * HTTP/1.1\r\n{good}\r\n"), &[400, 401, 404, 405]),
        ("an old version without a host", "GET /v1/channels HTTP/1.0\r\n\r\n".to_owned(), &[400]),
        (
            "a body as large as the world",
            format!("POST /v1/tickets HTTP/1.1\r\n{good}Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"),
            &[413],
        ),
        ("a path out of its folder", format!("GET /v1/../../etc/passwd HTTP/1.1\r\n{good}\r\n"), &[404]),
        ("the same, escaped", format!("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n{good}\r\n"), &[404]),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_none_are_refused_and_the_next_one_is_answered() {
    let stage = Stage::set().await;
    let port = stage.port();
    let tcp = Place::Tcp { to: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), from: None };
    let unix = Place::Unix(stage.app.options.data_dir.join("api.sock"));
    for (place, host) in [(tcp, format!("127.0.0.1:{port}")), (unix, "localhost".to_owned())] {
        for (what, request, statuses) in heads(&host, stage.admin.key()) {
            let answer = Raw::at(place.clone()).ask(request.as_bytes(), false).await.unwrap();
            let status = answer.as_ref().map_or(0, |answer| answer.status);
            assert!(statuses.contains(&status), "{what} at {place:?}: {status} instead of {statuses:?}");
            let body = answer.map(|answer| String::from_utf8_lossy(&answer.body).into_owned()).unwrap_or_default();
            assert!(!body.contains("root:") && !body.contains("Front desk"), "{what}: {body}");
        }
        let good = format!("GET /v1/channels HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {}\r\n\r\n", stage.admin.key());
        let answer = Raw::at(place.clone()).ask(good.as_bytes(), false).await.unwrap().unwrap();
        assert_eq!(answer.status, 200, "at {place:?}");
        assert!(String::from_utf8_lossy(&answer.body).contains("Front desk"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_unix_socket_answers_to_localhost_alone_and_asks_for_a_key_too() {
    let stage = Stage::set().await;
    let port = stage.port();
    let mut line = Raw::at(Place::Unix(stage.app.options.data_dir.join("api.sock")));
    let mut ask = async |lines: &str| {
        let request = format!("GET /v1/channels HTTP/1.1\r\n{lines}\r\n");
        let answer = line.ask(request.as_bytes(), false).await.unwrap().unwrap();
        (answer.status, answer.code())
    };
    let key = format!("Authorization: Bearer {}\r\n", stage.admin.key());
    assert_eq!(ask(&format!("Host: localhost\r\n{key}")).await, (200, String::new()));
    assert_eq!(ask("Host: localhost\r\n").await, (401, "unauthorized".to_owned()));
    for host in [
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        "localhost.".into(),
        "LOCALHOST".into(),
        "other.example".into(),
    ] {
        assert_eq!(ask(&format!("Host: {host}\r\n{key}")).await, (403, "host_not_allowed".to_owned()), "{host}");
    }
    for lines in ["", "Host: \r\n", "Host: localhost\r\nHost: localhost\r\n"] {
        assert_eq!(ask(&format!("{lines}{key}")).await, (400, "bad_host".to_owned()), "{lines:?}");
    }
}
