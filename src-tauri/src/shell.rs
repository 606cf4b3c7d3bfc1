//! The shell around a running App: what its parts share. Clones are the same shell.

use crate::cli::Cli;
use crate::desk::Desk;
use crate::glance::Glance;
use crate::route::Route;
use crate::stage::{Problem, Stage, StartState};
use crate::windows::Windows;
use domain::{ChannelId, State};
use std::path::PathBuf;
use std::sync::Arc;
use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

#[derive(Clone, Debug)]
pub struct Shell(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    handle: AppHandle,
    cli: Cli,
    windows: Windows,
    stage: watch::Sender<Stage>,
    desk: watch::Sender<Desk>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Shell {
    pub fn new(handle: AppHandle, cli: Cli, web_data: Option<PathBuf>) -> Shell {
        Shell(Arc::new(Parts {
            windows: Windows::new(handle.clone(), web_data),
            handle,
            cli,
            stage: watch::Sender::new(Stage::Starting),
            desk: watch::Sender::new(Desk::default()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    pub fn handle(&self) -> &AppHandle {
        &self.0.handle
    }

    pub fn cli(&self) -> &Cli {
        &self.0.cli
    }

    pub fn windows(&self) -> &Windows {
        &self.0.windows
    }

    pub fn stage(&self) -> watch::Receiver<Stage> {
        self.0.stage.subscribe()
    }

    pub fn desk(&self) -> watch::Receiver<Desk> {
        self.0.desk.subscribe()
    }

    /// Cancelled when the application begins to quit.
    pub fn stopping(&self) -> &CancellationToken {
        &self.0.stop
    }

    pub fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// Runs a task until it ends or the process does: for what must still work while the rest is being closed.
    pub fn spawn_to_the_end(&self, task: impl Future<Output = ()> + Send + 'static) {
        tauri::async_runtime::spawn(task);
    }

    /// Runs a task until it ends or the application quits.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.0.stop.clone();
        // Tauri's runtime is ours: `main` set it.
        self.0.tasks.spawn_on(
            async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = task => {}
                }
            },
            tauri::async_runtime::handle().inner(),
        );
    }

    pub async fn pause_all(&self) {
        if let Some(app) = self.app()
            && let Err(error) = app.engine().pause_all().await
        {
            tracing::error!(%error, "not every channel could be paused");
        }
        self.redraw();
    }

    pub async fn resume_all(&self) {
        if let Some(app) = self.app()
            && let Err(error) = app.engine().resume_all().await
        {
            tracing::error!(%error, "not every channel could be resumed");
        }
        self.redraw();
    }

    /// Moves to another stage. Nothing leaves `Stopping`.
    pub fn enter(&self, next: Stage) -> bool {
        self.0.stage.send_if_modified(|stage| {
            if matches!(stage, Stage::Stopping) {
                return false;
            }
            tracing::debug!(from = ?stage, to = ?next, "stage");
            *stage = next;
            true
        })
    }

    /// From `Failed` to `Starting`; `false` when another button was quicker.
    pub fn leave_failure(&self) -> bool {
        self.0.stage.send_if_modified(|stage| {
            let failed = matches!(stage, Stage::Failed(_));
            if failed {
                *stage = Stage::Starting;
            }
            failed
        })
    }

    /// The App, once it runs.
    pub fn app(&self) -> Option<app::App> {
        match &*self.0.stage.borrow() {
            Stage::Running { app, .. } => Some(app.clone()),
            Stage::Starting | Stage::Failed(_) | Stage::Stopping => None,
        }
    }

    pub fn problem(&self) -> Option<Arc<Problem>> {
        match &*self.0.stage.borrow() {
            Stage::Failed(problem) => Some(problem.clone()),
            Stage::Starting | Stage::Running { .. } | Stage::Stopping => None,
        }
    }

    /// Notes something about the desktop.
    pub fn found(&self, change: impl FnOnce(&mut Desk)) {
        self.0.desk.send_if_modified(|desk| {
            let before = desk.clone();
            change(desk);
            *desk != before
        });
    }

    /// What the page is told about the start.
    pub fn start_state(&self) -> StartState {
        let stage = self.0.stage.borrow().clone();
        StartState {
            phase: stage.phase(),
            problem: self.problem().map(|problem| (*problem).clone()),
            notes: self.0.desk.borrow().notes(),
        }
    }

    /// What the tray shows now.
    pub fn glance(&self) -> Glance {
        match &*self.0.stage.borrow() {
            Stage::Starting => Glance::Starting,
            Stage::Failed(problem) => Glance::Failed { title: problem.title.clone() },
            Stage::Stopping => Glance::Stopping,
            Stage::Running { app, .. } => {
                let desk = self.0.desk.borrow();
                Glance::Running {
                    overview: app.overview().borrow().clone(),
                    concerns: *app.concerns().borrow(),
                    address: app.address(),
                    paused: app.engine().is_paused(),
                    start_at_login: desk.start_at_login,
                    note: desk.menu_note(),
                }
            }
        }
    }

    /// Opens the dashboard, or the window of a question, or raises it; while the start has failed it shows why.
    pub async fn open(&self, route: Route) {
        let route = if self.problem().is_some() { Route::Setup } else { route };
        match route {
            Route::Prompt(prompt) => self.0.windows.prompt(prompt).await,
            Route::Channels
            | Route::Channel(_)
            | Route::Outbox
            | Route::Webhooks
            | Route::Apps
            | Route::Add
            | Route::Setup
            | Route::Pair(_) => self.0.windows.dashboard(route).await,
        }
    }

    /// Opens the pairing window of a channel, and has its QR asked for when it is not yet.
    pub async fn pair(&self, id: ChannelId) {
        let Some(app) = self.app() else { return };
        let Some(channel) = app.overview().borrow().get(id).cloned() else { return };
        if let State::Disconnected { .. } = channel.state
            && let Err(error) = app.engine().start(id).await
        {
            tracing::warn!(channel.id = %id, %error, "the channel could not be started for pairing");
        }
        self.0.windows.pairing(&channel).await;
    }

    /// The channel that a person who says *pair* without naming one most likely means: the only one that is not paired.
    pub fn only_unpaired(&self) -> Option<ChannelId> {
        let overview = self.app()?.overview().borrow().clone();
        let mut unpaired = overview.channels.iter().filter(|channel| !channel.paired);
        match (unpaired.next(), unpaired.next()) {
            (Some(channel), None) => Some(channel.id),
            (None | Some(_), _) => None,
        }
    }

    /// Has the tray compared with what is so: a click ticks a line before what it stands for has come about.
    fn redraw(&self) {
        self.0.desk.send_modify(|_| {});
    }

    pub fn start_at_login(&self) -> Option<bool> {
        match self.0.handle.autolaunch().is_enabled() {
            Ok(enabled) => Some(enabled),
            Err(error) => {
                tracing::warn!(%error, "cannot tell whether the application starts at login");
                None
            }
        }
    }

    /// # Errors
    /// When the desktop's autostart entry cannot be written or removed.
    pub fn set_start_at_login(&self, on: bool) -> Result<(), tauri_plugin_autostart::Error> {
        let autostart = self.0.handle.autolaunch();
        let done = if on { autostart.enable() } else { autostart.disable() };
        let now = self.start_at_login();
        self.found(|desk| desk.start_at_login = now);
        self.redraw();
        done
    }
}
