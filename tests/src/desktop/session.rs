//! A session manager as GNOME's: it asks its clients before the session ends, and tells them to go.

use super::{Desktop, until};
use crate::PATIENCE;
use anyhow::{Context, Result};
use tokio::sync::watch;
use tokio::time::timeout;
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedObjectPath;
use zbus::{Connection, interface};

const MANAGER: &str = "/org/gnome/SessionManager";
const CLIENT: &str = "/org/gnome/SessionManager/Client1";

/// The session manager of a desktop.
#[derive(Debug)]
pub struct Session {
    bus: Connection,
    answer: watch::Receiver<Option<bool>>,
    registered: watch::Receiver<bool>,
}

struct Manager(watch::Sender<bool>);

#[interface(name = "org.gnome.SessionManager")]
impl Manager {
    fn register_client(&self, _app_id: String, _startup_id: String) -> OwnedObjectPath {
        self.0.send_replace(true);
        OwnedObjectPath::from(zbus::zvariant::ObjectPath::from_static_str_unchecked(CLIENT))
    }
}

struct Client(watch::Sender<Option<bool>>);

#[interface(name = "org.gnome.SessionManager.ClientPrivate")]
impl Client {
    fn end_session_response(&self, is_ok: bool, _reason: String) {
        self.0.send_replace(Some(is_ok));
    }

    #[zbus(signal)]
    async fn query_end_session(emitter: &SignalEmitter<'_>, flags: u32) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn end_session(emitter: &SignalEmitter<'_>, flags: u32) -> zbus::Result<()>;
}

impl Desktop {
    /// Puts a session manager on this desktop's bus.
    ///
    /// # Errors
    /// When there is one already.
    pub async fn session(&self) -> Result<Session> {
        let (answered, answer) = watch::channel(None);
        let (told, registered) = watch::channel(false);
        let bus = zbus::connection::Builder::address(self.bus.address())?
            .serve_at(MANAGER, Manager(told))?
            .serve_at(CLIENT, Client(answered))?
            .name("org.gnome.SessionManager")?
            .build()
            .await?;
        Ok(Session { bus, answer, registered })
    }
}

impl Session {
    /// Asks the application whether the session may end, and returns its answer.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn may_end(&self) -> Result<bool> {
        timeout(PATIENCE, self.registered.clone().wait_for(|registered| *registered)).await.context("no client came")??;
        // Between its coming and its listening lie a few of its calls; a question asked meanwhile is not heard.
        until("an answer to the end of the session", || async {
            Client::query_end_session(&SignalEmitter::new(&self.bus, CLIENT)?, 0).await?;
            (*self.answer.borrow()).context("no answer yet")
        })
        .await
    }

    /// Ends the session.
    ///
    /// # Errors
    /// When the bus is gone.
    pub async fn end(&self) -> Result<()> {
        Ok(Client::end_session(&SignalEmitter::new(&self.bus, CLIENT)?, 0).await?)
    }
}
