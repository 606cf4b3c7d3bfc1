//! A server's process, with all that it has begotten.

use crate::program::Account;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to start or to end. Generous: machines are slow and noisy.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(2);

#[derive(Debug)]
pub struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    /// Starts it in a group of its own, with what it prints appended to `log`.
    pub fn spawn(mut command: Command, account: Option<Account>, directory: &Path, log: &Path) -> Running {
        let open = || File::options().create(true).append(true).open(log).expect("the server's directory can be written");
        command.current_dir(directory).process_group(0).stdin(Stdio::null()).stdout(open()).stderr(open());
        if let Some(Account { uid, gid }) = account {
            command.uid(uid).gid(gid);
        }
        let child = command.spawn().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
        Running { child, log: log.to_owned() }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it printed.
    pub fn printed(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until `ready`; false when it ended before that.
    pub fn becomes(&mut self, what: &str, mut ready: impl FnMut() -> bool) -> bool {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if self.ended() {
                return false;
            }
            if ready() {
                return true;
            }
            assert!(Instant::now() < deadline, "not {what} within {PATIENCE:?}; it printed:\n{}", self.printed());
            sleep(LOOK);
        }
    }

    fn ended(&mut self) -> bool {
        self.child.try_wait().expect("our own child").is_some()
    }

    pub fn signal(&self, signal: Signal) {
        send(self.child.id(), signal);
    }

    /// Stops it and all that it has begotten in their tracks; they still hold their connections.
    pub fn pause(&self) {
        // The eldest first, so that no further ones come meanwhile.
        self.signal(Signal::STOP);
        descendants(self.child.id()).into_iter().for_each(|pid| send(pid, Signal::STOP));
    }

    pub fn resume(&self) {
        descendants(self.child.id()).into_iter().for_each(|pid| send(pid, Signal::CONT));
        self.signal(Signal::CONT);
    }

    /// Lets it end in its own way; by force when that takes too long.
    pub fn end(mut self, signal: Signal, patience: Duration) {
        self.resume();
        self.signal(signal);
        let deadline = Instant::now() + patience;
        while !self.ended() {
            if Instant::now() > deadline {
                return self.kill();
            }
            sleep(LOOK);
        }
    }

    /// Ends it and all that it has begotten, as a power failure does.
    pub fn kill(mut self) {
        self.signal(Signal::STOP);
        let others = descendants(self.child.id());
        others.iter().for_each(|pid| send(*pid, Signal::KILL));
        let _ = self.child.kill();
        let _ = self.child.wait();
        let deadline = Instant::now() + PATIENCE;
        while others.iter().any(|pid| alive(*pid)) && Instant::now() < deadline {
            sleep(LOOK);
        }
    }
}

fn send(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Who has ended meanwhile needs no signal.
    let _ = kill_process(pid.expect("a process has a number"), signal);
}

/// (parent, state) of a process: fields 4 and 3 of its stat, after the name, which may contain anything.
fn stat(pid: u32) -> Option<(u32, char)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((fields.next()?.parse().ok()?, state))
}

fn alive(pid: u32) -> bool {
    stat(pid).is_some_and(|(_, state)| state != 'Z')
}

fn descendants(of: u32) -> Vec<u32> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let parents: Vec<_> = numbers.filter_map(|pid| Some((pid, stat(pid)?.0))).collect();
    let mut found = vec![of];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.split_off(1)
}
