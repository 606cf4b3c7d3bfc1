//! A part of the desktop among others: starts, windows, clipboard, browser, login and logout.

use crate::{WINDOW, driven, hidden, quit};
use acceptance::Rest;
use acceptance::desktop::memory::pss_mib;
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::Start;
use acceptance::desktop::{Desktop, EVERYTHING, holds, until};
use acceptance::process::free_port;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_shows_no_window_until_the_application_is_started_again() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = hidden(&desktop);
    let mut shell = desktop.launch(&start).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    desktop.tray().await.unwrap().says("No channels yet").await.unwrap();
    assert!(desktop.windows(WINDOW).unwrap().is_empty());

    // Once more at login: nothing to see.
    let again = Start { port: free_port(), ..start.clone() };
    assert!(desktop.launch(&again).unwrap().ends().await.unwrap().success());
    assert!(desktop.windows(WINDOW).unwrap().is_empty());

    // Once more by a person: they want to see it.
    let by_hand = Start { args: Vec::new(), ..again };
    assert!(desktop.launch(&by_hand).unwrap().ends().await.unwrap().success());
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    assert!(shell.lives().unwrap());

    // SIGTERM, as a shutdown sends it, is an orderly end.
    shell.signal("TERM").await.unwrap();
    assert!(shell.ends().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_window_gives_its_memory_back() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden(&desktop)).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    let tray = desktop.tray().await.unwrap();
    let pid = shell.pid().unwrap();
    let never_opened = pss_mib(pid).unwrap();

    tray.click("Open WhatIsUp").await.unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    until("a drawn page", || async { holds(pss_mib(pid)? > never_opened + 60.0, || "it is still small".to_owned()) })
        .await
        .unwrap();
    let open = pss_mib(pid).unwrap();

    desktop.close_window(WINDOW).unwrap();
    desktop.shows_windows(WINDOW, 0).await.unwrap();
    // A good part of what the window took is WebKit's libraries, which stay loaded in this process.
    until("the memory of the window", || async {
        let closed = pss_mib(pid)?;
        holds(closed < open - (open - never_opened) / 3.0, || {
            format!("{never_opened:.0} MiB, open {open:.0}, closed {closed:.0}")
        })
    })
    .await
    .unwrap();
    tray.click("Open WhatIsUp").await.unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_from_elsewhere_cannot_be_shown_and_the_page_has_only_its_own_commands() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&driven(&desktop)).unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("Add channel").await.unwrap();

    let refused = page.invoke("plugin:clipboard-manager|read_text", json!({})).await.unwrap_err().to_string();
    assert!(refused.contains("not allowed"), "{refused}");
    let refused = page.invoke("plugin:autostart|enable", json!({})).await.unwrap_err().to_string();
    assert!(refused.contains("not allowed"), "{refused}");

    page.client
        .execute("window.location.href = 'http://127.0.0.1:1/elsewhere'; window.open('http://127.0.0.1:1/')", vec![])
        .await
        .unwrap();
    page.client
        .execute(
            "const s = document.createElement('script'); s.textContent = 'window.intruder = 1'; document.head.append(s)",
            vec![],
        )
        .await
        .unwrap();
    assert!(
        page.client.execute("return window.intruder === undefined", vec![]).await.unwrap().as_bool().unwrap(),
        "an inline script ran"
    );
    page.says("Add channel").await.unwrap();
    assert!(page.client.current_url().await.unwrap().as_str().starts_with("tauri://localhost/"));
    assert_eq!(desktop.windows("").unwrap().len(), 1);
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_address_goes_to_the_clipboard_and_the_documentation_to_a_browser_that_is_signed_in() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    // A desktop's opener that only notes what it was given.
    let opener = desktop.path("bin/xdg-open");
    std::fs::create_dir(desktop.path("bin")).unwrap();
    std::fs::write(&opener, format!("#!/bin/sh\necho \"$1\" > {}\n", desktop.path("opened").display())).unwrap();
    std::fs::set_permissions(&opener, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", desktop.path("bin").display(), std::env::var("PATH").unwrap());
    let start = Start { env: vec![("PATH".to_owned(), path)], ..driven(&desktop) };
    let mut shell = desktop.launch(&start).unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("Add channel").await.unwrap();

    desktop.tray().await.unwrap().click("Copy API address").await.unwrap();
    let copied = until("the address in the clipboard", || async { desktop.clipboard() }).await.unwrap();
    assert_eq!(copied, shell.base());

    page.invoke("open_external", json!({ "target": "docs" })).await.unwrap();
    let opened = until("an opened address", || async {
        let url = std::fs::read_to_string(desktop.path("opened"))?;
        holds(url.ends_with('\n'), || url.clone())?;
        Ok(url.trim().to_owned())
    })
    .await
    .unwrap();
    let (ticket, then) = opened.strip_prefix(&format!("{}/#sign-in=", shell.base())).unwrap().split_once('&').unwrap();
    assert_eq!(then, "then=/docs");
    let rest = Rest::new(shell.base(), "not a key".to_owned());
    rest.post("/v1/session", json!({ "ticket": ticket })).await.unwrap();
    page.invoke("open_external", json!({ "target": "https://example.com" })).await.unwrap_err();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn starting_at_login_is_a_line_of_the_menu_and_of_the_page() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = driven(&desktop);
    let mut shell = desktop.launch(&start).unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    tray.line("not at login", |line| line.label == "Start at login" && line.ticked == Some(false)).await.unwrap();

    tray.click("Start at login").await.unwrap();
    tray.line("at login", |line| line.label == "Start at login" && line.ticked == Some(true)).await.unwrap();
    // The tick is the desktop's own; the entry is written when the application hears of it.
    let file = desktop.path(".config/autostart/whatisup-sandbox.desktop");
    let entry = acceptance::written(&file, "Exec=").await.unwrap();
    let command = entry.lines().find(|line| line.starts_with("Exec=")).unwrap();
    assert!(command.contains(" --hidden --data-dir "), "{command}");
    assert_eq!(page.invoke("start_at_login", json!({})).await.unwrap(), json!(true));

    page.invoke("set_start_at_login", json!({ "on": false })).await.unwrap();
    tray.line("not at login", |line| line.label == "Start at login" && line.ticked == Some(false)).await.unwrap();
    acceptance::gone(&file).await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_is_an_orderly_end() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let session = desktop.session().await.unwrap();
    let mut shell = desktop.launch(&hidden(&desktop)).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    assert!(session.may_end().await.unwrap(), "it must not hold up a logout");
    session.end().await.unwrap();
    assert!(shell.ends().await.unwrap().success());
    assert!(shell.printed().contains("all sessions and deliveries have ended"), "{}", shell.printed());
}
