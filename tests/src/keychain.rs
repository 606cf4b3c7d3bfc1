//! A private session bus with a real gnome-keyring on it, that nobody else on the machine sees.

use anyhow::{Context, Result, bail};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The bus and the daemon; both end when dropped.
#[derive(Debug)]
pub struct Keychain {
    bus: Child,
    daemon: Option<Child>,
    address: String,
    home: TempDir,
}

const PASSWORD: &str = "correct horse battery staple";

impl Keychain {
    /// A bus with an unlocked keyring.
    ///
    /// # Errors
    /// When dbus-daemon or gnome-keyring-daemon is not installed or does not start.
    pub fn unlocked() -> Result<Self> {
        let mut me = Self::missing()?;
        me.start_daemon()?;
        Ok(me)
    }

    /// A bus on which nothing keeps secrets.
    ///
    /// # Errors
    /// When dbus-daemon is not installed or does not start.
    pub fn missing() -> Result<Self> {
        let home = tempfile::tempdir()?;
        let socket = format!("unix:path={}", home.path().join("bus").display());
        let config = home.path().join("bus.conf");
        // No service directories: nothing of the machine is started on this bus.
        std::fs::write(
            &config,
            format!(
                "<busconfig><type>session</type><listen>{socket}</listen><policy context=\"default\">\
                 <allow send_destination=\"*\" eavesdrop=\"true\"/><allow eavesdrop=\"true\"/><allow own=\"*\"/></policy></busconfig>"
            ),
        )?;
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--nopidfile", "--print-address=1"])
            .arg(format!("--config-file={}", config.display()))
            .stdout(Stdio::piped())
            .spawn()
            .context("dbus-daemon is needed: scripts/setup test")?;
        let mut address = String::new();
        let out = bus.stdout.take().context("stdout is piped")?;
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut address)?;
        let address = address.trim().to_owned();
        if address.is_empty() {
            bail!("dbus-daemon did not start");
        }
        Ok(Keychain { bus, daemon: None, address, home })
    }

    /// What a process needs in its environment to meet this bus and nothing else.
    pub fn env(&self) -> Vec<(String, String)> {
        let at = |name: &str| self.home.path().join(name).display().to_string();
        [
            ("DBUS_SESSION_BUS_ADDRESS", self.address.clone()),
            ("HOME", at("home")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("XDG_DATA_HOME", at("share")),
        ]
        .map(|(k, v)| (k.to_owned(), v))
        .to_vec()
    }

    /// Starts the daemon, unlocked with the password.
    ///
    /// # Errors
    /// When it is not installed or does not come up.
    pub fn start_daemon(&mut self) -> Result<()> {
        for name in ["home", "run", "share"] {
            std::fs::create_dir_all(self.home.path().join(name))?;
        }
        let mut daemon = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env_remove("DISPLAY")
            .envs(self.env())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("gnome-keyring-daemon is needed: scripts/setup test")?;
        daemon.stdin.take().context("stdin is piped")?.write_all(PASSWORD.as_bytes())?;
        self.daemon = Some(daemon);
        // The name on the bus is the sign that it answers.
        self.wait_for("org.freedesktop.secrets")
    }

    fn wait_for(&self, name: &str) -> Result<()> {
        let done = self.gdbus(&["wait", "--session", "--timeout", "30", name])?;
        if done.status.success() { Ok(()) } else { bail!("{name} did not appear: {}", String::from_utf8_lossy(&done.stderr)) }
    }

    /// Locks every collection, as a desktop does after a while.
    ///
    /// # Errors
    /// When the daemon does not answer.
    pub fn lock(&self) -> Result<()> {
        let collection = "/org/freedesktop/secrets/aliases/default";
        let done = self.gdbus(&[
            "call",
            "--session",
            "--dest",
            "org.freedesktop.secrets",
            "--object-path",
            "/org/freedesktop/secrets",
            "--method",
            "org.freedesktop.Secret.Service.Lock",
            &format!("[objectpath '{collection}']"),
        ])?;
        if done.status.success() { Ok(()) } else { bail!("not locked: {}", String::from_utf8_lossy(&done.stderr)) }
    }

    /// Unlocks with the password, as logging in to the desktop does. Restarts the daemon, which keeps its file.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn unlock(&mut self) -> Result<()> {
        self.stop_daemon();
        self.start_daemon()
    }

    fn stop_daemon(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            // Already gone is as good.
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }

    fn gdbus(&self, args: &[&str]) -> Result<std::process::Output> {
        Command::new("gdbus").args(args).envs(self.env()).output().context("gdbus is needed: scripts/setup test")
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }
}

impl Drop for Keychain {
    fn drop(&mut self) {
        self.stop_daemon();
        let _ = self.bus.kill();
        let _ = self.bus.wait();
    }
}
