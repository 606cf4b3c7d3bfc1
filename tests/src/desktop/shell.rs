//! The desktop application as a process of a test's desktop.

use super::Desktop;
use crate::process::free_port;
use crate::{Events, PATIENCE, Rest, binaries, leaks};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How it is to be started.
#[derive(Clone, Debug)]
pub struct Start {
    pub data_dir: PathBuf,
    pub port: u16,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// Where a WebDriver can reach its windows. Costs memory: a driven window is never freed.
    pub driven_at: Option<u16>,
}

impl Desktop {
    /// An application with its data on this desktop, a free port and its embedded sandbox.
    pub fn application(&self) -> Start {
        Start { data_dir: self.path("whatisup"), port: free_port(), args: Vec::new(), env: Vec::new(), driven_at: None }
    }

    /// Starts it and returns at once.
    ///
    /// # Errors
    /// When it is not built.
    pub fn launch(&self, start: &Start) -> Result<Shell> {
        self.run(self.command(binaries::program("whatisup")?), start)
    }

    /// Starts it where the tray's library is missing: an empty file lies over it, for this process alone.
    ///
    /// # Errors
    /// When it is not built.
    pub fn launch_without_tray_library(&self, start: &Start) -> Result<Shell> {
        const COVER: &str = "for lib in /usr/lib/*/lib*appindicator3.so.1; do mount --bind /dev/null \"$(readlink -f \"$lib\")\"; done; exec \"$@\"";
        let mut command = self.command("unshare");
        command.args(["--mount", "--map-root-user", "sh", "-euc", COVER, "sh"]).arg(binaries::program("whatisup")?);
        self.run(command, start)
    }

    fn run(&self, mut command: Command, start: &Start) -> Result<Shell> {
        command.arg("--data-dir").arg(&start.data_dir).arg("--port").arg(start.port.to_string()).args(&start.args);
        if let Some(port) = start.driven_at {
            command.env("TAURI_WEBVIEW_AUTOMATION", "true").env("WEBKIT_INSPECTOR_SERVER", format!("127.0.0.1:{port}"));
        }
        command.envs(start.env.iter().cloned()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("start whatisup")?;
        let log = printed(&mut child)?;
        Ok(Shell { start: start.clone(), child, log })
    }
}

fn printed(child: &mut Child) -> Result<watch::Receiver<String>> {
    let (write, log) = watch::channel(String::new());
    let mut out = BufReader::new(child.stdout.take().context("stdout is piped")?).lines();
    let mut err = BufReader::new(child.stderr.take().context("stderr is piped")?).lines();
    tokio::spawn(async move {
        loop {
            let line = tokio::select! {
                Ok(Some(line)) = out.next_line() => line,
                Ok(Some(line)) = err.next_line() => line,
                else => break,
            };
            write.send_modify(|all| {
                all.push_str(&line);
                all.push('\n');
            });
        }
    });
    Ok(log)
}

/// A running desktop application, killed when dropped.
#[derive(Debug)]
pub struct Shell {
    pub start: Start,
    child: Child,
    log: watch::Receiver<String>,
}

impl Drop for Shell {
    fn drop(&mut self) {
        leaks::printed(&self.printed());
    }
}

impl Shell {
    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.start.port)
    }

    /// # Errors
    /// When the process has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("it has ended")
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn lives(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Everything printed so far.
    pub fn printed(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until a printed text contains `needle`.
    ///
    /// # Errors
    /// When it is not printed in time.
    pub async fn prints(&self, needle: &str) -> Result<()> {
        let mut log = self.log.clone();
        match timeout(PATIENCE, log.wait_for(|all| all.contains(needle))).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => bail!("{needle:?} was not printed; it printed:\n{}", self.printed()),
        }
    }

    /// A client with the admin key, which `whatisupd key` reads from the same keychain.
    ///
    /// # Errors
    /// When the application does not get ready.
    pub async fn rest(&self, desktop: &Desktop) -> Result<Rest> {
        self.prints("WhatIsUp is running").await?;
        let mut command = desktop.command(binaries::program("whatisupd")?);
        let asked = command.arg("key").arg("--data-dir").arg(&self.start.data_dir).output().await?;
        if !asked.status.success() {
            bail!("whatisupd key: {}", String::from_utf8_lossy(&asked.stderr));
        }
        Ok(Rest::new(self.base(), String::from_utf8(asked.stdout)?.trim().to_owned()))
    }

    /// The event stream from now on.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn events(&self, rest: &Rest) -> Result<Events> {
        Events::open(&self.base(), rest.key(), None).await
    }

    /// Waits for it to end by itself.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ends(&mut self) -> Result<ExitStatus> {
        let ended = timeout(PATIENCE, self.child.wait()).await;
        Ok(ended.with_context(|| format!("it did not end; it printed:\n{}", self.log.borrow().as_str()))??)
    }

    /// # Errors
    /// When the signal cannot be sent.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid()?.to_string()).status().await?;
        if status.success() { Ok(()) } else { bail!("kill -{name}: {status}") }
    }
}
