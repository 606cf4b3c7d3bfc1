//! The windows: made when somebody wants one, destroyed when it is closed. A hidden webview costs twice what a closed one does.

use crate::identity::IDENTITY;
use crate::leaving::Leaving;
use crate::route::{Prompt, Route, is_ours};
use domain::{ChannelId, ChannelView};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Short, PoisonError};
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
    // Never held across an await.
    leaving: Arc<Short<Leaving<Wish>>>,
    /// Where webviews keep what they keep (the theme): beside the rest of the data, never shared between data directories.
    web_data: Option<PathBuf>,
}

/// A window that is to be there.
#[derive(Debug)]
struct Wish {
    shape: Shape,
    route: Route,
}

#[derive(Debug)]
struct Shape {
    label: String,
    title: String,
    size: (f64, f64),
    least: (f64, f64),
    /// Above the others, and without taking the keyboard from them: it comes unasked.
    unasked: bool,
}

impl Windows {
    pub fn new(handle: AppHandle, web_data: Option<PathBuf>) -> Self {
        Windows { handle, making: Arc::default(), leaving: Arc::default(), web_data }
    }

    /// Opens the dashboard, or raises it and takes it to `route`.
    pub async fn dashboard(&self, route: Route) {
        let shape = Shape {
            label: DASHBOARD.to_owned(),
            title: IDENTITY.name.to_owned(),
            size: (1040.0, 720.0),
            least: (420.0, 480.0),
            unasked: false,
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
            unasked: false,
        };
        self.open(shape, Route::Pair(channel.id)).await;
    }

    /// Opens the small window that asks a person, or raises it.
    pub async fn prompt(&self, prompt: Prompt) {
        self.open(prompt_shape(prompt), Route::Prompt(prompt)).await;
    }

    /// The same because something happened, not because somebody wants it: what is open already is left alone.
    pub async fn prompt_unasked(&self, prompt: Prompt) {
        self.open(Shape { unasked: true, ..prompt_shape(prompt) }, Route::Prompt(prompt)).await;
    }

    /// A window was told to close.
    pub fn closes(&self, label: &str) {
        self.leaving.lock().unwrap_or_else(PoisonError::into_inner).begins(label);
    }

    /// A window is gone; what was wanted of it meanwhile is opened now.
    pub async fn gone(&self, label: &str) {
        let wanted = self.leaving.lock().unwrap_or_else(PoisonError::into_inner).gone(label);
        if let Some(Wish { shape, route }) = wanted {
            tracing::debug!(window = label, "wanted again while it closed");
            self.open(shape, route).await;
        }
    }

    async fn open(&self, shape: Shape, route: Route) {
        let _alone = self.making.lock().await;
        let label = shape.label.clone();
        let wish = Wish { shape, route };
        let now = self.leaving.lock().unwrap_or_else(PoisonError::into_inner).wants(&label, wish, |kept| kept.shape.unasked);
        let Some(Wish { shape, route }) = now else { return };
        let opened = match self.handle.get_webview_window(&label) {
            Some(_) if shape.unasked => Ok(()),
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
            .focused(!shape.unasked)
            .always_on_top(matches!(route, Route::Prompt(_)))
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

fn prompt_shape(prompt: Prompt) -> Shape {
    let (label, title, size) = match prompt {
        Prompt::Consent => ("consent", "A program asks", (460.0, 780.0)),
        Prompt::Ask => ("ask", "Send this message?", (460.0, 640.0)),
    };
    Shape {
        label: label.to_owned(),
        title: format!("{title} — {}", IDENTITY.name),
        size,
        least: (360.0, 480.0),
        unasked: false,
    }
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
        Route::Channels | Route::Pair(_) | Route::Prompt(_) => Ok(()),
        Route::Channel(_) | Route::Outbox | Route::Webhooks | Route::Apps | Route::Add | Route::Setup => go(window, route),
    }
}

fn go(window: &WebviewWindow, route: Route) -> tauri::Result<()> {
    // A fragment is made of ids and fixed words: nothing in it can end the string.
    window.eval(format!("window.location.hash = '{}'", route.fragment()))
}
