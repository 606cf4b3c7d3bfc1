//! The desktop application on a real desktop without a screen: its tray over the bus, its windows through WebDriver, its
//! notifications at a real service, its keys in a real keychain. Each test has a desktop of its own.
//!
//! Run by `cargo nextest run -p acceptance --test desktop`; `make unit` builds what it starts. With `ACCEPTANCE_PICTURES=DIR`
//! the tests leave pictures of the windows there.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use acceptance::desktop::memory::pss_mib;
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::{Shell, Start};
use acceptance::desktop::{Desktop, EVERYTHING, With, holds, until};
use acceptance::process::free_port;
use acceptance::{Rest, Whatisup};
use fantoccini::Locator;
use serde_json::json;

const WINDOW: &str = "WhatIsUp";
const PAIRING_WINDOW: &str = "Pair ";
const QR: Locator<'static> = Locator::Css("img[alt^='QR code']");

fn driven(desktop: &Desktop) -> Start {
    Start { driven_at: Some(free_port()), ..desktop.application() }
}

fn hidden(desktop: &Desktop) -> Start {
    Start { args: vec!["--hidden".to_owned()], ..desktop.application() }
}

async fn photograph(desktop: &Desktop, name: &str) {
    if let Some(folder) = std::env::var_os("ACCEPTANCE_PICTURES") {
        // What is in the document is on the screen a little later.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        desktop.photograph(&std::path::Path::new(&folder).join(format!("{name}.png"))).await.unwrap();
    }
}

/// One of the sandbox's phones scans the QR that the channel shows now.
async fn scan(rest: &Rest, channel: &str) {
    let qr = until("a QR to scan", || async { rest.qr(channel).await }).await.unwrap();
    rest.post("/sandbox/scan", json!({ "qr": qr })).await.unwrap();
}

