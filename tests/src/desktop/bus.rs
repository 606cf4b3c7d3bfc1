//! The session bus of a test, with the keychain on it and a panel that takes tray icons.

use super::{holds, until};
use anyhow::{Context, Result};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use zbus::fdo::DBusProxy;
use zbus::names::BusName;
use zbus::{Connection, interface};

/// The bus starts nothing by itself: a test has exactly the services that it asked for.
const CONFIGURATION: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

const PANEL: &str = "org.kde.StatusNotifierWatcher";

/// A session bus, and our own connection to it.
#[derive(Debug)]
pub struct Bus {
    pub connection: Connection,
    items: Arc<Mutex<Vec<String>>>,
    address: String,
    _daemon: Child,
}

impl Bus {
    pub(super) async fn start(home: &Path, panel: bool) -> Result<Self> {
        let socket = home.join("run").join("bus");
        let file = home.join("bus.conf");
        std::fs::write(&file, CONFIGURATION.replace("SOCKET", &socket.display().to_string()))?;
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", file.display()))
            .args(["--nofork", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // It complains about limits that containers do not let it raise.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("dbus-daemon (package dbus)")?;
        let told = daemon.stdout.take().context("stdout is piped")?;
        let address = BufReader::new(told).lines().next_line().await?.context("the bus named no address")?;
        let items = Arc::default();
        let mut builder = zbus::connection::Builder::address(address.as_str())?;
        if panel {
            builder = builder.name(PANEL)?.serve_at("/StatusNotifierWatcher", Panel(Arc::clone(&items)))?;
        }
        Ok(Bus { connection: builder.build().await?, items, address, _daemon: daemon })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Tray items that came to the panel: bus name and path.
    pub fn items(&self) -> Vec<(String, String)> {
        let items = self.items.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().filter_map(|item| item.find('/').map(|at| (item[..at].to_owned(), item[at..].to_owned()))).collect()
    }

    pub(super) async fn lock_keychain(&self) -> Result<()> {
        let all = vec![zbus::zvariant::ObjectPath::try_from("/org/freedesktop/secrets/aliases/default")?];
        let (service, path) = ("org.freedesktop.secrets", "/org/freedesktop/secrets");
        self.connection.call_method(Some(service), path, Some("org.freedesktop.Secret.Service"), "Lock", &(all)).await?;
        Ok(())
    }

    /// Waits until somebody owns this name.
    ///
    /// # Errors
    /// When nobody takes it in time.
    pub async fn has(&self, name: &str) -> Result<()> {
        until(name, || async { holds(self.is_owned(name).await?, || "nobody owns the name".to_owned()) }).await
    }

    /// Whether somebody owns this name.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn is_owned(&self, name: &str) -> Result<bool> {
        Ok(DBusProxy::new(&self.connection).await?.name_has_owner(BusName::try_from(name)?).await?)
    }
}

/// A panel's side of tray icons, as far as an icon notices.
struct Panel(Arc<Mutex<Vec<String>>>);

#[interface(name = "org.kde.StatusNotifierWatcher")]
impl Panel {
    fn register_status_notifier_item(&self, service: String, #[zbus(header)] header: zbus::message::Header<'_>) {
        let sender = header.sender().map(ToString::to_string).unwrap_or_default();
        let item =
            if service.starts_with('/') { format!("{sender}{service}") } else { format!("{service}/StatusNotifierItem") };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn register_status_notifier_host(&self, _service: String) {}

    #[zbus(property)]
    fn registered_status_notifier_items(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[zbus(property)]
    fn is_status_notifier_host_registered(&self) -> bool {
        true
    }

    #[zbus(property)]
    fn protocol_version(&self) -> i32 {
        0
    }
}

/// GNOME's keychain, unlocked.
pub(super) async fn keyring(environment: &[(String, String)], bus: &Bus) -> Result<Child> {
    let mut daemon = Command::new("gnome-keyring-daemon")
        .args(["--foreground", "--unlock", "--components=secrets"])
        .envs(environment.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("gnome-keyring-daemon (package gnome-keyring)")?;
    let mut password = daemon.stdin.take().context("stdin is piped")?;
    password.write_all(b"of this test only").await?;
    drop(password);
    bus.has("org.freedesktop.secrets").await?;
    Ok(daemon)
}
