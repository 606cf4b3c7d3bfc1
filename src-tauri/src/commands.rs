//! What a page of ours may ask of the shell. Each is declared in `build.rs` and allowed in `capabilities/`; a page from
//! anywhere else cannot call them.

use crate::outside::{self, Outside};
use crate::shell::Shell;
use crate::stage::{Phase, Remedy, Stage, StartState};
use crate::{quit, start};
use domain::ChannelId;
use serde::Serialize;
use tauri::{State, WebviewWindow};

/// Where the API is and the key to it; for our own windows only.
#[derive(Serialize)]
pub struct Connection {
    base: String,
    key: String,
}

/// Waits while the application starts.
#[tauri::command]
pub async fn connection(shell: State<'_, Shell>) -> Result<Connection, StartState> {
    let mut stage = shell.stage();
    let settled = stage.wait_for(|stage| !matches!(stage, Stage::Starting)).await.map(|stage| stage.clone());
    match settled {
        Ok(Stage::Running { app, .. }) => Ok(Connection { base: app.address(), key: app.admin_key() }),
        Ok(Stage::Starting | Stage::Failed(_) | Stage::Stopping) | Err(_) => Err(shell.start_state()),
    }
}

#[tauri::command]
pub fn start_state(shell: State<'_, Shell>) -> StartState {
    shell.start_state()
}

/// Waits until the phase is another than the page has seen.
#[tauri::command]
pub async fn next_start_state(shell: State<'_, Shell>, seen: Phase) -> Result<StartState, StartState> {
    let mut stage = shell.stage();
    let changed = stage.wait_for(|stage| stage.phase() != seen).await.map(|_| ());
    changed.map(|()| shell.start_state()).map_err(|_| shell.start_state())
}

#[tauri::command]
pub fn start_action(shell: State<'_, Shell>, id: Remedy) {
    match id {
        Remedy::TryAgain => start::again(&shell),
        Remedy::UseKeyFile => start::with_key_file(&shell),
        Remedy::StartFresh => start::fresh(&shell),
        Remedy::Quit => quit::begin(&shell),
    }
}

#[tauri::command]
pub async fn start_at_login(shell: State<'_, Shell>) -> Result<bool, ()> {
    Ok(shell.start_at_login().unwrap_or(false))
}

#[tauri::command]
pub async fn set_start_at_login(shell: State<'_, Shell>, on: bool) -> Result<(), String> {
    shell.set_start_at_login(on).map_err(|error| format!("The desktop refused: {error}."))
}

#[tauri::command]
pub async fn open_pairing(shell: State<'_, Shell>, channel: String) -> Result<(), String> {
    let id: ChannelId = channel.parse().map_err(|error| format!("{error}"))?;
    shell.pair(id).await;
    Ok(())
}

#[tauri::command]
pub async fn close_window(shell: State<'_, Shell>, window: WebviewWindow) -> Result<(), String> {
    // From here on nothing is put into it, not only from when its turn in the event loop comes.
    shell.windows().closes(window.label());
    let closed = window.close();
    if closed.is_err() {
        shell.windows().gone(window.label()).await;
    }
    closed.map_err(|error| error.to_string())
}

#[tauri::command]
pub async fn open_external(shell: State<'_, Shell>, target: Outside) -> Result<(), String> {
    let Some(app) = shell.app() else { return Err("The application is not running.".to_owned()) };
    let url = match target {
        // The reference asks for a key as everything does: sign the browser in on the way.
        Outside::Docs => format!("{}&then=/docs", app.sign_in_link()),
        Outside::Dashboard => app.sign_in_link(),
        Outside::Concept(concept) => format!("{}&then=/docs/concepts/{}", app.sign_in_link(), concept.as_str()),
    };
    outside::open(&url).map_err(|error| format!("No browser could be opened: {error}."))
}
