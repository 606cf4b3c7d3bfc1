//! The tray icon: shows a [`Glance`]. Thin; what it shows is decided in `menu.rs` and `icon.rs`.

use crate::desktop::Panel;
use crate::glance::Glance;
use crate::identity::IDENTITY;
use crate::menu::change::Change;
use crate::menu::{self, Item, Menu};
use crate::{desktop, icon};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tauri::menu::{CheckMenuItem, IsMenuItem, MenuItem, PredefinedMenuItem};
use tauri::tray::{TrayIcon, TrayIconBuilder};
use tauri::{AppHandle, Wry};

/// Named on the bus: `/org/ayatana/NotificationItem/tray_icon_tray_app_whatisup`.
pub const ID: &str = "whatisup";

/// Why there is no tray icon; not fatal, the window takes its place.
#[derive(Debug, thiserror::Error)]
pub enum NoTray {
    #[error("the tray library libayatana-appindicator3.so.1 is not installed")]
    NoLibrary,
    #[error("the tray library cannot be used")]
    Unusable,
    #[error(transparent)]
    Tauri(#[from] tauri::Error),
}

impl NoTray {
    /// What the user is told in the window.
    pub fn sentence(&self) -> &'static str {
        match self {
            NoTray::NoLibrary | NoTray::Unusable => {
                "There is no tray icon: the library libayatana-appindicator3-1 is missing. Install it and start WhatIsUp again. \
                 Until then, starting WhatIsUp once more opens this window."
            }
            NoTray::Tauri(_) => {
                "There is no tray icon: this desktop refused to make one. Starting WhatIsUp once more opens this window."
            }
        }
    }
}

/// A shown tray icon. Clones show the same icon.
#[derive(Clone)]
pub struct Tray {
    handle: AppHandle,
    // Locked on the main thread only.
    shown: Arc<Mutex<Shown>>,
}

impl std::fmt::Debug for Tray {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tray")
    }
}

struct Shown {
    icon: TrayIcon,
    menu: tauri::menu::Menu<Wry>,
    lines: Vec<Line>,
    glance: Glance,
    value: Menu,
    panel: Panel,
}

enum Line {
    Text(MenuItem<Wry>),
    Check(CheckMenuItem<Wry>),
    Separator(PredefinedMenuItem<Wry>),
}

impl Tray {
    /// Makes the icon. Call on the main thread.
    ///
    /// # Errors
    /// When this desktop has no tray library or refuses.
    pub fn make(handle: &AppHandle, glance: Glance) -> Result<Tray, NoTray> {
        if !desktop::has_tray_library() {
            return Err(NoTray::NoLibrary);
        }
        // The library is loaded when the icon is made, and a failure to load it panics.
        let shown = catch_unwind(AssertUnwindSafe(|| Shown::make(handle, glance))).map_err(|_| NoTray::Unusable)??;
        Ok(Tray { handle: handle.clone(), shown: Arc::new(Mutex::new(shown)) })
    }

    /// Shows something else. Returns at once; the main thread does it.
    pub fn show(&self, glance: Glance) {
        let shown = self.shown.clone();
        let asked = self.handle.run_on_main_thread(move || {
            let mut shown = shown.lock().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = shown.change_to(glance) {
                tracing::warn!(%error, "the tray could not be changed");
            }
        });
        if let Err(error) = asked {
            tracing::debug!(%error, "the tray is gone");
        }
    }
}

impl Shown {
    fn make(handle: &AppHandle, glance: Glance) -> tauri::Result<Shown> {
        let value = menu::of(&glance);
        let panel = desktop::panel();
        let lines = value.items.iter().map(|item| Line::make(handle, item)).collect::<tauri::Result<Vec<_>>>()?;
        let menu = tauri::menu::Menu::new(handle)?;
        for line in &lines {
            menu.append(line.item())?;
        }
        let mut builder = TrayIconBuilder::with_id(ID)
            .menu(&menu)
            .icon(icon::of(glance.tone(), panel))
            .tooltip(glance.tooltip())
            .show_menu_on_left_click(true);
        if let Some(folder) = icon_folder() {
            builder = builder.temp_dir_path(folder);
        }
        if cfg!(target_os = "macos") {
            builder = builder.icon_as_template(true);
        }
        Ok(Shown { icon: builder.build(handle)?, menu, lines, glance, value, panel })
    }

