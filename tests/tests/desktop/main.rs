//! The desktop application on a real desktop without a screen: its tray over the bus, its windows through WebDriver, its
//! notifications at a real service, its keys in a real keychain. Each test has a desktop of its own.
//!
//! Run by `cargo nextest run -p acceptance --test desktop`; `make unit` builds what it starts. With `ACCEPTANCE_PICTURES=DIR`
//! the tests leave pictures of the windows there.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod consent;
mod missing;
mod notices;
mod system;
mod user;

use acceptance::Rest;
use acceptance::desktop::shell::{Shell, Start};
use acceptance::desktop::{Desktop, until};
use acceptance::process::free_port;
use fantoccini::Locator;
use serde_json::json;

pub const WINDOW: &str = "WhatIsUp";
pub const PAIRING_WINDOW: &str = "Pair ";
pub const QR: Locator<'static> = Locator::Css("img[alt^='QR code']");

pub fn driven(desktop: &Desktop) -> Start {
    Start { driven_at: Some(free_port()), ..desktop.application() }
}

pub fn hidden(desktop: &Desktop) -> Start {
    Start { args: vec!["--hidden".to_owned()], ..desktop.application() }
}

pub async fn photograph(desktop: &Desktop, name: &str) {
    if let Some(folder) = std::env::var_os("ACCEPTANCE_PICTURES") {
        // What is in the document is on the screen a little later.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        desktop.photograph(&std::path::Path::new(&folder).join(format!("{name}.png"))).await.unwrap();
    }
}

/// One of the sandbox's phones scans the QR that the channel shows now.
pub async fn scan(rest: &Rest, channel: &str) {
    let qr = until("a QR to scan", || async { rest.qr(channel).await }).await.unwrap();
    rest.post("/sandbox/scan", json!({ "qr": qr })).await.unwrap();
}

pub async fn quit(desktop: &Desktop, shell: &mut Shell) {
    desktop.tray().await.unwrap().click("Quit").await.unwrap();
    let ended = shell.ends().await.unwrap();
    assert!(ended.success(), "{ended}; it printed:\n{}", shell.printed());
    assert!(!shell.printed().contains("did not close in time"), "{}", shell.printed());
}
