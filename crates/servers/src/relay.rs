//! A network between a client and a server, on loopback, that can be spoiled.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Carries connections to one address, from a port of its own, until dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    target: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    way: Way,
    delay: Duration,
    /// Both ends of every connection under way.
    open: Vec<(u64, TcpStream, TcpStream)>,
    /// Of all connections that were carried.
    carried: u64,
    /// How much more the clients may say before all is cut, if that is bounded.
    left: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Cut,
    Blackhole,
    Gone,
}

impl Relay {
    /// To a server that need not run yet.
    pub fn to(target: SocketAddr) -> Relay {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a port");
        let address = listener.local_addr().expect("it is bound");
        let state = State { way: Way::Open, delay: Duration::ZERO, open: Vec::new(), carried: 0, left: None };
        let line = Arc::new(Line { target, state: Mutex::new(state), changed: Condvar::new() });
        let theirs = Arc::clone(&line);
        thread::spawn(move || theirs.listen(&listener));
        Relay { address, line }
    }

    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The server's URL, leading through here.
    pub fn instead_of(&self, url: &str) -> String {
        let target = self.line.target.to_string();
        assert!(url.contains(&target), "{url} does not lead to {target}");
        url.replace(&target, &self.address.to_string())
    }

    /// How many connections were carried so far.
    pub fn carried(&self) -> u64 {
        self.line.state().carried
    }

    /// Breaks off every connection; new ones are closed at once.
    pub fn cut(&self) {
        self.line.turn(Way::Cut);
    }

    /// As `cut`, when the clients have said so many things more. A thing is what arrives from one of them at a time; the last one
    /// still gets to the server, and the answer does not come back.
    pub fn cut_after(&self, things: u64) {
        self.line.state().left = Some(things);
    }

    /// Connections stay, and nothing comes through in either direction; new ones are accepted and hear nothing. What was under
    /// way arrives after `mend`, as TCP would send it again.
    pub fn blackhole(&self) {
        self.line.turn(Way::Blackhole);
    }

    /// From now on everything comes through again, without bounds; a delay stays.
    pub fn mend(&self) {
        self.line.state().left = None;
        self.line.turn(Way::Open);
    }

    /// What is said arrives this much later, in each direction. Zero ends it.
    pub fn delay(&self, delay: Duration) {
        self.line.state().delay = delay;
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.line.turn(Way::Gone);
        // Wakes the listening thread, which sees that it is over.
        let _ = TcpStream::connect(self.address);
    }
}

impl Line {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn(&self, way: Way) {
        let mut state = self.state();
        state.way = way;
        if matches!(way, Way::Cut | Way::Gone) {
            for (_, client, server) in state.open.drain(..) {
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            }
        }
        self.changed.notify_all();
    }

    fn listen(self: Arc<Self>, listener: &TcpListener) {
        for client in listener.incoming().flatten() {
            match self.state().way {
                Way::Gone => return,
                Way::Cut => continue,
                Way::Open | Way::Blackhole => (),
            }
            let line = Arc::clone(&self);
            thread::spawn(move || line.carry(client));
        }
    }

    /// A connection that breaks off is the test's affair, so nothing here is an error.
    fn carry(self: Arc<Self>, client: TcpStream) -> Option<()> {
        if !self.let_through() {
            return None;
        }
        let server = TcpStream::connect(self.target).ok()?;
        client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).ok()?;
        let number = {
            let mut state = self.state();
            // It may have been cut meanwhile.
            if !matches!(state.way, Way::Open | Way::Blackhole) {
                return None;
            }
            state.carried += 1;
            let number = state.carried;
            let ends = (number, client.try_clone().ok()?, server.try_clone().ok()?);
            state.open.push(ends);
            number
        };
        let (from, to) = (server.try_clone().ok()?, client.try_clone().ok()?);
        let line = Arc::clone(&self);
        let back = thread::spawn(move || line.pump(from, to, false));
        self.pump(client, server, true);
        let _ = back.join();
        self.state().open.retain(|(other, ..)| *other != number);
        Some(())
    }

    fn pump(&self, mut from: TcpStream, mut to: TcpStream, by_client: bool) {
        let mut bytes = [0; 64 << 10];
        while let Ok(some @ 1..) = from.read(&mut bytes) {
            let delay = self.state().delay;
            if !delay.is_zero() {
                thread::sleep(delay);
            }
            let said = bytes.get(..some).unwrap_or_default();
            if !self.let_through() {
                break;
            }
            let last = by_client && self.is_last();
            if to.write_all(said).is_err() {
                break;
            }
            if last {
                self.turn(Way::Cut);
            }
        }
        // An end that is heard in a black hole is not told either.
        self.let_through();
        let _ = to.shutdown(Shutdown::Write);
    }

    /// Counts what a client says; whether nothing more may follow it.
    fn is_last(&self) -> bool {
        let mut state = self.state();
        state.left = state.left.map(|left| left.saturating_sub(1));
        state.left == Some(0)
    }

    /// Waits out a black hole; false when the line is cut.
    fn let_through(&self) -> bool {
        let mut state = self.state();
        while state.way == Way::Blackhole {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.way == Way::Open
    }
}
