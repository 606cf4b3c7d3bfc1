//! The display, and what is on it.

use super::{Desktop, holds, until};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// An X server that draws into memory.
#[derive(Debug)]
pub struct Screen {
    _server: Child,
    number: u32,
}

impl Screen {
    pub(super) async fn start() -> Result<Self> {
        // The server finds a free number itself and tells it on a descriptor: two tests never fight for one.
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x900x24", "-nolisten", "tcp", "-noreset"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("Xvfb (package xvfb)")?;
        let told = server.stdout.take().context("stdout is piped")?;
        let number = BufReader::new(told).lines().next_line().await?.context("Xvfb named no display")?;
        Ok(Screen { _server: server, number: number.trim().parse()? })
    }

    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }
}

impl Desktop {
    /// The ids of visible windows whose title matches.
    ///
    /// # Errors
    /// When the display cannot be asked.
    pub async fn windows(&self, title: &str) -> Result<Vec<String>> {
        let found = self.command("xdotool").args(["search", "--onlyvisible", "--name", title]).output().await?;
        Ok(String::from_utf8(found.stdout)?.lines().map(str::to_owned).collect())
    }

    /// Waits until exactly this many windows with this title are visible.
    ///
    /// # Errors
    /// When that does not come about.
    pub async fn shows_windows(&self, title: &str, count: usize) -> Result<()> {
        until(&format!("{count} windows {title:?}"), || async {
            let now = self.windows(title).await?.len();
            holds(now == count, || format!("there are {now}"))
        })
        .await
    }

    /// Asks a window to close, as its close button does.
    ///
    /// # Errors
    /// When there is no such window.
    pub async fn close_window(&self, title: &str) -> Result<()> {
        let id = self.windows(title).await?.into_iter().next().with_context(|| format!("no window {title:?}"))?;
        let done = self.command("xdotool").args(["windowquit", &id]).status().await?;
        if done.success() { Ok(()) } else { bail!("the window could not be asked to close: {done}") }
    }

    /// Writes what is on the display into a PNG.
    ///
    /// # Errors
    /// When ImageMagick's `import` is missing.
    pub async fn photograph(&self, path: &Path) -> Result<()> {
        let done = self.command("import").args(["-window", "root"]).arg(path).status().await.context("import (imagemagick)")?;
        if done.success() { Ok(()) } else { bail!("import: {done}") }
    }
}
