//! Puts the shell together: plugins, tray, windows, and the App beside them.

use crate::cli::Cli;
use crate::glance::Glance;
use crate::identity::{self, IDENTITY};
use crate::menu::Action;
use crate::route::{Prompt, Route};
use crate::shell::Shell;
use crate::tray::Tray;
use crate::{commands, follow, quit, start};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};
use tauri_plugin_clipboard_manager::ClipboardExt;

/// The display that is named cannot be used: nobody listens there, or it refuses us.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoDesktop(String);

impl NoDesktop {
    /// Nothing in the environment names a display.
    pub fn unnamed() -> Self {
        NoDesktop("neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned())
    }
}

/// Runs until the user quits.
///
/// # Errors
/// When there is no desktop after all.
pub fn with_tray(runtime: &tokio::runtime::Runtime, cli: Cli, data_dir: Option<&Path>) -> Result<ExitCode, NoDesktop> {
    tauri::async_runtime::set(runtime.handle().clone());
    let mut context = tauri::generate_context!();
    context.config_mut().identifier = IDENTITY.identifier.to_owned();
    context.config_mut().product_name = Some(IDENTITY.name.to_owned());

    let autostart = tauri_plugin_autostart::Builder::new().app_name(IDENTITY.autostart).args(cli.at_login());
    let one_instance = tauri_plugin_single_instance::Builder::new()
        .dbus_id(identity::instance(data_dir))
        .callback(|handle, arguments, _| started_again(handle, &arguments));
    let web_data = data_dir.map(|dir| dir.join("webview"));
    let builder = tauri::Builder::default()
        // First, so that a second instance leaves before it does anything.
        .plugin(one_instance.build())
        .plugin(autostart.build())
        .plugin(tauri_plugin_clipboard_manager::init())
        .invoke_handler(tauri::generate_handler![
            commands::connection,
            commands::start_state,
            commands::next_start_state,
            commands::start_action,
            commands::start_at_login,
            commands::set_start_at_login,
            commands::open_pairing,
            commands::close_window,
            commands::open_external,
        ])
        .on_menu_event(|handle, event| {
            if let Some(action) = Action::parse(event.id().as_ref()) {
                act(&handle.state::<Shell>(), action);
            }
        })
        .setup(move |app| {
            set_up(&Shell::new(app.handle().clone(), cli, web_data));
            Ok(())
        });
    let app = quietly(|| builder.build(context))?;
    let code = app.run_return(|handle, event| {
        // The last window is closed: the tray stays.
        if let RunEvent::ExitRequested { code: None, api, .. } = &event {
            api.prevent_exit();
        }
        if let RunEvent::WindowEvent { label, event, .. } = &event
            && let Some(shell) = handle.try_state::<Shell>()
        {
            window_leaves(&shell, label, event);
        }
        #[cfg(target_os = "macos")]
        if let RunEvent::Reopen { .. } = &event {
            let shell = handle.state::<Shell>().inner().clone();
            tauri::async_runtime::spawn(async move { shell.open(Route::Channels).await });
        }
    });
    Ok(u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from))
}

fn window_leaves(shell: &Shell, label: &str, event: &WindowEvent) {
    if let WindowEvent::CloseRequested { .. } = event {
        shell.windows().closes(label);
    }
    if let WindowEvent::Destroyed = event {
        let (label, opening) = (label.to_owned(), shell.clone());
        shell.spawn(async move { opening.windows().gone(&label).await });
    }
}

/// GTK's failure to open the display comes as a panic; here it is an answer.
fn quietly(build: impl FnOnce() -> tauri::Result<tauri::App>) -> Result<tauri::App, NoDesktop> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let built = catch_unwind(AssertUnwindSafe(build));
    std::panic::set_hook(hook);
    match built {
        Ok(Ok(app)) => Ok(app),
        Ok(Err(error)) => Err(NoDesktop(error.to_string())),
        Err(panic) => {
            let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Err(NoDesktop(words.unwrap_or("it broke off").to_owned()))
        }
    }
}

fn set_up(shell: &Shell) {
    shell.handle().manage(shell.clone());
    #[cfg(target_os = "macos")]
    set_accessory(shell);
    let has_tray = match Tray::make(shell.handle(), Glance::Starting) {
        Ok(tray) => {
            shell.spawn_to_the_end(follow::tray(shell.clone(), tray));
            true
        }
        Err(error) => {
            tracing::warn!(%error, "no tray icon; the window takes its place");
            shell.found(|desk| desk.no_tray = Some(error.sentence()));
            false
        }
    };
    let login = shell.start_at_login();
    shell.found(|desk| desk.start_at_login = login);
    shell.spawn_to_the_end(quit::on_signals(shell.clone()));
    #[cfg(target_os = "linux")]
    {
        shell.spawn_to_the_end(crate::logout::follow(shell.clone()));
        if has_tray && crate::desktop::needs_announced_panel() {
            shell.spawn(crate::panel::follow(shell.clone()));
        }
    }
    shell.spawn(start::now(shell.clone()));
    if !shell.cli().hidden || !has_tray {
        let opening = shell.clone();
        shell.spawn(async move { opening.open(Route::Channels).await });
    }
}

/// No icon in the Dock: this lives in the menu bar.
#[cfg(target_os = "macos")]
fn set_accessory(shell: &Shell) {
    if let Err(error) = shell.handle().set_activation_policy(tauri::ActivationPolicy::Accessory) {
        tracing::warn!(%error, "the Dock icon could not be hidden");
    }
}

/// The user started the application while it runs: they want to see it. The desktop starting it at login does not.
fn started_again(handle: &AppHandle, arguments: &[String]) {
    if arguments.iter().any(|argument| argument == "--hidden") {
        return;
    }
    let Some(shell) = handle.try_state::<Shell>() else { return };
    let shell = shell.inner().clone();
    tauri::async_runtime::spawn(async move { shell.open(Route::Channels).await });
}

fn act(shell: &Shell, action: Action) {
    let acting = shell.clone();
    match action {
        Action::Open => shell.spawn(async move { acting.open(Route::Channels).await }),
        Action::OpenChannel(id) => shell.spawn(async move { acting.open(Route::Channel(id)).await }),
        Action::OpenOutbox => shell.spawn(async move { acting.open(Route::Outbox).await }),
        Action::OpenWebhooks => shell.spawn(async move { acting.open(Route::Webhooks).await }),
        Action::OpenRequests => shell.spawn(async move { acting.open(Route::Prompt(Prompt::Consent)).await }),
        Action::OpenAsks => shell.spawn(async move { acting.open(Route::Prompt(Prompt::Ask)).await }),
        Action::Pair => shell.spawn(async move {
            match acting.only_unpaired() {
                Some(id) => acting.pair(id).await,
                None => acting.open(Route::Add).await,
            }
        }),
        Action::CopyAddress => copy_address(shell),
        Action::PauseAll => shell.spawn(async move { acting.pause_all().await }),
        Action::ResumeAll => shell.spawn(async move { acting.resume_all().await }),
        Action::StartAtLogin => {
            let on = !shell.start_at_login().unwrap_or(false);
            if let Err(error) = shell.set_start_at_login(on) {
                tracing::error!(%error, on, "starting at login could not be changed");
            }
        }
        Action::Quit => quit::begin(shell),
    }
}

fn copy_address(shell: &Shell) {
    let Some(app) = shell.app() else { return };
    if let Err(error) = shell.handle().clipboard().write_text(app.address()) {
        tracing::error!(%error, "the address could not be copied");
    }
}
