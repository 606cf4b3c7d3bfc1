//! Redis: one server; a pair with sentinels and a cluster are below.

mod cluster;
mod pair;

pub use cluster::RedisCluster;
pub use pair::RedisPair;

use crate::place::Place;
use crate::running::Running;
use crate::tls::Certificate;
use crate::{port, program};
use rustix::process::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is special about a server; the default is none of it.
#[derive(Clone, Debug, Default)]
pub struct RedisOptions {
    /// Writes every command to the disk before it answers (`appendonly yes`, `appendfsync always`). Without, a restart in good
    /// order keeps everything all the same; a kill loses it.
    pub appendonly: bool,
    /// The password of the default user.
    pub requirepass: Option<String>,
    /// A user besides: its name, its password, its rules (`~whatisup:* +@all -@dangerous`). The default user is off then for
    /// everybody but `cli`.
    pub acl: Option<(String, String, String)>,
    /// Speaks TLS only, by a certificate of the CA at `Redis::ca`.
    pub tls: bool,
    /// Bytes, or as Redis writes them (`64mb`); with `noeviction`.
    pub maxmemory: Option<String>,
    /// Further lines for its configuration file.
    pub lines: Vec<String>,
}

/// A server of one's own, ended when dropped.
#[derive(Debug)]
pub struct Redis {
    // Before the place: nothing may run in a directory that goes.
    running: Mutex<Option<Running>>,
    port: u16,
    options: RedisOptions,
    certificate: Option<Certificate>,
    place: Place,
}

/// Who `cli` is when the server has an ACL.
const WARDEN: (&str, &str) = ("warden", "of-this-test-server");

impl Redis {
    pub fn start(options: RedisOptions) -> Redis {
        let place = Place::new("redis", None);
        let certificate = options.tls.then(|| Certificate::write(&place, None));
        for _ in 0..20 {
            let port = port::free();
            let text = configuration(&place, port, &options, certificate.as_ref());
            fs::write(place.join("redis.conf"), text).expect("just made");
            if let Some(running) = spawn(&place, port) {
                return Redis { running: Mutex::new(Some(running)), port, options, certificate, place };
            }
        }
        panic!("no port for Redis; it printed:\n{}", fs::read_to_string(place.join("log")).unwrap_or_default());
    }

