//! A PostgreSQL server from a prepared data directory.

mod template;

use crate::place::Place;
use crate::port;
use crate::program::{self, Account};
use crate::running::Running;
use crate::tls::Certificate;
use rustix::process::Signal;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The superuser of every server; connections from this machine need no password.
const USER: &str = "whatisup";

/// What is special about a server; the default is none of it.
#[derive(Clone, Debug, Default)]
pub struct PostgresOptions {
    /// As in production: a commit waits until the disk has it. Without, nothing is written through: fast, and it survives all
    /// that tests do to it but a power failure.
    pub durable: bool,
    /// Over TCP it speaks TLS only, by a certificate of the CA at `Postgres::ca`.
    pub tls: bool,
    /// Further settings: `("max_connections", "20")`.
    pub settings: Vec<(String, String)>,
}

/// A server of one's own, ended when dropped.
///
/// Its databases sort text by the rules of a language (ICU, en-US), as those of most installations do: an order that a
/// program relies on has to be asked for.
#[derive(Debug)]
pub struct Postgres {
    // Before the place: nothing may run in a directory that goes.
    running: Mutex<Option<Running>>,
    port: u16,
    options: PostgresOptions,
    databases: AtomicU32,
    account: Option<Account>,
    certificate: Option<Certificate>,
    place: Place,
}

impl Postgres {
    /// With all options at their defaults.
    pub fn start() -> Postgres {
        Postgres::start_with(PostgresOptions::default())
    }

    /// As in production: a commit waits until the disk has it.
    pub fn start_durable() -> Postgres {
        Postgres::start_with(PostgresOptions { durable: true, ..PostgresOptions::default() })
    }

    pub fn start_with(options: PostgresOptions) -> Postgres {
        let account = Account::without_power();
        let place = Place::new("postgres", account);
        template::copy(&place.join("data"), account);
        let certificate = options.tls.then(|| Certificate::write(&place, account));
        if options.tls {
            let who_may = template::WHO_MAY.replace("\nhost ", "\nhostssl ");
            fs::write(place.join("data/pg_hba.conf"), who_may).expect("just copied");
        }
        let (running, databases) = (Mutex::new(None), AtomicU32::new(0));
        let mut postgres = Postgres { running, port: 0, options, databases, account, certificate, place };
        for _ in 0..20 {
            postgres.port = port::free();
            if let Some(running) = postgres.spawn() {
                *postgres.lock() = Some(running);
                return postgres;
            }
        }
        panic!("no port for PostgreSQL; it printed:\n{}", postgres.printed());
    }

    /// Of the database `postgres`.
    pub fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Of a new and empty database.
    pub fn database(&self) -> String {
        let name = format!("fresh_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.psql(&format!("CREATE DATABASE {name}"));
        self.url_of(&name)
    }

    fn url_of(&self, database: &str) -> String {
        format!("postgres://{USER}@{}/{database}", self.address())
    }

    /// Makes a user that has to give this password; the URL of the database `postgres` with both in it. The user is no
    /// superuser.
    pub fn user(&self, name: &str, password: &str) -> String {
        self.psql(&format!("CREATE USER {name} PASSWORD '{password}' IN ROLE with_password"));
        format!("postgres://{name}:{password}@{}/postgres", self.address())
    }

    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// What its clients are to trust.
    ///
    /// # Panics
    /// When it speaks no TLS.
    pub fn ca(&self) -> &Path {
        &self.certificate.as_ref().expect("it was started with `tls`").ca
    }

    /// Of the unix socket.
    pub fn directory(&self) -> &Path {
        self.place.path()
    }

    /// What this SQL answers, in the database `postgres`: a line per row, columns divided by `|`.
    pub fn psql(&self, sql: &str) -> String {
        self.psql_at(&self.url(), sql)
    }

    /// The same in another database, given by its URL.
    pub fn psql_at(&self, url: &str, sql: &str) -> String {
        let mut psql = Command::new(program::of_postgres("psql"));
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1", "--command", sql, url]);
        let output = psql.output().unwrap_or_else(|e| panic!("psql: {e}"));
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    /// Everything that the server printed.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.place.join("log")).unwrap_or_default()
    }

    /// Ends it in good order, breaking off all connections.
    pub fn stop(&self) {
        if let Some(running) = self.lock().take() {
            running.end(Signal::INT, Duration::from_secs(20));
        }
    }

    /// After `stop` or `kill9`: with the same port and the same data.
    pub fn start_again(&self) {
        let mut running = self.lock();
        assert!(running.is_none(), "PostgreSQL runs already");
        *running = Some(self.spawn().unwrap_or_else(|| panic!("PostgreSQL does not start again:\n{}", self.printed())));
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

    /// Stops all its processes in their tracks: connections stay, and nothing answers.
    pub fn pause(&self) {
        self.lock().as_ref().expect("only what runs can be paused").pause();
    }

    pub fn resume(&self) {
        self.lock().as_ref().expect("only what runs can be resumed").resume();
    }

    /// `None` when the port is taken.
    fn spawn(&self) -> Option<Running> {
        let (data, log) = (self.place.join("data"), self.place.join("log"));
        let before = self.printed().len();
        let mut command = Command::new(program::of_postgres("postgres"));
        command.arg("-D").arg(&data).args(["-p", &self.port.to_string()]).arg("-k").arg(self.place.path());
        let on = if self.options.durable { "on" } else { "off" };
        let mut settings: Vec<_> =
            ["fsync", "synchronous_commit", "full_page_writes"].map(|name| format!("{name}={on}")).into();
        if let Some(Certificate { certificate, key, .. }) = &self.certificate {
            settings.push("ssl=on".to_owned());
            settings.push(format!("ssl_cert_file={}", certificate.display()));
            settings.push(format!("ssl_key_file={}", key.display()));
        }
        settings.extend(self.options.settings.iter().map(|(name, value)| format!("{name}={value}")));
        command.args(settings.iter().flat_map(|setting| ["-c", setting]));
        let mut running = Running::spawn(command, self.account, self.place.path(), &log);
        let pid = running.pid().to_string();
        let ready = running.becomes("ready", || {
            // A killed server leaves its file behind, so the number has to be this one's.
            let noted = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
            let mut lines = noted.lines();
            lines.next() == Some(&pid) && lines.nth(6).is_some_and(|status| status.trim() == "ready")
        });
        if ready {
            return Some(running);
        }
        let printed = running.printed().split_off(before);
        assert!(printed.contains("could not create any TCP/IP sockets"), "PostgreSQL does not start:\n{printed}");
        None
    }

    fn lock(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(running) = self.lock().take() {
            // Its fastest way that still gives the shared memory back.
            running.end(Signal::QUIT, Duration::from_secs(5));
        }
        give_memory_back(&self.place.join("data/postmaster.pid"));
    }
}

/// A killed server leaves a segment of shared memory behind, noted in its pid file, and the system has room for so many.
fn give_memory_back(pid_file: &Path) {
    let noted = fs::read_to_string(pid_file).unwrap_or_default();
    if let Some(id) = noted.lines().nth(6).and_then(|line| line.split_whitespace().nth(1)) {
        let _ = Command::new("ipcrm").args(["-m", id]).output();
    }
}