async fn quit(desktop: &Desktop, shell: &mut Shell) {
    desktop.tray().await.unwrap().click("Quit").await.unwrap();
    let ended = shell.ends().await.unwrap();
    assert!(ended.success(), "{ended}; it printed:\n{}", shell.printed());
    assert!(!shell.printed().contains("did not close in time"), "{}", shell.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_user_adds_a_channel_sees_it_connect_closes_the_window_and_quits() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = driven(&desktop);
    let mut shell = desktop.launch(&start).unwrap();
    let tray = desktop.tray().await.unwrap();
    tray.says("No channels yet").await.unwrap();
    tray.shows("idle").await.unwrap();

    // The empty state says what to do.
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.says("Add channel").await.unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    photograph(&desktop, "empty").await;

    // Add, and scan.
    let rest = shell.rest(&desktop).await.unwrap();
    page.press("Add channel").await.unwrap();
    page.write(Locator::Css("input[placeholder='Front desk']"), "Front desk").await.unwrap();
    page.press("Add and pair").await.unwrap();
    let channel = until("the channel", || async {
        let channels = rest.get("/v1/channels").await?;
        channels["items"][0]["id"].as_str().map(str::to_owned).ok_or_else(|| anyhow::anyhow!("{channels}"))
    })
    .await
    .unwrap();
    tray.shows("working").await.unwrap();
    tray.says("Front desk — waiting for the QR scan").await.unwrap();
    page.sees_in_any_window(QR).await.unwrap();
    photograph(&desktop, "qr").await;
    scan(&rest, &channel).await;

    // Connected: in the page, in the tray, and in a notification whose button opens the channel.
    page.in_window("index.html#/channels").await.unwrap();
    page.says("Connected").await.unwrap();
    tray.shows("connected").await.unwrap();
    tray.says("Front desk — connected").await.unwrap();
    let notifications = desktop.notifications.as_ref().unwrap();
    notifications.show("Front desk is paired").await.unwrap();
    desktop.shows_windows(PAIRING_WINDOW, 0).await.unwrap();
    photograph(&desktop, "connected").await;
    notifications.press(&desktop).await.unwrap();
    page.in_window(&format!("#/channels/{channel}")).await.unwrap();
    photograph(&desktop, "channel").await;

    // Closing the window closes only the window.
    desktop.close_window(WINDOW).unwrap();
    desktop.shows_windows(WINDOW, 0).await.unwrap();
    assert!(shell.lives().unwrap());
    tray.says("Front desk — connected").await.unwrap();

    // Pause, resume.
    tray.click("Pause all").await.unwrap();
    tray.says("Front desk — stopped").await.unwrap();
    tray.shows("idle").await.unwrap();
    tray.click("Resume all").await.unwrap();
    tray.says("Front desk — connected").await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tray_opens_a_pairing_window_that_closes_itself_when_paired() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let start = Start { args: vec!["--hidden".to_owned()], ..driven(&desktop) };
    let mut shell = desktop.launch(&start).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    tray.says("Front desk — waiting for the QR scan").await.unwrap();

    tray.click("Pair a channel…").await.unwrap();
    desktop.shows_windows(PAIRING_WINDOW, 1).await.unwrap();
    desktop.shows_windows(WINDOW, 0).await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.sees(QR).await.unwrap();
    let drawn = "const qr = document.querySelector(\"img[alt^='QR code']\"); return qr.naturalWidth && qr.getBoundingClientRect().width";
    until("a QR that is drawn, and large enough to scan", || async {
        let width = page.client.execute(drawn, vec![]).await?;
        holds(width.as_f64().is_some_and(|width| width >= 280.0), || format!("it is {width} wide"))
    })
    .await
    .unwrap();
    photograph(&desktop, "pairing").await;

    // Asked for twice, it is still one window.
    tray.click("Pair a channel…").await.unwrap();
    scan(&rest, &channel).await;
    page.says("Front desk").await.unwrap();
    desktop.shows_windows(PAIRING_WINDOW, 0).await.unwrap();
    tray.shows("connected").await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_start_resumes_from_the_keychain_without_a_qr() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let whatsapp = acceptance::World::with_phones(1).await.unwrap();
    let mut start = hidden(&desktop);
    start.args.extend(["--whatsapp-url".to_owned(), whatsapp.url()]);
    let mut shell = desktop.launch(&start).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let mut events = shell.events(&rest).await.unwrap();
    let phone = whatsapp.phone(0).unwrap();
    whatsapp.pair(&rest, &mut events, &phone, "Front desk").await.unwrap();
    quit(&desktop, &mut shell).await;

    let mut shell = desktop.launch(&start).unwrap();
    shell.rest(&desktop).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    tray.says("Front desk — connected").await.unwrap();
    tray.shows("connected").await.unwrap();
    assert_eq!(phone.linked_devices().len(), 1, "it linked a second time");
    assert!(!start.data_dir.join("vault.key").exists(), "the keys are in the keychain, not in a file");
    quit(&desktop, &mut shell).await;
}

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
    let entry = std::fs::read_to_string(desktop.path(".config/autostart/whatisup-sandbox.desktop")).unwrap();
    let command = entry.lines().find(|line| line.starts_with("Exec=")).unwrap();
    assert!(command.contains(" --hidden --data-dir "), "{command}");
    assert_eq!(page.invoke("start_at_login", json!({})).await.unwrap(), json!(true));

    page.invoke("set_start_at_login", json!({ "on": false })).await.unwrap();
    tray.line("not at login", |line| line.label == "Start at login" && line.ticked == Some(false)).await.unwrap();
    assert!(!desktop.path(".config/autostart/whatisup-sandbox.desktop").exists());
    quit(&desktop, &mut shell).await;
}

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_is_an_orderly_end() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let session = desktop.session().await.unwrap();
    let mut shell = desktop.launch(&hidden(&desktop)).unwrap();
    shell.prints("WhatIsUp is running").await.unwrap();
    assert!(session.may_end().await.unwrap(), "it must not hold up a logout");
    session.end().await.unwrap();
    assert!(shell.ends().await.unwrap().success());
    assert!(shell.printed().contains("all sessions have ended"), "{}", shell.printed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_notification_reaches_the_person_unless_it_is_muted() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden(&desktop)).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    let notifications = desktop.notifications.as_ref().unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    scan(&rest, &channel).await;
    notifications.show("Front desk is paired").await.unwrap();

    // Nobody answers for a while: stuck after 30 s, and told when it is over.
    rest.post("/sandbox/faults", json!({ "kind": "refuse" })).await.unwrap();
    rest.post("/sandbox/faults", json!({ "kind": "drop" })).await.unwrap();
    notifications.show("Front desk cannot reconnect").await.unwrap();
    tray.shows("attention").await.unwrap();
    rest.delete("/sandbox/faults").await.unwrap();
    notifications.show("Front desk is connected again").await.unwrap();
    tray.shows("connected").await.unwrap();

    // Muted, an unlink is seen in the tray and not told…
    let muted = json!({ "notifications": { "disconnected": false } });
    rest.call(reqwest::Method::PATCH, "/v1/settings", Some(muted)).await.unwrap();
    let phone = rest.get("/v1/channels").await.unwrap()["items"][0]["account"]["phone"].as_str().unwrap().replace('+', "");
    rest.post(&format!("/sandbox/phones/{phone}/unlink"), json!({})).await.unwrap();
    tray.shows("broken").await.unwrap();

    // …and what comes after it is, which shows that it was not merely late.
    let other = rest.create_channel("Workshop").await.unwrap();
    scan(&rest, &other).await;
    notifications.show("Workshop is paired").await.unwrap();
    assert!(!notifications.printed().contains("Front desk is disconnected"), "{}", notifications.printed());

    // Heard again, the reason is in the words.
    let heard = json!({ "notifications": { "disconnected": true } });
    rest.call(reqwest::Method::PATCH, "/v1/settings", Some(heard)).await.unwrap();
    let channels = rest.get("/v1/channels").await.unwrap();
    let workshop = channels["items"].as_array().unwrap().iter().find(|c| c["id"] == other.as_str()).unwrap();
    let phone = workshop["account"]["phone"].as_str().unwrap().replace('+', "");
    rest.post(&format!("/sandbox/phones/{phone}/unlink"), json!({})).await.unwrap();
    notifications.show("Workshop is disconnected").await.unwrap();
    notifications.show("Unlinked on the phone").await.unwrap();
    quit(&desktop, &mut shell).await;
}
