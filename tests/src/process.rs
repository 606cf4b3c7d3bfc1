//! A `whatisupd` process with a data directory of its own.

use crate::{Events, PATIENCE, Rest, binaries, leaks};
use anyhow::{Context, Result, bail};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

/// How a process is to be started.
#[derive(Clone, Debug)]
pub struct Options {
    pub data_dir: PathBuf,
    pub port: u16,
    /// A loopback WhatsApp; `None` lets the application use its embedded one.
    pub whatsapp_url: Option<String>,
    /// `None` uses the keychain.
    pub key_file: Option<PathBuf>,
    pub env: Vec<(String, String)>,
    pub args: Vec<String>,
}

impl Options {
    /// A key file beside the data directory, a free port, and the given WhatsApp.
    pub fn new(data_dir: &Path, whatsapp_url: &str) -> Self {
        Options {
            data_dir: data_dir.to_owned(),
            port: free_port(),
            whatsapp_url: Some(whatsapp_url.to_owned()),
            key_file: Some(data_dir.join("vault.key")),
            env: Vec::new(),
            args: Vec::new(),
        }
    }

    /// A `whatisupd` command on this data directory, whether anything runs there or not.
    ///
    /// # Errors
    /// When the program is not built.
    pub fn command(&self, verb: &str) -> Result<Command> {
        let mut command = Command::new(binaries::program("whatisupd")?);
        command.arg(verb);
        self.common(&mut command);
        Ok(command)
    }

    fn common(&self, command: &mut Command) {
        command.arg("--data-dir").arg(&self.data_dir);
        if let Some(file) = &self.key_file {
            command.arg("--key-file").arg(file);
        }
        // Tests measure what the application does, not how long it holds back; who tests pacing says so.
        command.env("WHATISUP_OUTBOX_PER_MINUTE", "0");
        for (_, file) in self.env.iter().filter(|(name, _)| name.starts_with("WHATISUP_VAULT_") && name.ends_with("_FILE")) {
            leaks::know(leaks::Kind::Secret, "a master key", std::fs::read_to_string(file).unwrap_or_default().trim());
        }
        command.args(&self.args).envs(self.env.iter().cloned()).stdin(Stdio::null()).kill_on_drop(true);
    }
}

/// A port that nobody listens on just now.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).map(|a| a.port()).unwrap_or(19487)
}

/// A running `whatisupd`, killed when dropped.
#[derive(Debug)]
pub struct Whatisup {
    pub options: Options,
    child: Child,
    log: watch::Receiver<String>,
}

impl Drop for Whatisup {
    fn drop(&mut self) {
        leaks::printed(&self.printed());
    }
}

impl Whatisup {
    /// Starts the process without waiting for anything.
    ///
    /// # Errors
    /// When the program is not built or cannot be started.
    pub fn spawn(options: Options) -> Result<Self> {
        let mut command = options.command("run")?;
        command.arg("--port").arg(options.port.to_string());
        if let Some(url) = &options.whatsapp_url {
            command.arg("--whatsapp-url").arg(url);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("start whatisupd")?;
        let (write, log) = watch::channel(String::new());
        let out = child.stdout.take().context("stdout is piped")?;
        let err = child.stderr.take().context("stderr is piped")?;
        let mut out = BufReader::new(out).lines();
        let mut err = BufReader::new(err).lines();
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
        Ok(Whatisup { options, child, log })
    }

    /// Starts the process and waits until `/readyz` says so.
    ///
    /// # Errors
    /// When it ends or does not get ready; carries what it printed.
    pub async fn start(options: Options) -> Result<Self> {
        let mut me = Self::spawn(options)?;
        me.ready().await?;
        Ok(me)
    }

    /// Waits until `/readyz` answers 200 and other commands find the process.
    ///
    /// # Errors
    /// When the process ends first or does not get ready in time.
    pub async fn ready(&mut self) -> Result<()> {
        let url = format!("{}/readyz", self.base());
        let http = reqwest::Client::new();
        let polled = timeout(PATIENCE, async {
            loop {
                if let Ok(Some(status)) = self.child.try_wait() {
                    bail!("whatisupd ended with {status} before it was ready");
                }
                // The key can only be had once the first start has made it.
                if let Ok(key) = self.key().await {
                    let answer = http.get(&url).bearer_auth(&key).send().await;
                    // It answers a moment before it has noted where, for the commands beside it.
                    let noted = self.options.data_dir.join("running.json").exists();
                    if noted && answer.is_ok_and(|a| a.status().is_success()) {
                        return Ok(());
                    }
                }
                tokio::time::sleep(std::time::Duration::from_millis(30)).await;
            }
        })
        .await;
        match polled {
            Ok(Ok(())) => Ok(()),
            Ok(Err(e)) => Err(e.context(self.printed())),
            Err(_) => bail!("not ready within {PATIENCE:?}; it printed:\n{}", self.printed()),
        }
    }

    pub fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.options.port)
    }

    /// Everything printed so far.
    pub fn printed(&self) -> String {
        self.log.borrow().clone()
    }

    /// Waits until a printed text contains `needle`.
    ///
    /// # Errors
    /// When it is not printed in time.
    pub async fn prints(&mut self, needle: &str) -> Result<()> {
        let came = timeout(PATIENCE, self.log.wait_for(|all| all.contains(needle))).await.is_ok_and(|found| found.is_ok());
        match came {
            true => Ok(()),
            false => bail!("{needle:?} was not printed; it printed:\n{}", self.printed()),
        }
    }

    /// The admin key, by `whatisupd key`.
    ///
    /// # Errors
    /// When there is none yet.
    pub async fn key(&self) -> Result<String> {
        let output = self.command("key").output().await?;
        if !output.status.success() {
            bail!("whatisupd key: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Another `whatisupd` command on the same data directory.
    ///
    /// # Panics
    /// When the program is not built.
    #[expect(clippy::expect_used, reason = "a test without the program cannot go on")]
    pub fn command(&self, verb: &str) -> Command {
        self.options.command(verb).expect("built, since this process runs it")
    }

    /// A client with the admin key.
    ///
    /// # Errors
    /// When the key cannot be had.
    pub async fn rest(&self) -> Result<Rest> {
        Ok(Rest::new(self.base(), self.key().await?))
    }

    /// The event stream from the log position `after` on (`None`: from now).
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn events(&self, after: Option<u64>) -> Result<Events> {
        Events::open(&self.base(), &self.key().await?, after).await
    }

    /// Ends the process at once, as a power failure does.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<Options> {
        self.child.kill().await?;
        Ok(self.options.clone())
    }

    /// Sends SIGTERM and waits for the orderly end.
    ///
    /// # Errors
    /// When it does not end, or not with success.
    pub async fn terminate(mut self) -> Result<Options> {
        self.signal("TERM").await?;
        let status = timeout(PATIENCE, self.child.wait()).await.context("it did not end after SIGTERM")??;
        if !status.success() {
            bail!("ended with {status}; it printed:\n{}", self.printed());
        }
        Ok(self.options.clone())
    }

    /// Waits for the process to end by itself.
    ///
    /// # Errors
    /// When it goes on.
    pub async fn ends(&mut self) -> Result<std::process::ExitStatus> {
        timeout(PATIENCE, self.child.wait()).await.context("it did not end")?.map_err(Into::into)
    }

    /// # Errors
    /// When the signal cannot be sent.
    pub async fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().context("it has ended")?;
        let status = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status().await?;
        if status.success() { Ok(()) } else { bail!("kill -{name} {pid}: {status}") }
    }

    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}
