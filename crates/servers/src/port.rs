//! Ports for servers that want to be told one.

use rand::Rng;
use std::net::{Ipv4Addr, TcpListener};

/// Below those that the system gives to outgoing connections (32768 on Linux): a server that is stopped for a while finds its
/// port free again. And low enough for Redis Cluster's bus, which takes the one that is 10000 higher.
const OURS: std::ops::Range<u16> = 12000..22000;

/// A port that nobody listens on just now. Another process may be quicker: whoever uses it tries again with the next one.
pub fn free() -> u16 {
    let mut chance = rand::rng();
    loop {
        let port = chance.random_range(OURS);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
