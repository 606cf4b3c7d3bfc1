//! The running application.

use crate::build::Built;
use crate::notices::Watcher;
use crate::running::Running;
use api::Settings;
use domain::{ChannelView, Notice, Overview};
use engine::Engine;
use futures::Stream;
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
        let running = Running { pid: std::process::id(), addresses: built.server.addresses().to_vec() };
        if let Err(error) = running.leave(&built.data_dir) {
            tracing::warn!(%error, "other whatisupd commands will not find this process");
        }
        App {
            inner: Arc::new(Inner {
                engine: built.engine.clone(),
                server: built.server.clone(),
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
    pub fn notices(&self) -> impl Stream<Item = (Notice, ChannelView)> + Send + use<> {
        let mut overview = self.overview();
        overview.mark_changed();
        let state = (overview, Watcher::default(), Vec::new().into_iter());
        futures::stream::unfold(state, |(mut overview, mut watcher, mut news)| async move {
            loop {
                if let Some(next) = news.next() {
                    return Some((next, (overview, watcher, news)));
                }
                overview.changed().await.ok()?;
                let now = overview.borrow_and_update().clone();
                news = watcher.news(&now).into_iter();
            }
        })
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
