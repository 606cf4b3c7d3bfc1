//! Opens the user's browser, at addresses of this application only.

use std::process::{Command, Stdio};

/// What may be opened outside. The page names one; it cannot give an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outside {
    /// The API's documentation.
    Docs,
    /// The dashboard, signed in.
    Dashboard,
    /// A page that explains what the dashboard shows.
    Concept(Concept),
}

/// The pages under `/docs/concepts/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Concept {
    ChannelsAndSessions,
    Sending,
    Events,
    Webhooks,
    Apps,
}

impl Concept {
    /// The last part of its address.
    pub fn as_str(self) -> &'static str {
        match self {
            Concept::ChannelsAndSessions => "channels-and-sessions",
            Concept::Sending => "sending",
            Concept::Events => "events",
            Concept::Webhooks => "webhooks",
            Concept::Apps => "apps",
        }
    }
}

/// Hands an address to the desktop. Returns when the desktop's opener has been started.
///
/// # Errors
/// When this system has no opener.
pub fn open(url: &str) -> std::io::Result<()> {
    let mut opener = opener(url);
    let mut child = opener.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // Somebody has to wait for it, or it stays behind as a zombie.
    std::thread::Builder::new().name("opener".to_owned()).spawn(move || child.wait().map(|_| ()))?;
    Ok(())
}

#[cfg(target_os = "linux")]
fn opener(url: &str) -> Command {
    let mut command = Command::new("xdg-open");
    command.arg(url);
    command
}

#[cfg(target_os = "macos")]
fn opener(url: &str) -> Command {
    let mut command = Command::new("open");
    command.arg(url);
    command
}

#[cfg(windows)]
fn opener(url: &str) -> Command {
    let mut command = Command::new("rundll32");
    command.args(["url.dll,FileProtocolHandler", url]);
    command
}
