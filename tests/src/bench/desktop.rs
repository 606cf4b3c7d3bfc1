//! What the desktop application holds: window never opened, open, and closed again.

use super::idle::SETTLE;
use crate::desktop::memory::pss_mib;
use crate::desktop::shell::Start;
use crate::desktop::{Desktop, EVERYTHING};
use anyhow::Result;

/// MiB, the webview's own processes included.
#[derive(Clone, Copy, Debug)]
pub struct Windows {
    pub never_opened: f64,
    pub open: f64,
    pub closed: f64,
}

/// Starts it hidden, opens the dashboard from the tray, closes it.
///
/// # Errors
/// When it does not start or a window does not come or go.
pub async fn memory() -> Result<Windows> {
    let desktop = Desktop::start(EVERYTHING).await?;
    let start = Start { args: vec!["--hidden".to_owned()], ..desktop.application() };
    let mut shell = desktop.launch(&start)?;
    shell.prints("WhatIsUp is running").await?;
    let tray = desktop.tray().await?;
    let pid = shell.pid()?;
    tokio::time::sleep(SETTLE).await;
    let never_opened = pss_mib(pid)?;
    tray.click("Open WhatIsUp").await?;
    desktop.shows_windows("WhatIsUp", 1).await?;
    tokio::time::sleep(SETTLE).await;
    let open = pss_mib(pid)?;
    desktop.close_window("WhatIsUp")?;
    desktop.shows_windows("WhatIsUp", 0).await?;
    tokio::time::sleep(SETTLE).await;
    let closed = pss_mib(pid)?;
    tray.click("Quit").await?;
    shell.ends().await?;
    Ok(Windows { never_opened, open, closed })
}
