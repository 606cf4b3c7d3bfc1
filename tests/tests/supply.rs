//! scripts/audit says what a registry knows, and says so when a registry knows nothing.
#![allow(clippy::unwrap_used)]

use std::process::Output;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

const ADVISORY: &str = r#"{"vite":[{"id":1,"url":"https://github.com/advisories/GHSA-aaaa-bbbb-cccc","title":"Made up","severity":"high","vulnerable_versions":">=0","cwe":[],"cvss":{"score":7,"vectorString":null}}]}"#;

/// A registry that answers every question after advisories in this way.
async fn registry(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut stream = BufReader::new(stream);
                let (mut line, mut length, mut asks) = (String::new(), 0, false);
                while stream.read_line(&mut line).await.is_ok_and(|n| n > 2) {
                    asks |= line.starts_with("POST /-/npm/v1/security/");
                    if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = n.trim().parse().unwrap();
                    }
                    line.clear();
                }
                stream.read_exact(&mut vec![0; length]).await.unwrap();
                let (status, body) = if asks { (status, body) } else { ("404 Not Found", "{}") };
                let answer = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            });
        }
    });
    url
}

async fn audit(registry: &str, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(acceptance::binaries::repository().join("scripts/audit"));
    command.args(arguments).env("npm_config_registry", registry).env("npm_config_fetch_retries", "0");
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    (status.success(), format!("{}{}", String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_known_vulnerability_fails_the_audit_and_is_named() {
    let known = registry("200 OK", ADVISORY).await;
    for arguments in [&[][..], &["--lenient"]] {
        let (good, says) = audit(&known, arguments).await;
        assert!(!good && says.contains("vite") && says.contains("GHSA-aaaa-bbbb-cccc"), "{says}");
    }
    let (good, says) = audit(&registry("200 OK", "{}").await, &[]).await;
    assert!(good && says.contains("nothing of ui and tests/sdk is known to be vulnerable"), "{says}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_registry_without_advisories_is_no_all_clear() {
    for status in ["404 Not Found", "405 Method Not Allowed"] {
        let mirror = registry(status, "{}").await;
        let (good, says) = audit(&mirror, &[]).await;
        assert!(!good && says.contains("NOT ASKED"), "{says}");
        let (good, says) = audit(&mirror, &["--lenient"]).await;
        assert!(good && says.contains("NOT ASKED") && !says.contains("nothing of"), "{says}");
    }
    // One that is broken is neither.
    let (good, says) = audit(&registry("500 Oh", "{}").await, &["--lenient"]).await;
    assert!(!good, "{says}");
}
