//! A real notification service, and what it was asked to show.

use super::{Desktop, holds, until};
use crate::PATIENCE;
use anyhow::{Context, Result, bail};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::sync::watch;
use tokio::time::timeout;

/// `dunst`, which prints all that it shows.
#[derive(Debug)]
pub struct Notifications {
    printed: watch::Receiver<String>,
    _daemon: Child,
}

impl Notifications {
    pub(super) async fn start(desktop: &Desktop) -> Result<Self> {
        let file = desktop.path("dunstrc");
        // Stay until they are closed: a test is not as quick as a person.
        std::fs::write(
            &file,
            "[global]\n[urgency_low]\ntimeout=0\n[urgency_normal]\ntimeout=0\n[urgency_critical]\ntimeout=0\n",
        )?;
        let mut daemon = desktop
            .command("dunst")
            .arg("-print")
            .arg("-conf")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("dunst")?;
        let mut lines = BufReader::new(daemon.stdout.take().context("stdout is piped")?).lines();
        let (write, printed) = watch::channel(String::new());
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                write.send_modify(|all| {
                    all.push_str(&line);
                    all.push('\n');
                });
            }
        });
        desktop.bus.has("org.freedesktop.Notifications").await?;
        Ok(Notifications { printed, _daemon: daemon })
    }

    /// Waits until a notification with this text was shown.
    ///
    /// # Errors
    /// When none is shown in time; says what was.
    pub async fn show(&self, text: &str) -> Result<()> {
        let mut printed = self.printed.clone();
        match timeout(PATIENCE, printed.wait_for(|all| all.contains(text))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => bail!("no notification said {text:?}; shown were:\n{}", self.printed()),
        }
    }

    /// Waits until so many lie on the screen.
    ///
    /// # Errors
    /// When there are others.
    pub async fn lie_there(&self, desktop: &Desktop, count: usize) -> Result<()> {
        until(&format!("{count} notifications on the screen"), || async {
            let asked = desktop.command("dunstctl").args(["count", "displayed"]).output().await?;
            let now = String::from_utf8_lossy(&asked.stdout).trim().to_owned();
            holds(asked.status.success() && now == count.to_string(), || format!("there are {now:?}"))
        })
        .await
    }

    pub fn printed(&self) -> String {
        self.printed.borrow().clone()
    }

    /// Presses the button of the newest notification.
    ///
    /// # Errors
    /// When there is none.
    pub async fn press(&self, desktop: &Desktop) -> Result<()> {
        let done = desktop.command("dunstctl").args(["action", "0"]).status().await?;
        if done.success() { Ok(()) } else { bail!("dunstctl action: {done}") }
    }
}
