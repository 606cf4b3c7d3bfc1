//! The relay, tried on an echo.
#![allow(clippy::unwrap_used)]

use servers::Relay;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}

fn said(stream: &mut TcpStream, word: &[u8]) -> std::io::Result<Vec<u8>> {
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    stream.write_all(word)?;
    let mut answer = vec![0; word.len()];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

#[test]
fn carries_until_it_is_cut_and_again_when_mended() {
    let relay = Relay::to(echo());
    let mut stream = TcpStream::connect(relay.addr()).unwrap();
    assert_eq!(said(&mut stream, b"hello").unwrap(), b"hello");
    relay.cut();
    assert!(said(&mut stream, b"hello").is_err());
    let mut new = TcpStream::connect(relay.addr()).unwrap();
    assert!(said(&mut new, b"hello").is_err());
    relay.mend();
    let mut new = TcpStream::connect(relay.addr()).unwrap();
    assert_eq!(said(&mut new, b"hello").unwrap(), b"hello");
    assert_eq!(relay.carried(), 2);
}

#[test]
fn a_black_hole_keeps_connections_and_what_was_said() {
    let relay = Relay::to(echo());
    let mut stream = TcpStream::connect(relay.addr()).unwrap();
    assert_eq!(said(&mut stream, b"hello").unwrap(), b"hello");
    relay.blackhole();
    let silence = said(&mut stream, b"late").unwrap_err();
    assert!(matches!(silence.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{silence}");
    relay.mend();
    let mut answer = [0; 4];
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"late");
}

#[test]
fn a_delay_counts_in_each_direction() {
    let relay = Relay::to(echo());
    let mut stream = TcpStream::connect(relay.addr()).unwrap();
    relay.delay(Duration::from_millis(50));
    let begun = Instant::now();
    assert_eq!(said(&mut stream, b"hello").unwrap(), b"hello");
    assert!(begun.elapsed() >= Duration::from_millis(100));
}

#[test]
fn ends_its_connections_with_itself() {
    let relay = Relay::to(echo());
    let address = relay.addr();
    let mut stream = TcpStream::connect(address).unwrap();
    assert_eq!(said(&mut stream, b"hello").unwrap(), b"hello");
    drop(relay);
    assert!(said(&mut stream, b"hello").is_err());
}
