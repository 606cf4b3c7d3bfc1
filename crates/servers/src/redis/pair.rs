//! A Redis server with a replica, watched by three sentinels.

use super::{Redis, RedisOptions};
use crate::place::Place;
use crate::running::Running;
use crate::{port, program};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// What the sentinels call the pair.
const NAME: &str = "whatisup";
const PATIENCE: Duration = Duration::from_secs(120);
/// A failover that was asked for takes a second or two, and is now and then given up without a word.
const HAND_OVER: Duration = Duration::from_secs(15);
const LOOK: Duration = Duration::from_millis(10);

/// Ended when dropped.
#[derive(Debug)]
pub struct RedisPair {
    // First: they would take note of the end of the others.
    sentinels: Vec<Sentinel>,
    servers: [Redis; 2],
    /// Which of the two is the primary, as far as we know.
    primary: Mutex<usize>,
}

#[derive(Debug)]
struct Sentinel {
    running: Option<Running>,
    port: u16,
    _place: Place,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }
}

impl RedisPair {
    /// Everything is written through, as with `RedisOptions { appendonly: true, .. }`.
    pub fn start() -> RedisPair {
        RedisPair::start_with(RedisOptions { appendonly: true, ..RedisOptions::default() })
    }

    /// Two servers with these options; `requirepass` is the password between them too. Neither ACL nor TLS.
    pub fn start_with(options: RedisOptions) -> RedisPair {
        assert!(options.acl.is_none() && !options.tls, "a pair has a password at most");
        let mut options = options;
        if let Some(password) = &options.requirepass {
            options.lines.push(format!("masterauth {password}"));
        }
        let primary = Redis::start(options.clone());
        options.lines.push(format!("replicaof 127.0.0.1 {}", primary.port()));
        let replica = Redis::start(options.clone());
        until("a replica in step", || said(&replica).contains("master_link_status:up"));
        let sentinels = (0..3).map(|_| Sentinel::start(primary.port(), options.requirepass.as_deref())).collect();
        let pair = RedisPair { sentinels, servers: [primary, replica], primary: Mutex::new(0) };
        let port = pair.replica().port();
        pair.until("sentinels that know all", || pair.sentinels.iter().all(|s| s.knows_all() && s.sees_replica(port)));
        pair
    }