    fn change_to(&mut self, glance: Glance) -> tauri::Result<()> {
        // A click has already ticked or unticked the line, whether or not what it stands for came about.
        for (line, item) in self.lines.iter().zip(&self.value.items) {
            line.tick(item)?;
        }
        if glance == self.glance {
            return Ok(());
        }
        if glance.tone() != self.glance.tone() {
            self.icon.set_icon(Some(icon::of(glance.tone(), self.panel)))?;
            #[cfg(target_os = "macos")]
            self.icon.set_icon_as_template(true)?;
        }
        if glance.tooltip() != self.glance.tooltip() {
            self.icon.set_tooltip(Some(glance.tooltip()))?;
        }
        self.change_menu(menu::of(&glance))?;
        self.glance = glance;
        Ok(())
    }

    fn change_menu(&mut self, wanted: Menu) -> tauri::Result<()> {
        match Change::between(&self.value, &wanted) {
            Change::Nothing => {}
            Change::Words(changed) => {
                for i in changed {
                    self.lines[i].say(&wanted.items[i])?;
                }
            }
            // Linux cannot replace a tray's menu, only what is in it.
            Change::Lines => {
                let handle = self.menu.app_handle().clone();
                for line in self.lines.drain(..) {
                    self.menu.remove(line.item())?;
                }
                for item in &wanted.items {
                    let line = Line::make(&handle, item)?;
                    self.menu.append(line.item())?;
                    self.lines.push(line);
                }
            }
        }
        self.value = wanted;
        Ok(())
    }
}

impl Line {
    fn make(handle: &AppHandle, item: &Item) -> tauri::Result<Line> {
        Ok(match item {
            Item::Note(text) => Line::Text(MenuItem::new(handle, plain(text), false, None::<&str>)?),
            Item::Button { action, label, enabled } => {
                Line::Text(MenuItem::with_id(handle, action.id(), plain(label), *enabled, None::<&str>)?)
            }
            Item::Check { action, label, checked } => {
                Line::Check(CheckMenuItem::with_id(handle, action.id(), plain(label), true, *checked, None::<&str>)?)
            }
            Item::Separator => Line::Separator(PredefinedMenuItem::separator(handle)?),
        })
    }

    fn item(&self) -> &dyn IsMenuItem<Wry> {
        match self {
            Line::Text(item) => item,
            Line::Check(item) => item,
            Line::Separator(item) => item,
        }
    }

    fn tick(&self, item: &Item) -> tauri::Result<()> {
        match (self, item) {
            (Line::Check(line), Item::Check { checked, .. }) => line.set_checked(*checked),
            (Line::Text(_) | Line::Check(_) | Line::Separator(_), _) => Ok(()),
        }
    }

    fn say(&self, wanted: &Item) -> tauri::Result<()> {
        match (self, wanted) {
            (Line::Text(line), Item::Note(text)) => line.set_text(plain(text)),
            (Line::Text(line), Item::Button { label, enabled, .. }) => {
                line.set_text(plain(label))?;
                line.set_enabled(*enabled)
            }
            (Line::Check(line), Item::Check { label, checked, .. }) => {
                line.set_text(plain(label))?;
                line.set_checked(*checked)
            }
            (Line::Text(_) | Line::Check(_) | Line::Separator(_), _) => Ok(()),
        }
    }
}

/// An ampersand of a name is not the sign for an access key.
fn plain(label: &str) -> String {
    label.replace('&', "&&")
}

/// Linux shows icons from files. A folder per process, so that two instances do not overwrite each other's.
fn icon_folder() -> Option<PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| !dir.is_empty())?;
    Some(PathBuf::from(runtime).join(IDENTITY.identifier).join(format!("tray-{}", std::process::id())))
}
