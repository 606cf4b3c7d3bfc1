//! Whether anybody shows the tray icon: panels announce themselves on the session bus, and come and go.

use crate::shell::Shell;
use futures::StreamExt;
use zbus::fdo::DBusProxy;
use zbus::names::BusName;

const PANEL: &str = "org.kde.StatusNotifierWatcher";

/// Follows the panel, and notes in the settings when there is none.
pub async fn follow(shell: Shell) {
    if let Err(error) = watch(&shell).await {
        tracing::debug!(%error, "the session bus does not tell about panels");
    }
}

async fn watch(shell: &Shell) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut changes = bus.receive_name_owner_changed_with_args(&[(0, PANEL)]).await?;
    let there = bus.name_has_owner(BusName::try_from(PANEL)?).await?;
    told(shell, there);
    while let Some(change) = changes.next().await {
        told(shell, change.args()?.new_owner.is_some());
    }
    Ok(())
}

fn told(shell: &Shell, there: bool) {
    if !there {
        tracing::warn!("this desktop shows no tray icons; start the application again to open its window");
    }
    shell.found(|desk| desk.no_panel = !there);
}
