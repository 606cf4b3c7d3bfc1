//! Keeps the tray and the notifications in step with the App.

use crate::coalescer::Coalescer;
use crate::identity::IDENTITY;
use crate::notice;
use crate::route::{Prompt, Route};
use crate::shell::Shell;
use crate::stage::Stage;
use crate::toast::{Heard, Toasts};
use crate::tray::Tray;
use app::{App, News};
use domain::Notice;
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long changes gather before the tray is drawn: a hundred channels that resume must not redraw it a hundred times.
const SETTLE: Duration = Duration::from_millis(80);

/// Shows every change of the App in the tray.
pub async fn tray(shell: Shell, tray: Tray) {
    let (mut stage, mut desk) = (shell.stage(), shell.desk());
    loop {
        let now = stage.borrow_and_update().clone();
        desk.mark_unchanged();
        let mut seen = match &now {
            Stage::Running { app, .. } => Some((app.overview(), app.concerns())),
            Stage::Starting | Stage::Failed(_) | Stage::Stopping => None,
        };
        if let Some((overview, concerns)) = &mut seen {
            overview.mark_unchanged();
            concerns.mark_unchanged();
        }
        tray.show(shell.glance());
        let channels = async {
            match &mut seen {
                Some((overview, concerns)) => tokio::select! {
                    changed = overview.changed() => changed.is_ok(),
                    Ok(()) = concerns.changed() => true,
                },
                None => std::future::pending().await,
            }
        };
        let alive = tokio::select! {
            changed = stage.changed() => changed.is_ok(),
            changed = desk.changed() => changed.is_ok(),
            changed = channels => changed,
        };
        if !alive {
            return;
        }
        tokio::time::sleep(SETTLE).await;
    }
}

/// Shows what the App gives notice of, until it quits.
pub fn notices(shell: &Shell, app: App) {
    let heard: Arc<dyn Heard> = Arc::new(Ears(shell.clone()));
    match Toasts::start(IDENTITY.name, heard) {
        Ok(toasts) => shell.spawn(show_notices(shell.clone(), app, toasts)),
        Err(error) => tracing::error!(%error, "no thread for notifications"),
    }
}

async fn show_notices(shell: Shell, app: App, toasts: Toasts) {
    let mut news = std::pin::pin!(app.notices());
    let mut gathered = Coalescer::default();
    let mut concerns = app.concerns();
    let mut before = *concerns.borrow_and_update();
    loop {
        let due = async {
            match gathered.due() {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            next = news.next() => match next {
                Some(next) => {
                    ask(&shell, &next);
                    gathered.hear(next, Instant::now());
                }
                None => return,
            },
            Ok(()) = concerns.changed() => {
                // What nobody can answer any more is not left lying on the screen.
                let now = *concerns.borrow_and_update();
                let counts = [(before.requests, now.requests, Prompt::Consent), (before.asks, now.asks, Prompt::Ask)];
                for (_, _, prompt) in counts.into_iter().filter(|(before, now, _)| *before > 0 && *now == 0) {
                    toasts.withdraw(Route::Prompt(prompt));
                }
                before = now;
            }
            () = due => {
                // The switches as they are now: what was muted meanwhile stays quiet.
                let switches = app.settings().borrow().notifications;
                for toast in notice::toasts(&gathered.take(Instant::now()), switches) {
                    toasts.show(toast);
                }
            }
        }
    }
}

/// Opens the window in which a person answers, at once and whether or not notifications are wanted: nothing else can.
fn ask(shell: &Shell, news: &News) {
    let prompt = match news.notice {
        Notice::AppRequested => Prompt::Consent,
        Notice::MessageAsking => Prompt::Ask,
        Notice::Paired
        | Notice::Disconnected
        | Notice::Stuck
        | Notice::Flapping
        | Notice::Recovered
        | Notice::WebhookPaused
        | Notice::WebhookDisabled
        | Notice::MessageFailed
        | Notice::AccessAttempts => return,
    };
    let opening = shell.clone();
    shell.spawn(async move { opening.windows().prompt_unasked(prompt).await });
}

/// What comes back from the notifications.
struct Ears(Shell);

impl Heard for Ears {
    fn open(&self, route: Route) {
        let shell = self.0.clone();
        self.0.spawn(async move { shell.open(route).await });
    }

    fn service(&self, missing: Option<String>) {
        self.0.found(|desk| desk.no_notifications = missing);
    }
}
