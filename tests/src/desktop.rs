//! A desktop without a screen, one for each test: display, session bus, keychain, notification service and panel are real
//! programs (the panel is ours), and nothing of them is shared with the person's own session or with another test.

pub mod bus;
pub mod memory;
pub mod notifications;
pub mod page;
pub mod screen;
pub mod session;
pub mod shell;
pub mod tray;

use crate::{PATIENCE, leaks};
use anyhow::{Context, Result, bail};
use bus::Bus;
use notifications::Notifications;
use screen::Screen;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::{Duration, Instant, sleep};

/// What a desktop has.
#[derive(Clone, Copy, Debug)]
pub struct With {
    pub notifications: bool,
    pub panel: bool,
    pub keychain: bool,
}

/// All that a person's session has.
pub const EVERYTHING: With = With { notifications: true, panel: true, keychain: true };

/// A running desktop. Everything in it ends with it.
// Fields end in this order: programs before the bus and the screen that they use.
#[derive(Debug)]
pub struct Desktop {
    pub notifications: Option<Notifications>,
    keyring: Option<tokio::process::Child>,
    pub bus: Bus,
    pub screen: Screen,
    home: TempDir,
}

impl Drop for Desktop {
    fn drop(&mut self) {
        leaks::keep(self.home.path());
    }
}

impl Desktop {
    /// # Errors
    /// When one of the programs is missing or does not come up.
    pub async fn start(with: With) -> Result<Self> {
        let home = tempfile::tempdir()?;
        for folder in ["run", "data", "config", "cache"] {
            std::fs::create_dir(home.path().join(folder))?;
        }
        owner_only(&home.path().join("run"))?;
        let screen = Screen::start().await?;
        let bus = Bus::start(home.path(), with.panel).await?;
        let keyring = match with.keychain {
            true => Some(bus::keyring(&environment(home.path(), &bus, &screen), &bus).await?),
            false => None,
        };
        let mut desktop = Desktop { keyring, notifications: None, bus, screen, home };
        if with.notifications {
            desktop.notifications = Some(Notifications::start(&desktop).await?);
        }
        Ok(desktop)
    }

    /// Locks the keychain, as a desktop does after a while.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn lock_keychain(&self) -> Result<()> {
        self.bus.lock_keychain().await
    }

    /// Unlocks the keychain as logging in does: its service starts anew with the password.
    ///
    /// # Errors
    /// When it does not come up again.
    pub async fn unlock_keychain(&mut self) -> Result<()> {
        if let Some(mut daemon) = self.keyring.take() {
            daemon.kill().await?;
        }
        self.keyring = Some(bus::keyring(&environment(self.home.path(), &self.bus, &self.screen), &self.bus).await?);
        Ok(())
    }

    /// A program of this desktop: it sees this display, bus and home, and nothing of ours.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        self.dress(&mut command);
        command
    }

    /// The environment of a program of this desktop.
    pub fn dress(&self, command: &mut Command) {
        for foreign in ["WAYLAND_DISPLAY", "XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE", "GTK_THEME", "LD_LIBRARY_PATH"] {
            command.env_remove(foreign);
        }
        for (setting, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("WHATISUP_")) {
            command.env_remove(setting);
        }
        command.envs(environment(self.home.path(), &self.bus, &self.screen)).kill_on_drop(true);
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }
}

fn environment(home: &Path, bus: &Bus, screen: &Screen) -> Vec<(String, String)> {
    let path = |name: &str| home.join(name).display().to_string();
    [
        ("HOME", home.display().to_string()),
        ("XDG_RUNTIME_DIR", path("run")),
        ("XDG_DATA_HOME", path("data")),
        ("XDG_CONFIG_HOME", path("config")),
        ("XDG_CACHE_HOME", path("cache")),
        ("DISPLAY", screen.name()),
        ("DBUS_SESSION_BUS_ADDRESS", bus.address().to_owned()),
        ("GDK_BACKEND", "x11".to_owned()),
        // No accessibility bus is started; asking for one costs seconds.
        ("NO_AT_BRIDGE", "1".to_owned()),
        ("LIBGL_ALWAYS_SOFTWARE", "1".to_owned()),
        // As root, which containers are, WebKit's sandbox cannot be set up.
        ("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

fn owner_only(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

/// Asks until it is so. For what the outside can only ask: a window on a display, an element on a page.
///
/// # Errors
/// When it is not so in time; says what was seen last.
pub async fn until<T, F, Asked>(what: &str, mut ask: F) -> Result<T>
where
    F: FnMut() -> Asked,
    Asked: Future<Output = Result<T>>,
{
    let deadline = Instant::now() + PATIENCE;
    loop {
        match ask().await {
            Ok(value) => return Ok(value),
            Err(error) if Instant::now() > deadline => return Err(error).with_context(|| format!("{what} did not come about")),
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
}

/// For [`until`].
///
/// # Errors
/// When it is not so.
pub fn holds(so: bool, otherwise: impl FnOnce() -> String) -> Result<()> {
    if so { Ok(()) } else { bail!(otherwise()) }
}
