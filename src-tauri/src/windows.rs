//! The windows: made when somebody wants one, destroyed when it is closed. A hidden webview costs twice what a closed one does.

use crate::identity::IDENTITY;
use crate::route::{Route, is_ours};
use domain::{ChannelId, ChannelView};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tauri::webview::NewWindowResponse;
use tauri::{AppHandle, Manager, WebviewUrl, WebviewWindow, WebviewWindowBuilder};
use tokio::sync::Mutex;

const DASHBOARD: &str = "dashboard";
const PAIRING: &str = "pairing-";

/// Opens and raises windows.
#[derive(Clone, Debug)]
pub struct Windows {
    handle: AppHandle,
    // Two clicks in a row must not make the same window twice.
    making: Arc<Mutex<()>>,
    /// Where webviews keep what they keep (the theme): beside the rest of the data, never shared between data directories.
    web_data: Option<PathBuf>,
}

struct Shape {
    label: String,
    title: String,
    size: (f64, f64),
    least: (f64, f64),
}

impl Windows {
    pub fn new(handle: AppHandle, web_data: Option<PathBuf>) -> Self {
        Windows { handle, making: Arc::default(), web_data }
    }

    /// Opens the dashboard, or raises it and takes it to `route`.
    pub async fn dashboard(&self, route: Route) {
        let shape = Shape {
            label: DASHBOARD.to_owned(),
            title: IDENTITY.name.to_owned(),
            size: (1040.0, 720.0),
            least: (420.0, 480.0),
        };
        self.open(shape, route).await;
    }

    /// Opens the small window that shows one channel's QR.
    pub async fn pairing(&self, channel: &ChannelView) {
        let shape = Shape {
            label: pairing_label(channel.id),
            title: format!("Pair {} — {}", channel.name, IDENTITY.name),
            size: (420.0, 660.0),
            least: (360.0, 560.0),
        };
        self.open(shape, Route::Pair(channel.id)).await;
    }

    async fn open(&self, shape: Shape, route: Route) {
        let _alone = self.making.lock().await;
        let label = shape.label.clone();
        let opened = match self.handle.get_webview_window(&label) {
            Some(window) => raise(&window, route),
            None => self.make(shape, route),
        };
        if let Err(error) = opened {
            tracing::error!(window = label, %error, "the window could not be opened");
        }
    }

    fn make(&self, shape: Shape, route: Route) -> tauri::Result<()> {
        let mut builder = WebviewWindowBuilder::new(&self.handle, shape.label, WebviewUrl::App(PathBuf::from(route.address())))
            .title(shape.title)
            .inner_size(shape.size.0, shape.size.1)
            .min_inner_size(shape.least.0, shape.least.1)
            .prevent_overflow()
            .center()
            .on_navigation(is_ours)
            .on_new_window(|url, _| {
                tracing::debug!(scheme = url.scheme(), "a page asked for a new window; refused");
                NewWindowResponse::Deny
            })
            .on_download(|_, _| false);
        if let Some(folder) = self.web_data.clone() {
            // Before the webview makes it, and the data directory above it, for everybody to read.
            private(&folder)?;
            builder = builder.data_directory(folder);
        }
        builder.build().map(|_| ())
    }

    /// Takes an open dashboard to `route`; does nothing when there is none.
    pub fn steer(&self, route: Route) {
        let Some(window) = self.handle.get_webview_window(DASHBOARD) else { return };
        if let Err(error) = go(&window, route) {
            tracing::warn!(%error, "the dashboard could not be taken to another page");
        }
    }

    pub fn close_all(&self) {
        for (label, window) in self.handle.webview_windows() {
            if let Err(error) = window.destroy() {
                tracing::debug!(window = label, %error, "the window was gone already");
            }
        }
    }
}

/// Makes a folder, and those above it that are missing, for this user only.
fn private(folder: &Path) -> std::io::Result<()> {
    let mut maker = std::fs::DirBuilder::new();
    maker.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut maker, 0o700);
    maker.create(folder)
}

fn pairing_label(channel: ChannelId) -> String {
    format!("{PAIRING}{channel}")
}

fn raise(window: &WebviewWindow, route: Route) -> tauri::Result<()> {
    window.unminimize()?;
    window.show()?;
    window.set_focus()?;
    match route {
        // Somebody who only wants to see the window keeps the page they were on.
        Route::Channels | Route::Pair(_) => Ok(()),
        Route::Channel(_) | Route::Outbox | Route::Webhooks | Route::Add | Route::Setup => go(window, route),
    }
}

fn go(window: &WebviewWindow, route: Route) -> tauri::Result<()> {
    // A fragment is made of ids and fixed words: nothing in it can end the string.
    window.eval(format!("window.location.hash = '{}'", route.fragment()))
}
