//! Keeps the tray and the notifications in step with the App.

use crate::identity::IDENTITY;
use crate::notice::{self, Switches};
use crate::route::Route;
use crate::shell::Shell;
use crate::stage::Stage;
use crate::toast::{Heard, Toasts};
use crate::tray::Tray;
use app::App;
use domain::ChannelId;
use futures::StreamExt;
use std::sync::Arc;
use std::time::Duration;

/// How long changes gather before the tray is drawn: a hundred channels that resume must not redraw it a hundred times.
const SETTLE: Duration = Duration::from_millis(80);
/// How long notices gather before they are shown, so that many at once become one.
const GATHER: Duration = Duration::from_millis(250);

/// Shows every change of the App in the tray.
pub async fn tray(shell: Shell, tray: Tray) {
    let (mut stage, mut desk) = (shell.stage(), shell.desk());
    loop {
        let now = stage.borrow_and_update().clone();
        desk.mark_unchanged();
        let mut overview = match &now {
            Stage::Running { app, .. } => Some(app.overview()),
            Stage::Starting | Stage::Failed(_) | Stage::Stopping => None,
        };
        if let Some(overview) = &mut overview {
            overview.mark_unchanged();
        }
        tray.show(shell.glance());
        let channels = async {
            match &mut overview {
                Some(overview) => overview.changed().await.is_ok(),
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
        Ok(toasts) => shell.spawn(show_notices(app, toasts)),
        Err(error) => tracing::error!(%error, "no thread for notifications"),
    }
}

async fn show_notices(app: App, toasts: Toasts) {
    let mut notices = std::pin::pin!(app.notices());
    while let Some(first) = notices.next().await {
        let mut gathered = vec![first];
        let end = tokio::time::Instant::now() + GATHER;
        while let Ok(Some(next)) = tokio::time::timeout_at(end, notices.next()).await {
            gathered.push(next);
        }
        let switches = switches(&app);
        for toast in notice::toasts(&gathered, switches) {
            toasts.show(toast);
        }
    }
}

fn switches(app: &App) -> Switches {
    let chosen = app.settings().borrow().notifications;
    Switches { paired: chosen.paired, disconnected: chosen.disconnected, stuck: chosen.stuck, recovered: chosen.recovered }
}

/// What comes back from the notifications.
struct Ears(Shell);

impl Heard for Ears {
    fn open(&self, channel: Option<ChannelId>) {
        let shell = self.0.clone();
        let route = channel.map_or(Route::Channels, Route::Channel);
        self.0.spawn(async move { shell.open(route).await });
    }

    fn service(&self, missing: Option<String>) {
        self.0.found(|desk| desk.no_notifications = missing);
    }
}
