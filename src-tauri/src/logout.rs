//! The end of the session, as GNOME and its relatives announce it: they ask their clients to save and go before the display
//! goes away under them. Elsewhere the system sends SIGTERM, which `quit.rs` hears.

use crate::identity::IDENTITY;
use crate::quit;
use crate::shell::Shell;
use futures::StreamExt;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, proxy};

#[proxy(
    interface = "org.gnome.SessionManager",
    default_service = "org.gnome.SessionManager",
    default_path = "/org/gnome/SessionManager",
    gen_blocking = false
)]
trait SessionManager {
    fn register_client(&self, app_id: &str, startup_id: &str) -> zbus::Result<OwnedObjectPath>;
}

#[proxy(
    interface = "org.gnome.SessionManager.ClientPrivate",
    default_service = "org.gnome.SessionManager",
    gen_blocking = false
)]
trait SessionClient {
    fn end_session_response(&self, is_ok: bool, reason: &str) -> zbus::Result<()>;
    #[zbus(signal)]
    fn query_end_session(&self, flags: u32) -> zbus::Result<()>;
    #[zbus(signal)]
    fn end_session(&self, flags: u32) -> zbus::Result<()>;
    #[zbus(signal)]
    fn stop(&self) -> zbus::Result<()>;
}

/// Quits when the session ends. Returns where nobody announces that.
pub async fn follow(shell: Shell) {
    if let Err(error) = listen(&shell).await {
        tracing::debug!(%error, "no session manager announces a logout");
    }
}

async fn listen(shell: &Shell) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let path = SessionManagerProxy::new(&bus).await?.register_client(IDENTITY.identifier, "").await?;
    let client = SessionClientProxy::builder(&bus).path(path)?.build().await?;
    let mut asked = client.receive_query_end_session().await?;
    let mut ends = client.receive_end_session().await?;
    let mut stops = client.receive_stop().await?;
    loop {
        tokio::select! {
            Some(_) = asked.next() => client.end_session_response(true, "").await?,
            // The answer to this is that we are gone: the session waits for that.
            Some(_) = ends.next() => quit::begin(shell),
            Some(_) = stops.next() => quit::begin(shell),
            else => return Ok(()),
        }
    }
}
