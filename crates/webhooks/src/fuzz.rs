//! Addresses that are given over the API, and what receivers answer.

use crate::line::{Head, Line};
use crate::{AddressPolicy, Reach, Target, address, retry_after};
use domain::Timestamp;
use hyper::HeaderMap;
use std::net::IpAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use url::Host;

#[test]
fn the_address_of_a_receiver() {
    let seeds = [
        "https://example.com:8443/a%20b?c=d#e",
        "http://[::ffff:169.254.169.254]/",
        "http://0x7f.1/",
        "http://2852039166/",
        "http://localhost./",
        "http://metadata.google.internal/",
        "http://ex\u{e4}mple.test/",
    ];
    let words =
        ["http://", "https://", "@", "[", "]", "0x", "::ffff:", "169.254.169.254", "127.1", "localhost", "\u{3002}", "%2e"];
    ::fuzz::target!("target").seeds(seeds).words(words).longest(2100).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        for policy in [AddressPolicy::PUBLIC, AddressPolicy::TRUSTED] {
            let Ok(target) = Target::parse(&text, Reach::Anywhere, policy) else { continue };
            // What is stored is read as the same, and what it leads to is permitted, as far as it says that itself.
            let again = Target::parse(target.as_str(), Reach::Anywhere, policy);
            assert_eq!(again.as_ref(), Ok(&target));
            let ip: Option<IpAddr> = match target.host() {
                Host::Ipv4(ip) => Some(ip.into()),
                Host::Ipv6(ip) => Some(ip.into()),
                Host::Domain(name) => {
                    assert!(!name.is_empty() && name.parse::<IpAddr>().is_err(), "{name}");
                    None
                }
            };
            assert!(ip.is_none_or(|ip| address::refusal(ip, Reach::Anywhere, policy).is_none()), "{target:?}");
            assert!(target.path().starts_with('/') && !target.path().contains(['\r', '\n', ' ']));
            assert!(!target.authority().is_empty() && !target.authority().contains(['@', '/', '\r', '\n']));
        }
        Target::parse(&text, Reach::Anywhere, AddressPolicy::PUBLIC).map(|t| t.is_secure()).map_err(|e| format!("{e:.20}"))
    });
}

#[test]
fn when_to_come_back() {
    let seeds = ["120", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"];
    ::fuzz::target!("retry_after").seeds(seeds).longest(128).run(|bytes| {
        let wait = retry_after::parse(&String::from_utf8_lossy(bytes), Timestamp::from_secs(784_111_777));
        assert!(wait.is_none_or(|wait| wait >= Duration::from_secs(1) && wait <= Duration::from_secs(86_400)));
        wait.is_some()
    });
}

/// Over a pipe in memory: nothing is dialled.
#[test]
fn what_a_receiver_answers() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seeds = [
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 503 No\r\nretry-after: 7\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 410 Gone\r\n\r\nbye",
        "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
    ];
    let words =
        ["HTTP/1.1 ", "HTTP/1.0 ", "\r\n", "\r\n\r\n", "transfer-encoding: chunked\r\n", "content-length: ", "retry-after: "];
    ::fuzz::target!("answer").seeds(seeds).words(words).run(|bytes| runtime.block_on(answered(bytes)));
}

async fn answered(bytes: &[u8]) -> Result<(u16, usize, bool), String> {
    let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
    let (bytes, end) = (bytes.to_vec(), Instant::now() + Duration::from_secs(10));
    tokio::spawn(async move {
        let mut request = [0; 4096];
        let _ = theirs.read(&mut request).await;
        let _ = theirs.write_all(&bytes).await;
    });
    let target = Target::parse("http://127.0.0.1/", Reach::Anywhere, AddressPolicy::TRUSTED).unwrap();
    let line = Line::open(Box::new(ours)).await.map_err(|e| e.as_str().to_owned())?;
    let head: Head = line.ask(&target, HeaderMap::new(), "{}".into()).await.map_err(|e| format!("{e:.30?}"))?;
    let (answer, line) = head.read(end).await;
    assert!(answer.body.len() <= crate::line::LONGEST_ANSWER);
    Ok((answer.status, answer.body.len().min(4), line.is_some()))
}
