//! Bytes on a connection to the running API: whatever they are, no answer is a server's error, and the next good request is
//! answered as before.

use crate::rig::Rig;
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// Stands for the admin key and for the API's own address: both are others in every run.
const KEY: &str = "$KEY";
const HOST: &str = "$HOST";
/// More than any answer takes; an event stream is not waited for.
const PATIENCE: Duration = Duration::from_millis(400);

/// A request for each operation of the document, with its example for a body.
fn requests() -> Vec<String> {
    let document = serde_json::from_str::<Value>(&api::document()).unwrap();
    let mut requests = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "ch_01j5a9k3m4n5p6q7r8s9t0v1w2").replace("{key}", "key_01j5a9k3m4n5p6q7r8s9t0v1w2");
        for (method, operation) in operations.as_object().unwrap() {
            let body = body(&document, operation);
            let kind = if body.is_empty() { "" } else { "content-type: application/json\r\n" };
            requests.push(format!(
                "{} {path}?limit=3 HTTP/1.1\r\nhost: {HOST}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n{kind}\
                 content-length: {}\r\n\r\n{body}",
                method.to_uppercase(),
                body.len()
            ));
        }
    }
    requests
}

/// An object with the examples of its fields.
fn body(document: &Value, operation: &Value) -> String {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let name =
        schema["$ref"].as_str().or_else(|| schema["oneOf"][1]["$ref"].as_str()).or_else(|| schema["anyOf"][1]["$ref"].as_str());
    let Some(name) = name.and_then(|name| name.rsplit('/').next()) else { return String::new() };
    let fields = document["components"]["schemas"][name]["properties"].as_object().cloned().unwrap_or_default();
    let examples = fields.into_iter().filter_map(|(field, about)| {
        let example = about.get("example").or_else(|| about["examples"].get(0)).cloned()?;
        Some((field, example))
    });
    Value::Object(examples.collect()).to_string()
}

/// Sends these bytes, says that no more come, and reads the first answer as far as it comes.
fn answer(rig: &Rig, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(rig.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // Who was answered already may have been closed to.
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut read = vec![0; 16 * 1024];
    let mut length = 0;
    while let Ok(n) = stream.read(&mut read[length..]) {
        length += n;
        if n == 0 || length == read.len() {
            break;
        }
    }
    String::from_utf8_lossy(&read[..length]).into_owned()
}

fn replaced(bytes: &[u8], name: &str, value: &str) -> Vec<u8> {
    let Some(at) = bytes.windows(name.len()).position(|window| window == name.as_bytes()) else { return bytes.to_vec() };
    [&bytes[..at], value.as_bytes(), &bytes[at + name.len()..]].concat()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_of_any_kind() {
    let rig = Rig::start().await;
    let (key, host) = (rig.key.expose().to_owned(), rig.address().to_string());
    tokio::task::block_in_place(|| {
        let words = [
            "host: ",
            "origin: ",
            "cookie: ",
            "last-event-id: ",
            "authorization: Bearer ",
            "accept: text/event-stream\r\n",
            "sec-fetch-site: cross-site\r\n",
            "transfer-encoding: chunked\r\n",
            "expect: 100-continue\r\n",
            "content-length: ",
            "idempotency-key: ",
            "if-none-match: ",
            "range: bytes=0-1\r\n",
            "upgrade: h2c\r\n",
            "\r\n",
            "\r\n\r\n",
            "HTTP/1.0",
            "HTTP/2.0",
            "%00",
            "%2e%2e/",
            "//",
            "?",
            "&after=",
            "&types=",
            "&ticket=",
            "http://evil.example/",
            "OPTIONS",
            "PATCH",
            KEY,
            HOST,
        ];
        ::fuzz::target!("requests").seeds(requests()).words(words).longest(8 * 1024).run(|bytes| {
            let sent = replaced(&replaced(bytes, KEY, &key), HOST, &host);
            let answer = answer(&rig, &sent);
            let status: u16 = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            // What is over a limit of this server's may be told so; anything else of that kind is a defect.
            assert!(status < 500 || status == 503 || status == 505, "{answer}");
            assert!(status == 0 || answer.starts_with("HTTP/1."), "{answer}");
            assert!(!answer.contains("panicked"), "{answer}");
            let code =
                answer.split("\"code\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned();
            (status, code)
        });
    });
    assert_eq!(rig.get("/v1/me").await.status, 200, "a good request is answered as before");
    rig.stop().await;
}