    /// `redis+sentinel://host:port,host:port,host:port/name`.
    pub fn sentinel_url(&self) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|s| format!("127.0.0.1:{}", s.port)).collect();
        let password = self.servers[0].options.requirepass.as_ref();
        let who = password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("redis+sentinel://{who}{}/{NAME}", hosts.join(","))
    }

    /// The one that takes writes.
    pub fn primary(&self) -> &Redis {
        &self.servers[self.at()]
    }

    pub fn replica(&self) -> &Redis {
        &self.servers[1 - self.at()]
    }

    /// Waits until the replica has all that the primary has answered.
    pub fn replicated(&self) {
        self.until("replica that has everything", || {
            let value =
                |text: &str, name: &str| text.split(name).nth(1).and_then(|rest| rest.lines().next().map(str::to_owned));
            let primary = value(&said(self.primary()), "master_repl_offset:");
            primary.is_some() && value(&said(self.replica()), "slave_repl_offset:") == primary
        });
    }

    /// Kills the primary, waits until the sentinels have made the other one it, and brings the old one back as its replica.
    /// What was not replicated at that moment is lost.
    pub fn fail_over(&self) {
        self.lose_primary();
        let old = self.replica();
        old.start_again();
        self.in_step(old);
    }

    /// The first half of `fail_over`: the old primary stays dead, until `replica().start_again()`.
    pub fn lose_primary(&self) {
        self.primary().kill9();
        self.turned();
    }

    /// Asks the sentinels to make the other one the primary while both live.
    pub fn hand_over(&self) {
        let mut asked: Option<Instant> = None;
        self.until("another primary", || {
            if asked.is_none_or(|at| at.elapsed() > HAND_OVER) {
                let said = self.sentinels.first().map(|s| s.ask(&["SENTINEL", "FAILOVER", NAME]));
                asked = said.filter(|said| said == "OK").map(|_| Instant::now()).or(asked);
            }
            asked.is_some() && self.has_turned()
        });
        self.take_note();
        self.in_step(self.replica());
    }

    fn turned(&self) {
        self.until("another primary", || self.has_turned());
        self.take_note();
    }

    /// Whether the replica is the primary now, by its own word and by that of all sentinels.
    fn has_turned(&self) -> bool {
        let next = self.replica();
        let agreed = |s: &Sentinel| {
            s.ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", NAME]).lines().nth(1) == Some(&next.port().to_string())
        };
        self.sentinels.iter().all(agreed) && said(next).contains("role:master")
    }

    fn take_note(&self) {
        let mut primary = self.primary.lock().unwrap_or_else(PoisonError::into_inner);
        *primary = 1 - *primary;
    }

    /// Until the sentinels have told it whom to follow, and it does.
    fn in_step(&self, replica: &Redis) {
        self.until("a replica in step", || {
            let said = said(replica);
            let follows = said.contains(&format!("master_port:{}", self.primary().port()));
            follows && said.contains("role:slave") && said.contains("master_link_status:up")
        });
        // They have to have seen it, or the next failover finds no one.
        self.until("sentinels that know the replica", || self.sentinels.iter().all(|s| s.sees_replica(replica.port())));
    }

    /// As `until`, with what everybody printed.
    fn until(&self, what: &str, came: impl FnMut() -> bool) {
        if !comes(came) {
            let printed = self.sentinels.iter().filter_map(|s| s.running.as_ref()).map(Running::printed);
            let printed: Vec<_> = printed.chain(self.servers.iter().map(Redis::printed)).collect();
            panic!("no {what} within {PATIENCE:?}; the three sentinels and the two servers printed:\n{}", printed.join("\n\n"));
        }
    }

    fn at(&self) -> usize {
        *self.primary.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What it says about replication; nothing when a sentinel just has thrown out everybody who was connected.
fn said(server: &Redis) -> String {
    server.ask(&["INFO", "replication"]).unwrap_or_default()
}

impl Sentinel {
    fn start(primary: u16, password: Option<&str>) -> Sentinel {
        let place = Place::new("sentinel", None);
        for _ in 0..20 {
            let port = port::free();
            fs::write(place.join("sentinel.conf"), configuration(place.path(), port, primary, password)).expect("just made");
            if let Some(running) = spawn(&place) {
                let sentinel = Sentinel { running: Some(running), port, _place: place };
                // By itself it looks around every ten and says hello every two seconds. Older versions do not take it: then it
                // is slower.
                sentinel.ask(&["SENTINEL", "DEBUG", "info-period", "200", "publish-period", "200"]);
                sentinel.ask(&["SENTINEL", "DEBUG", "ask-period", "100"]);
                return sentinel;
            }
        }
        panic!("no port for a sentinel; it printed:\n{}", fs::read_to_string(place.join("log")).unwrap_or_default());
    }

    fn ask(&self, words: &[&str]) -> String {
        super::cli(self.port, &[], words).unwrap_or_default()
    }

    fn knows_all(&self) -> bool {
        let said = self.ask(&["SENTINEL", "MASTER", NAME]);
        let value = |name| said.lines().skip_while(|line| *line != name).nth(1).unwrap_or_default().to_owned();
        value("num-slaves") == "1" && value("num-other-sentinels") == "2"
    }

    fn sees_replica(&self, port: u16) -> bool {
        let said = self.ask(&["SENTINEL", "REPLICAS", NAME]);
        let value = |name| said.lines().skip_while(|line| *line != name).nth(1).unwrap_or_default().to_owned();
        value("port") == port.to_string() && value("flags") == "slave" && value("master-link-status") == "ok"
    }
}

fn configuration(directory: &Path, port: u16, primary: u16, password: Option<&str>) -> String {
    let auth = password.map(|password| format!("sentinel auth-pass {NAME} {password}\n")).unwrap_or_default();
    // A machine that stands still for a second is not a dead server: nobody asked for that failover.
    format!(
        "bind 127.0.0.1\nport {port}\ndir {}\nsentinel monitor {NAME} 127.0.0.1 {primary} 2\n{auth}\
         sentinel down-after-milliseconds {NAME} 1500\nsentinel failover-timeout {NAME} 3000\n",
        directory.display()
    )
}

fn spawn(place: &Place) -> Option<Running> {
    let log = place.join("log");
    let before = fs::read_to_string(&log).map_or(0, |text| text.len());
    let mut command = Command::new(program::on_path("redis-sentinel", "redis-sentinel"));
    command.arg(place.join("sentinel.conf"));
    let mut running = Running::spawn(command, None, place.path(), &log);
    let said = |log: &Path| fs::read_to_string(log).unwrap_or_default().split_off(before);
    if running.becomes("ready", || said(&log).contains("+monitor")) {
        return Some(running);
    }
    let printed = said(&log);
    assert!(printed.contains("Address already in use"), "the sentinel does not start:\n{printed}");
    None
}

pub(super) fn until(what: &str, came: impl FnMut() -> bool) {
    assert!(comes(came), "no {what} within {PATIENCE:?}");
}

fn comes(mut came: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !came() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(LOOK);
    }
    true
}
