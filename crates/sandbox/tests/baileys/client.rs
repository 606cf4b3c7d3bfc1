//! A Baileys client in a child process (driver.mjs), spoken to in JSON lines. Needs Node 20 and npm; installs its
//! packages itself. Stands alone, so that other crates can include it by path.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// A slow machine that also compiles gets this long for anything.
const DEADLINE: Duration = Duration::from_secs(60);

/// One running client. It is killed when dropped.
pub struct Baileys {
    _child: Child,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    /// What came while something else was waited for, oldest first.
    seen: Vec<Value>,
    commands: u64,
}

impl Baileys {
    /// Starts a client against a WebSocket URL whose Noise certificates are signed with this root (hex). `state` is the
    /// directory that it keeps its credentials in.
    pub fn start(url: &str, noise_root: &str, state: &Path) -> Self {
        let directory = packages();
        let mut child = Command::new("node")
            .arg(directory.join("driver.mjs"))
            .args(["--url", url, "--root", noise_root, "--state"])
            .arg(state)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("node starts; it is needed for the interop tests");
        let stdin = child.stdin.take().expect("stdin is piped");
        let stdout = child.stdout.take().expect("stdout is piped");
        Self { _child: child, stdin, lines: BufReader::new(stdout).lines(), seen: Vec::new(), commands: 0 }
    }

    /// The first event of this name that fits, come already or still to come; it is not found twice.
    pub async fn wait_for(&mut self, event: &str, fits: impl Fn(&Value) -> bool) -> Value {
        self.next(|value| value["event"] == event && fits(value), event).await
    }

    pub async fn wait(&mut self, event: &str) -> Value {
        self.wait_for(event, |_| true).await
    }

    /// Runs a command and returns its answer.
    pub async fn run(&mut self, command: &str, mut arguments: Value) -> Value {
        self.commands += 1;
        let id = self.commands;
        arguments["id"] = json!(id);
        arguments["do"] = json!(command);
        self.stdin.write_all(format!("{arguments}\n").as_bytes()).await.expect("driver reads its stdin");
        let answer = self.next(|value| value["answer"] == id, command).await;
        assert!(answer.get("error").is_none(), "baileys could not {command}: {answer}");
        answer
    }

    /// Sends a text; returns the message's id.
    pub async fn send(&mut self, to: &str, text: &str) -> String {
        let answer = self.run("send", json!({ "to": to, "text": text })).await;
        answer["message"].as_str().expect("an id").to_owned()
    }

    async fn next(&mut self, fits: impl Fn(&Value) -> bool, what: &str) -> Value {
        if let Some(place) = self.seen.iter().position(&fits) {
            return self.seen.remove(place);
        }
        let read = async {
            while let Some(line) = self.lines.next_line().await.expect("driver writes lines") {
                let value: Value = serde_json::from_str(&line).expect("driver writes JSON");
                if fits(&value) {
                    return value;
                }
                self.seen.push(value);
            }
            panic!("the driver ended before `{what}`");
        };
        match tokio::time::timeout(DEADLINE, read).await {
            Ok(value) => value,
            Err(_) => panic!("no `{what}` from baileys in {DEADLINE:?}; seen: {:?}", self.seen),
        }
    }
}

/// The directory of the driver, with its packages installed exactly as the lock file says.
pub fn packages() -> PathBuf {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find_map(|root| {
        let place = root.join("crates/sandbox/tests/baileys");
        place.join("package-lock.json").is_file().then_some(place)
    });
    let directory = directory.expect("crates/sandbox/tests/baileys is in the checkout");
    // Test processes run side by side; one installs, the others wait.
    let lock = File::create(std::env::temp_dir().join("whatisup-sandbox-baileys.lock")).expect("a lock file");
    lock.lock().expect("the lock");
    if !directory.join("node_modules/baileys/package.json").is_file() {
        let npm = std::process::Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=optional", "--omit=peer"])
            .current_dir(&directory)
            .status();
        assert!(npm.is_ok_and(|status| status.success()), "npm ci failed in {}", directory.display());
    }
    directory
}
