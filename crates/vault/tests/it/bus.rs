//! A session bus of a test's own, with or without a real gnome-keyring on it, and test bodies that run as processes on that
//! bus: which bus is used is a matter of the environment, and that belongs to a whole process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue};

const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// No service is started on demand: what is not on it is missing.
pub struct Bus {
    home: tempfile::TempDir,
    address: String,
    running: Vec<Child>,
}

impl Bus {
    pub fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let socket = home.path().join("bus");
        let config = home.path().join("bus.conf");
        std::fs::write(&config, CONFIG.replace("SOCKET", socket.to_str().unwrap())).unwrap();
        let mut daemon = Command::new("dbus-daemon");
        daemon.arg("--nofork").arg("--print-address=1").arg(format!("--config-file={}", config.display()));
        let mut daemon = start(&mut daemon, "dbus");
        let address = BufReader::new(daemon.stdout.take().unwrap()).lines().next().expect("the bus tells its address").unwrap();
        Bus { home, address, running: vec![daemon] }
    }

    /// With a keychain that is unlocked; its password is `correct horse`.
    pub fn with_keyring() -> Self {
        let mut bus = Bus::start();
        bus.start_keyring(true);
        bus
    }

    /// With a keychain that was never set up.
    pub fn with_fresh_keyring() -> Self {
        let mut bus = Bus::start();
        bus.start_keyring(false);
        bus
    }

    pub fn start_keyring(&mut self, unlock: bool) {
        let mut daemon = self.command("gnome-keyring-daemon");
        daemon.args(["--foreground", "--components=secrets"]).stdin(Stdio::piped());
        if unlock {
            daemon.arg("--unlock");
        }
        let mut daemon = start(&mut daemon, "gnome-keyring");
        daemon.stdin.take().unwrap().write_all(b"correct horse").unwrap();
        self.running.push(daemon);
        let waited = self.command("gdbus").args(["wait", "--session", "--timeout=20", "org.freedesktop.secrets"]).status();
        assert!(waited.expect("install the package libglib2.0-bin").success(), "gnome-keyring does not come up");
    }

    /// What a person does who types the password into the keychain's own window. gnome-keyring has a call for it, meant for
    /// tests; the session that it wants lives as long as its connection.
    pub fn unlock_keyring(&self) {
        let address = self.address.clone();
        tokio::runtime::Runtime::new().unwrap().block_on(async move {
            let bus = zbus::connection::Builder::address(address.as_str()).unwrap().build().await.unwrap();
            let (to, path) = ("org.freedesktop.secrets", "/org/freedesktop/secrets");
            let plain = ("plain", zbus::zvariant::Value::from(""));
            let reply =
                bus.call_method(Some(to), path, Some("org.freedesktop.Secret.Service"), "OpenSession", &plain).await.unwrap();
            let (_, session): (OwnedValue, OwnedObjectPath) = reply.body().deserialize().unwrap();
            let collection = ObjectPath::try_from("/org/freedesktop/secrets/collection/login").unwrap();
            let secret = (collection, (session, Vec::<u8>::new(), b"correct horse".to_vec(), "text/plain"));
            let inner = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
            bus.call_method(Some(to), path, Some(inner), "UnlockWithMasterPassword", &secret).await.unwrap();
        });
    }

    pub fn lock_keyring(&self) {
        self.call("org.freedesktop.Secret.Service.Lock", "['/org/freedesktop/secrets/aliases/default']");
    }

    /// The keychain dies.
    pub fn kill_keyring(&mut self) {
        let mut daemon = self.running.pop().unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    fn call(&self, method: &str, argument: &str) {
        let mut call = self.command("gdbus");
        call.args(["call", "--session", "--dest", "org.freedesktop.secrets", "--object-path", "/org/freedesktop/secrets"]);
        let output = call.args(["--method", method, argument]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Runs the ignored test `name` of this binary as a process on this bus.
    pub fn run(&self, name: &str) -> Body {
        Body::start(self.command(std::env::current_exe().unwrap()), name)
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        at_home(&mut command, self.home.path());
        command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
        command
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        for child in self.running.iter_mut().rev() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Nothing of the desktop that the tests run on is touched.
fn at_home(command: &mut Command, home: &Path) {
    command.env("HOME", home).env("XDG_RUNTIME_DIR", home).env("XDG_DATA_HOME", home.join("data"));
    command.env_remove("DISPLAY").env_remove("WAYLAND_DISPLAY").env_remove("GNOME_KEYRING_CONTROL");
}

fn start(command: &mut Command, package: &str) -> Child {
    let program = command.get_program().to_owned();
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|e| panic!("cannot start {}: {e}. Install the package {package}", program.display()))
}

/// A test body in a process of its own, which says how far it has got.
pub struct Body {
    process: Child,
    said: Receiver<String>,
}

/// After this a body hangs, which is what some of these tests are about.
const PATIENCE: Duration = Duration::from_secs(30);

/// Set for the bodies, so that one who runs all ignored tests does not run them on his own desktop.
const BODY: &str = "VAULT_TEST_BODY";

impl Body {
    /// On no bus at all.
    pub fn without_bus(name: &str) -> (Body, tempfile::TempDir) {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        at_home(&mut command, home.path());
        command.env_remove("DBUS_SESSION_BUS_ADDRESS");
        (Body::start(command, name), home)
    }

    fn start(mut command: Command, name: &str) -> Body {
        command.args([name, "--exact", "--ignored", "--nocapture", "--test-threads=1"]).env(BODY, "1");
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (said_to, said) = channel();
        // Ends with the process.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said_to.send(line)));
        Body { process, said }
    }

    /// Returns when the body [says](say) this.
    pub fn wait_for(&mut self, word: &str) {
        loop {
            match self.said.recv_timeout(PATIENCE) {
                Ok(line) if line.ends_with(&format!("> {word}")) => return,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => panic!("the body hangs before it says {word:?}"),
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the body ended before it said {word:?}: {:?}", self.process.wait())
                }
            }
        }
    }

    pub fn finish(mut self) {
        self.wait_for("done");
        // Whatever the harness still says must find a reader.
        while self.said.recv_timeout(PATIENCE).is_ok() {}
        assert!(self.process.wait().unwrap().success());
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Within a body.
pub fn say(word: &str) {
    println!("> {word}");
}

/// Whether this is a body, started by its test.
pub fn is_body() -> bool {
    std::env::var_os(BODY).is_some()
}
