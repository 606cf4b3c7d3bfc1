//! Who has a port, and which program stands at the other end of a connection.

#[cfg(target_os = "linux")]
mod open;
#[cfg(target_os = "linux")]
mod table;

use domain::Program;
use std::fmt;
use std::net::SocketAddr;

/// The process that has a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    pub pid: u32,
    pub program: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.program, self.pid)
    }
}

impl Holder {
    /// Who listens on `address`, when the system tells: Linux does for processes of the same user.
    #[cfg(target_os = "linux")]
    pub fn of(address: SocketAddr) -> Option<Self> {
        let listening = table::sockets().into_iter().filter(|s| s.listens && s.local.port() == address.port());
        let inodes: Vec<u64> = listening.map(|s| s.inode).collect();
        open::holders(&inodes).first().map(|pid| Holder { pid: *pid, program: name(*pid) })
    }

    #[cfg(not(target_os = "linux"))]
    pub fn of(_: SocketAddr) -> Option<Self> {
        None
    }
}

#[cfg(target_os = "linux")]
fn name(pid: u32) -> String {
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() { "another program".to_owned() } else { name.to_owned() }
}

/// Whether the other end of a connection from `peer` to `own` is on this machine.
pub(crate) fn is_here(peer: SocketAddr, own: SocketAddr) -> bool {
    let (peer, own) = (peer.ip().to_canonical(), own.ip().to_canonical());
    peer.is_loopback() || peer == own
}

/// The program that has the other end of a connection from `peer` to `own`, both on this machine. Reads all of `/proc`, so it is
/// for moments in which a person wants to know, not for every request.
///
/// `None` when the system does not tell, or when several programs hold the connection and it could be either: also one that
/// cannot be told.
#[cfg(target_os = "linux")]
pub(crate) fn caller(peer: SocketAddr, own: SocketAddr) -> Option<Program> {
    let plain = |address: SocketAddr| SocketAddr::new(address.ip().to_canonical(), address.port());
    let (peer, own) = (plain(peer), plain(own));
    if !is_here(peer, own) {
        return None;
    }
    let end = table::sockets().into_iter().find(|s| s.local == peer && s.remote == own && s.inode != 0)?;
    let told: Vec<(u32, Option<Program>)> =
        open::holders(&[end.inode]).into_iter().map(|pid| (pid, program(pid, end.uid))).collect();
    // A number may have gone to another process meanwhile: what holds the connection now is what held it then. And who cannot be
    // told may just have ended.
    let holders = open::holders(&[end.inode]);
    let mut programs = told.into_iter().filter(|(pid, _)| holders.contains(pid)).map(|(_, program)| program);
    let only = programs.next()??;
    programs.all(|other| other.is_some_and(|other| other.path == only.path)).then_some(only)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn caller(_: SocketAddr, _: SocketAddr) -> Option<Program> {
    None
}

/// The program that runs as this process of this user, when the system tells. A process may see other files under the same
/// names as we do (in a container, or in a namespace that it made for itself): a path counts only when it leads us to the very
/// file that the process runs.
#[cfg(target_os = "linux")]
pub(crate) fn program(pid: u32, uid: u32) -> Option<Program> {
    use std::os::unix::fs::MetadataExt as _;
    let link = format!("/proc/{pid}/exe");
    let path = std::fs::read_link(&link).ok()?;
    let (running, named) = (std::fs::metadata(&link).ok()?, std::fs::metadata(&path).ok()?);
    ((running.dev(), running.ino()) == (named.dev(), named.ino())).then_some(Program { pid, path, uid })
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn program(_: u32, _: u32) -> Option<Program> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;
    use std::net::{TcpListener, TcpStream};
    use std::process::{Command, Stdio};

    #[test]
    fn a_connection_of_our_own_leads_to_ourselves() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, peer) = listener.accept().unwrap();
        let program = caller(peer, here.local_addr().unwrap()).unwrap();
        assert_eq!((program.pid, program.path), (std::process::id(), std::env::current_exe().unwrap().canonicalize().unwrap()));
        drop(there);
    }

    #[test]
    fn another_program_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{}; echo >&3; read _", own.port());
        let mut bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (_here, peer) = listener.accept().unwrap();
        let program = caller(peer, own).unwrap();
        assert_eq!(program.pid, bash.id());
        assert!(program.path.ends_with("bash"), "{:?}", program.path);
        bash.stdin.take().unwrap().write_all(b"\n").unwrap();
        bash.wait().unwrap();
    }

    #[test]
    fn a_connection_that_two_programs_hold_names_neither() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        // A child that has another program and the parent's connection.
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{}; sleep 60 & echo >&3; read _; kill $!", own.port());
        let mut bash = Command::new("bash").args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (here, peer) = listener.accept().unwrap();
        let inode = table::sockets().into_iter().find(|s| s.local == peer && s.remote == own).unwrap().inode;
        // Until the child is what it will be; nothing tells when.
        while !open::holders(&[inode])
            .iter()
            .filter_map(|pid| program(*pid, 0))
            .any(|p| p.path.ends_with("sleep") || p.path.ends_with("coreutils"))
        {
            std::thread::yield_now();
        }
        assert_eq!(caller(peer, own), None);
        bash.stdin.take().unwrap().write_all(b"\n").unwrap();
        bash.wait().unwrap();
        drop(here);
    }

    #[test]
    fn who_cannot_be_told_is_not_taken_for_the_program_with_which_it_shares_its_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap();
        let dir = tempfile::tempdir().unwrap();
        let shell = dir.path().join("shell");
        std::fs::copy("/bin/bash", &shell).unwrap();
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{}; sleep 60 & echo >&3; read _; kill $!", own.port());
        let mut child = Command::new(&shell).args(["-c", &script]).stdin(Stdio::piped()).spawn().unwrap();
        let (here, peer) = listener.accept().unwrap();
        std::fs::remove_file(&shell).unwrap();
        let inode = table::sockets().into_iter().find(|s| s.local == peer && s.remote == own).unwrap().inode;
        // Until the other one is what it will be; nothing tells when.
        let told = || -> Vec<_> { open::holders(&[inode]).iter().filter_map(|pid| program(*pid, 0)).collect() };
        while told().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(program(child.id(), 0), None);
        assert_eq!(caller(peer, own), None);
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
        child.wait().unwrap();
        drop(here);
    }

    #[test]
    fn a_program_whose_file_was_replaced_is_not_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sleeps");
        std::fs::copy("/bin/sleep", &path).unwrap();
        let mut child = Command::new(&path).arg("60").spawn().unwrap();
        assert_eq!(program(child.id(), 1).map(|p| p.path), Some(path.canonicalize().unwrap()));
        std::fs::remove_file(&path).unwrap();
        std::fs::copy("/bin/sleep", &path).unwrap();
        assert_eq!(program(child.id(), 1), None);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn an_end_that_nobody_has_is_nobody() {
        assert_eq!(caller("127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()), None);
        assert_eq!(caller("192.0.2.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()), None);
    }
}
