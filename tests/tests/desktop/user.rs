//! The user's story: from the empty window to a channel that resumes at the next start.

use crate::{PAIRING_WINDOW, QR, WINDOW, driven, hidden, photograph, quit, scan};
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::Start;
use acceptance::desktop::{Desktop, EVERYTHING, holds, until};
use fantoccini::Locator;

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
