//! How far the application has come, and what the page is told about it.

use app::App;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;

#[derive(Clone)]
pub enum Stage {
    Starting,
    /// Up, with how long its sessions may take to close at the end.
    Running {
        app: App,
        grace: Duration,
    },
    Failed(Arc<Problem>),
    Stopping,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Starting => "starting",
            Stage::Running { .. } => "running",
            Stage::Failed(_) => "failed",
            Stage::Stopping => "stopping",
        })
    }
}

impl Stage {
    pub fn phase(&self) -> Phase {
        match self {
            Stage::Starting => Phase::Starting,
            Stage::Running { .. } => Phase::Ready,
            Stage::Failed(_) => Phase::Failed,
            Stage::Stopping => Phase::Stopping,
        }
    }
}

/// A stage without what it carries, as the page writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Starting,
    Ready,
    Failed,
    Stopping,
}

/// Why the application did not start, for a person, with what they can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    pub code: String,
    pub title: String,
    pub detail: String,
    pub actions: Vec<Offer>,
}

/// A button of the setup page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offer {
    pub id: Remedy,
    pub label: &'static str,
    pub danger: bool,
    /// What is lost by it, to be said before it is done.
    pub loses: Option<&'static str>,
}

/// What can be done about a failed start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remedy {
    TryAgain,
    UseKeyFile,
    StartFresh,
    Quit,
}

impl Remedy {
    pub fn offer(self) -> Offer {
        let (label, danger, loses) = match self {
            Remedy::TryAgain => ("Try again", false, None),
            Remedy::UseKeyFile => (
                "Use a key file instead",
                false,
                Some("The keys will lie in a file that only your user account can read. A keychain protects them better."),
            ),
            Remedy::StartFresh => (
                "Start fresh",
                true,
                Some(
                    "Channels, events and messages start empty and every phone has to be paired again. The damaged file is kept.",
                ),
            ),
            Remedy::Quit => ("Quit", false, None),
        };
        Offer { id: self, label, danger, loses }
    }
}

/// What `start_state` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StartState {
    pub phase: Phase,
    pub problem: Option<Problem>,
    /// What does not work on this desktop, in words.
    pub notes: Vec<String>,
}