    /// `redis://` or `rediss://`, with user and password, where it has such.
    pub fn url(&self) -> String {
        let who = match (&self.options.acl, &self.options.requirepass) {
            (Some((user, password, _)), _) => format!("{user}:{password}@"),
            (None, Some(password)) => format!(":{password}@"),
            (None, None) => String::new(),
        };
        format!("redis{}://{who}{}/0", if self.options.tls { "s" } else { "" }, self.address())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// What its clients are to trust.
    ///
    /// # Panics
    /// When it speaks no TLS.
    pub fn ca(&self) -> &Path {
        &self.certificate.as_ref().expect("it was started with `tls`").ca
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn directory(&self) -> &Path {
        self.place.path()
    }

    /// What `redis-cli` answers; as somebody who may do everything.
    ///
    /// # Panics
    /// When the server does not answer. An error that it answers is an answer.
    pub fn cli(&self, arguments: &[&str]) -> String {
        self.ask(arguments).unwrap_or_else(|why| panic!("redis-cli {arguments:?}: {why}"))
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, String> {
        let mut who = Vec::new();
        match (&self.options.acl, &self.options.requirepass) {
            (Some(_), _) => who.extend(["--user", WARDEN.0, "--pass", WARDEN.1]),
            (None, Some(password)) => who.extend(["--pass", password]),
            (None, None) => (),
        }
        let ca = self.certificate.as_ref().map(|certificate| certificate.ca.to_string_lossy());
        if let Some(ca) = &ca {
            who.extend(["--tls", "--cacert", ca]);
        }
        cli(self.port, &who, arguments)
    }

    /// Everything that the server printed.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }

    /// Ends it in good order: what it holds is on the disk afterwards.
    pub fn stop(&self) {
        if let Some(running) = self.lock().take() {
            running.end(Signal::TERM, Duration::from_secs(20));
        }
    }

    /// After `stop` or `kill9`: with the same port and the same data.
    pub fn start_again(&self) {
        let mut running = self.lock();
        assert!(running.is_none(), "Redis runs already");
        *running =
            Some(spawn(&self.place, self.port).unwrap_or_else(|| panic!("Redis does not start again:\n{}", self.printed())));
    }

    pub fn restart(&self) {
        self.stop();
        self.start_again();
    }

    /// Ends it as a power failure does.
    pub fn kill9(&self) {
        if let Some(running) = self.lock().take() {
            running.kill();
        }
    }

    /// Stops it in its tracks: connections stay, and nothing answers.
    pub fn pause(&self) {
        self.lock().as_ref().expect("only what runs can be paused").pause();
    }

    pub fn resume(&self) {
        self.lock().as_ref().expect("only what runs can be resumed").resume();
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(running) = self.lock().take() {
            running.kill();
        }
    }
}

fn cli(port: u16, who: &[&str], words: &[&str]) -> Result<String, String> {
    let mut cli = Command::new(program::on_path("redis-cli", "redis-tools"));
    cli.args(["-h", "127.0.0.1", "-p", &port.to_string(), "--no-auth-warning"]).args(who).args(words);
    let output = cli.output().map_err(|e| e.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

fn configuration(place: &Place, port: u16, options: &RedisOptions, certificate: Option<&Certificate>) -> String {
    let mut lines = vec![
        "bind 127.0.0.1".to_owned(),
        format!("dir {}", place.path().display()),
        "daemonize no".to_owned(),
        "databases 16".to_owned(),
        "repl-diskless-sync-delay 0".to_owned(),
        "maxmemory-policy noeviction".to_owned(),
    ];
    match certificate {
        None => lines.push(format!("port {port}")),
        Some(Certificate { ca, certificate, key }) => lines.extend([
            format!("port 0\ntls-port {port}\ntls-auth-clients no"),
            format!("tls-ca-cert-file {}", ca.display()),
            format!("tls-cert-file {}\ntls-key-file {}", certificate.display(), key.display()),
        ]),
    }
    if options.appendonly {
        lines.extend(["appendonly yes".to_owned(), "appendfsync always".to_owned(), "save \"\"".to_owned()]);
    } else {
        // With a rule it saves on SIGTERM; this one never comes by itself.
        lines.push("save 86400 1000000000".to_owned());
    }
    if let Some(password) = &options.requirepass {
        lines.push(format!("requirepass {password}"));
    }
    if let Some((user, password, rules)) = &options.acl {
        lines.push(format!("user {user} on >{password} {rules}"));
        lines.push(format!("user {} on >{} ~* &* +@all", WARDEN.0, WARDEN.1));
        lines.push("user default off".to_owned());
    }
    if let Some(bytes) = &options.maxmemory {
        lines.push(format!("maxmemory {bytes}"));
    }
    lines.extend(options.lines.iter().cloned());
    lines.join("\n") + "\n"
}

/// `None` when the port is taken.
fn spawn(place: &Place, port: u16) -> Option<Running> {
    let log = place.join("log");
    let before = fs::read_to_string(&log).map_or(0, |text| text.len());
    let mut command = Command::new(program::on_path("redis-server", "redis-server"));
    command.arg(place.join("redis.conf"));
    let mut running = Running::spawn(command, None, place.path(), &log);
    let ready = running.becomes("ready", || {
        // It says so only when what it had on the disk is loaded.
        let printed = fs::read_to_string(&log).unwrap_or_default();
        let said = printed.get(before..).is_some_and(|now| now.contains("Ready to accept connections"));
        said && TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
    });
    if ready {
        return Some(running);
    }
    let printed = running.printed().split_off(before);
    assert!(printed.contains("Address already in use"), "Redis does not start:\n{printed}");
    None
}
