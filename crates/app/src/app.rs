//! The running application.

use crate::build::Built;
use crate::concerns::{self, Concerns};
use crate::notices::{self, News};
use crate::running::Running;
use api::Settings;
use domain::Overview;
use engine::Engine;
use futures::Stream;
use ledger::Ledger;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, watch};

/// A handle on the running application; all clones are the same one. It runs until [`App::drain`].
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    server: api::Bound,
    ledger: Ledger,
    concerns: watch::Receiver<Concerns>,
    admin_key: vault::AdminKey,
    data_dir: std::path::PathBuf,
    /// Taken by the drain: what has to be ended after engine and API.
    built: Mutex<Option<Built>>,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl App {
    pub(crate) fn new(built: Built) -> Self {
        let running =
            Running { pid: std::process::id(), addresses: built.server.addresses().to_vec(), stores: built.stores.clone() };
        if let Err(error) = running.leave(&built.data_dir) {
            tracing::warn!(%error, "other whatisupd commands will not find this process");
        }
        App {
            inner: Arc::new(Inner {
                engine: built.engine.clone(),
                server: built.server.clone(),
                concerns: concerns::watch(built.ledger.clone()),
                ledger: built.ledger.clone(),
                admin_key: built.admin_key.clone(),
                data_dir: built.data_dir.clone(),
                built: Mutex::new(Some(built)),
            }),
        }
    }

    /// All channels as they are, and every change.
    pub fn overview(&self) -> watch::Receiver<Arc<Overview>> {
        self.inner.engine.overview()
    }

    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// Where programs on this machine reach the API, as in `http://127.0.0.1:9487`.
    pub fn address(&self) -> String {
        self.inner.server.base_url()
    }

    /// The admin key, for a window of this process only.
    pub fn admin_key(&self) -> String {
        self.inner.admin_key.expose().to_owned()
    }

    /// A link that signs one browser in to the dashboard, once, within minutes.
    pub fn sign_in_link(&self) -> String {
        self.inner.server.sign_in_link()
    }

    /// What the user chose in the application, which notifications for instance, and every change of that.
    pub fn settings(&self) -> watch::Receiver<Settings> {
        self.inner.server.settings()
    }

    pub fn data_dir(&self) -> &Path {
        &self.inner.data_dir
    }

    pub fn is_sandbox(&self) -> bool {
        cfg!(feature = "sandbox")
    }

    /// What is worth a notification, as it happens. Muted kinds are included: the switches are the reader's to apply.
    pub fn notices(&self) -> impl Stream<Item = News> + Send + use<> {
        notices::all(self.overview(), self.inner.ledger.clone())
    }

    /// What waits for a person beside the channels, and every change of that.
    pub fn concerns(&self) -> watch::Receiver<Concerns> {
        self.inner.concerns.clone()
    }

    /// Ends everything in good order: the API first, then all sessions within `grace`, then the ledger. A second call
    /// returns when the first has ended.
    pub async fn drain(&self, grace: Duration) {
        let mut built = self.inner.built.lock().await;
        let Some(built) = built.take() else { return };
        Running::clear(&self.inner.data_dir);
        built.drain(grace).await;
    }
}
