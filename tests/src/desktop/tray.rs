//! The tray icon of the application as a panel sees it: over the bus.

use super::{Desktop, holds, until};
use anyhow::{Context, Result, bail};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use zbus::Connection;
use zbus::zvariant::{OwnedValue, Value};

const ITEM: &str = "org.kde.StatusNotifierItem";
const MENU: &str = "com.canonical.dbusmenu";
/// Where the tray library puts the item whose id is `whatisup`.
const PATH: &str = "/org/ayatana/NotificationItem/tray_icon_tray_app_whatisup";

/// A line of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    id: i32,
    pub label: String,
    pub enabled: bool,
    /// Ticked or not, for a line that can be.
    pub ticked: Option<bool>,
}

/// The icon of one process.
#[derive(Clone, Debug)]
pub struct Tray {
    bus: Connection,
    owner: String,
}

impl Desktop {
    /// Waits for the application's tray icon.
    ///
    /// # Errors
    /// When none comes.
    pub async fn tray(&self) -> Result<Tray> {
        let owner = until("a tray icon", || async {
            let items = self.bus.items();
            for (owner, _) in items.iter().filter(|(_, path)| path == PATH) {
                // Those of earlier processes are still in the list.
                if self.bus.is_owned(owner).await? {
                    return Ok(owner.clone());
                }
            }
            bail!("the panel has {items:?}")
        })
        .await?;
        Ok(Tray { bus: self.bus.connection.clone(), owner })
    }
}

impl Tray {
    /// The file that the panel would draw.
    ///
    /// # Errors
    /// When the item is gone.
    pub async fn icon(&self) -> Result<PathBuf> {
        let question = ("org.kde.StatusNotifierItem", "IconName");
        let answer = self
            .bus
            .call_method(Some(self.owner.as_str()), PATH, Some("org.freedesktop.DBus.Properties"), "Get", &question)
            .await
            .with_context(|| format!("{ITEM} of {}", self.owner))?;
        let value: OwnedValue = answer.body().deserialize()?;
        Ok(PathBuf::from(String::try_from(value)?))
    }

    /// Waits until the icon is the one drawn for this tone.
    ///
    /// # Errors
    /// When it stays another.
    pub async fn shows(&self, tone: &str) -> Result<()> {
        let wanted = pixels(&crate::binaries::repository().join(format!("icons/tray/{tone}-dark@2x.png")))?;
        until(&format!("the tray icon {tone:?}"), || async {
            let now = self.icon().await?;
            holds(pixels(&now)? == wanted, || format!("{} is another icon", now.display()))
        })
        .await
    }

    /// The menu from top to bottom, separators left out.
    ///
    /// # Errors
    /// When the menu is gone.
    pub async fn menu(&self) -> Result<Vec<Line>> {
        let path = format!("{PATH}/Menu");
        let all: Vec<&str> = Vec::new();
        let answer = self
            .bus
            .call_method(Some(self.owner.as_str()), path.as_str(), Some(MENU), "GetLayout", &(0_i32, -1_i32, all))
            .await?;
        let (_, (_, _, children)): (u32, Layout) = answer.body().deserialize()?;
        let lines = children.into_iter().map(line).collect::<Result<Vec<_>>>()?;
        Ok(lines.into_iter().flatten().collect())
    }

    /// Waits until a line of the menu is as wanted, and returns it.
    ///
    /// # Errors
    /// When none is; says what the menu said.
    pub async fn line(&self, what: &str, wanted: impl Fn(&Line) -> bool) -> Result<Line> {
        until(what, || async {
            let menu = self.menu().await?;
            let found = menu.iter().find(|line| wanted(line)).cloned();
            found.with_context(|| format!("the menu says {:?}", menu.iter().map(|l| &l.label).collect::<Vec<_>>()))
        })
        .await
    }

    /// Waits until a line says this.
    ///
    /// # Errors
    /// When none does.
    pub async fn says(&self, text: &str) -> Result<Line> {
        self.line(&format!("a menu line with {text:?}"), |line| line.label.contains(text)).await
    }

    /// Clicks the line that says this. A menu that was drawn anew since it was read is read again, as a panel does.
    ///
    /// # Errors
    /// When there is none, or it cannot be clicked.
    pub async fn click(&self, text: &str) -> Result<()> {
        until(&format!("a click on {text:?}"), || async {
            let line = self.says(text).await?;
            if !line.enabled {
                bail!("{text:?} cannot be clicked");
            }
            let path = format!("{PATH}/Menu");
            let event = (line.id, "clicked", Value::from(0_i32), 0_u32);
            self.bus.call_method(Some(self.owner.as_str()), path.as_str(), Some(MENU), "Event", &event).await?;
            Ok(())
        })
        .await
    }
}

type Layout = (i32, HashMap<String, OwnedValue>, Vec<OwnedValue>);

fn line(child: OwnedValue) -> Result<Option<Line>> {
    let (id, mut about, _): Layout = Value::from(child).downcast()?;
    let mut text = |name: &str| about.remove(name).and_then(|value| String::try_from(value).ok());
    if text("type").as_deref() == Some("separator") {
        return Ok(None);
    }
    let label = text("label").unwrap_or_default().replace("__", "_");
    let toggles = text("toggle-type").is_some();
    let enabled = about.remove("enabled").and_then(|value| bool::try_from(value).ok()).unwrap_or(true);
    let state = about.remove("toggle-state").and_then(|value| i32::try_from(value).ok());
    Ok(Some(Line { id, label, enabled, ticked: toggles.then_some(state == Some(1)) }))
}

fn pixels(path: &Path) -> Result<Vec<u8>> {
    let file = image::open(path).with_context(|| format!("the icon {}", path.display()))?;
    Ok(file.to_rgba8().into_raw())
}
