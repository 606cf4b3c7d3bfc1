//! Parts of the desktop that are missing, locked or in the way: it says so, and goes on with what there is.

use crate::{WINDOW, driven, hidden, photograph, quit};
use acceptance::Whatisup;
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::Start;
use acceptance::desktop::{Desktop, EVERYTHING, With};
use acceptance::process::free_port;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_notification_service_everything_else_works_and_says_so() {
    let desktop = Desktop::start(With { notifications: false, ..EVERYTHING }).await.unwrap();
    let mut shell = desktop.launch(&driven(&desktop)).unwrap();
    shell.prints("no notification service answers").await.unwrap();
    desktop.tray().await.unwrap().says("Notifications off").await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    let state = page.invoke("start_state", json!({})).await.unwrap();
    assert!(state["notes"][0].as_str().unwrap().contains("Desktop notifications are not shown"), "{state}");
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_desktop_that_shows_no_tray_icons_the_settings_say_so() {
    let desktop = Desktop::start(With { panel: false, ..EVERYTHING }).await.unwrap();
    let start = Start { env: vec![("XDG_CURRENT_DESKTOP".to_owned(), "GNOME".to_owned())], ..driven(&desktop) };
    let mut shell = desktop.launch(&start).unwrap();
    shell.prints("shows no tray icons").await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    let state = page.invoke("start_state", json!({})).await.unwrap();
    assert!(state["notes"][0].as_str().unwrap().contains("shows no tray icons"), "{state}");
    shell.signal("TERM").await.unwrap();
    assert!(shell.ends().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_tray_library_a_hidden_start_opens_the_window() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = Start { args: vec!["--hidden".to_owned()], ..driven(&desktop) };
    let mut shell = desktop.launch_without_tray_library(&start).unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    shell.prints("no tray icon").await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    let state = page.invoke("start_state", json!({})).await.unwrap();
    assert!(state["notes"][0].as_str().unwrap().contains("libayatana-appindicator3-1"), "{state}");
    shell.signal("TERM").await.unwrap();
    assert!(shell.ends().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_fails_says_why_and_can_be_tried_again() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = Start { args: vec!["--hidden".to_owned()], ..driven(&desktop) };
    // Another process has the data.
    let world = acceptance::World::with_phones(0).await.unwrap();
    let mut other = world.options("elsewhere");
    other.data_dir.clone_from(&start.data_dir);
    other.key_file = Some(desktop.path("other.key"));
    let other = Whatisup::start(other).await.unwrap();

    // Though it was to be hidden, a person has to decide.
    let mut shell = desktop.launch(&start).unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    tray.shows("broken").await.unwrap();
    tray.says("WhatIsUp is already running").await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("WhatIsUp is already running").await.unwrap();
    page.says(&format!("{}", other.pid().unwrap())).await.unwrap();
    photograph(&desktop, "setup").await;

    // The other ends, and this one begins with a data directory of the other's key file: start fresh is offered, not done.
    other.terminate().await.unwrap();
    page.press("Try again").await.unwrap();
    page.says("The key of the database is missing").await.unwrap();
    page.says("Start fresh").await.unwrap();
    photograph(&desktop, "setup-key").await;
    assert!(start.data_dir.join("ledger.db").exists());
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_locked_keychain_it_says_so_and_goes_on_by_itself_when_it_is_unlocked() {
    let mut desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = hidden(&desktop);
    let mut shell = desktop.launch(&start).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    quit(&desktop, &mut shell).await;
    desktop.lock_keychain().await.unwrap();

    let start = Start { args: start.args.clone(), driven_at: Some(free_port()), ..start };
    let mut shell = desktop.launch(&start).unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("The keychain is locked").await.unwrap();
    desktop.tray().await.unwrap().says("The keychain is locked").await.unwrap();
    photograph(&desktop, "locked").await;
    desktop.unlock_keychain().await.unwrap();
    page.says("Add channel").await.unwrap();
    desktop.tray().await.unwrap().says("No channels yet").await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_keychain_the_first_run_asks_before_it_uses_a_file() {
    let desktop = Desktop::start(With { keychain: false, ..EVERYTHING }).await.unwrap();
    let start = driven(&desktop);
    let mut shell = desktop.launch(&start).unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("There is no keychain").await.unwrap();
    photograph(&desktop, "no-keychain").await;
    assert!(!start.data_dir.join("vault.key").exists(), "nobody has agreed to a file yet");
    page.press("Use a key file instead").await.unwrap();
    page.confirm("Use a key file instead").await.unwrap();
    page.says("Add channel").await.unwrap();
    assert!(start.data_dir.join("vault.key").exists());
    quit(&desktop, &mut shell).await;

    // The next start asks nothing.
    let mut shell = desktop.launch(&start).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_display_it_runs_headless_and_prints_where_the_dashboard_is() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    // None is named; and one where nobody listens.
    for display in ["", ":4294"] {
        let start = Start { env: vec![("DISPLAY".to_owned(), display.to_owned())], ..desktop.application() };
        let mut shell = desktop.launch(&start).unwrap();
        shell.prints(&format!("http://127.0.0.1:{}/#sign-in=", start.port)).await.unwrap();
        assert!(!shell.printed().contains("panicked"), "{}", shell.printed());
        assert!(desktop.bus.items().is_empty(), "it made a tray icon");
        shell.signal("INT").await.unwrap();
        assert!(shell.ends().await.unwrap().success());
    }
}
