//! A person answers in windows of their own: who may come in, and what may be sent.

use crate::{WINDOW, driven, photograph, quit, scan};
use acceptance::apps::{App, Asking};
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::Start;
use acceptance::desktop::{Desktop, EVERYTHING, holds, until};
use acceptance::{Events, Rest, binaries};
use fantoccini::Locator;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

const CONSENT: &str = "A program asks";
const ASK: &str = "Send this message?";
const ARMED: Locator<'static> = Locator::Css("[data-armed='true']");
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";

fn hidden_and_driven(desktop: &Desktop) -> Start {
    Start { args: vec!["--hidden".to_owned()], ..driven(desktop) }
}

/// Presses a button of the question once it takes clicks, and waits for what comes of it. A click that raises the window is
/// none, as for a person: then it is pressed again.
async fn decide(page: &Page, button: &str, outcome: &str) {
    let exactly = format!("//button[normalize-space(.)='{button}']");
    until(&format!("{outcome:?} after {button:?}"), || async {
        page.sees(ARMED).await?;
        page.click(Locator::XPath(&exactly)).await?;
        timeout(Duration::from_secs(3), page.says(outcome)).await?
    })
    .await
    .unwrap();
}

async fn switch(page: &Page, label: &str) {
    let named = format!("//button[@role='switch'][@id=//label[normalize-space(.)='{label}']/@for]");
    page.click(Locator::XPath(&named)).await.unwrap();
}

async fn keys(page: &Page, keys: &str) {
    page.client.active_element().await.unwrap().send_keys(keys).await.unwrap();
}

async fn texts_on(rest: &Rest, phone: &str) -> Vec<String> {
    let messages = rest.get(&format!("/sandbox/phones/{phone}/messages")).await.unwrap();
    let text = |message: &Value| message["text"].as_str().map(str::to_owned);
    messages.as_array().unwrap().iter().filter_map(text).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_asks_and_a_person_sees_who_compares_the_code_allows_less_and_takes_it_back() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden_and_driven(&desktop)).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let (tray, notifications) = (desktop.tray().await.unwrap(), desktop.notifications.as_ref().unwrap());
    let channel = rest.create_channel("Front desk").await.unwrap();
    scan(&rest, &channel).await;
    tray.says("Front desk — connected").await.unwrap();

    let wishes = json!({ "name": "Order bot", "reason": "To confirm orders", "scopes": ["channels:read", "messages:read", "events:read"] });
    let asking = Asking::to_be_let_in(&shell.base(), wishes).await.unwrap();
    // A window comes by itself, and only that one; the notification has the name and never the code.
    desktop.shows_windows(CONSENT, 1).await.unwrap();
    desktop.shows_windows(WINDOW, 0).await.unwrap();
    notifications.show("“Order bot” asks to use your channels").await.unwrap();
    assert!(!notifications.printed().contains(&asking.code));
    tray.says("A program asks to be let in").await.unwrap();
    tray.shows("attention").await.unwrap();

    let page = Page::join(&desktop, &shell).await.unwrap();
    page.in_window("window=consent").await.unwrap();
    page.says(&asking.code).await.unwrap();
    page.says("“Order bot”").await.unwrap();
    page.says("“To confirm orders”").await.unwrap();
    page.says(&format!("process {}", std::process::id())).await.unwrap();
    photograph(&desktop, "consent").await;

    // What one presses by habit answers nothing.
    page.sees(ARMED).await.unwrap();
    keys(&page, ENTER).await;
    keys(&page, ESCAPE).await;
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting");
    desktop.shows_windows(CONSENT, 1).await.unwrap();

    switch(&page, "Read messages").await;
    page.says("See channels · Follow what happens").await.unwrap();
    decide(&page, "Allow", "Order bot is allowed").await;
    let program = asking.allowed().await.unwrap();
    assert_eq!(program.get("/v1/channels").await.unwrap()["items"][0]["id"], channel.as_str());
    let (refused, _) = program.call(Method::GET, &format!("/v1/channels/{channel}/messages"), None).await.unwrap();
    assert_eq!(refused.as_u16(), 403);
    let mut events = Events::open(&shell.base(), program.key(), None).await.unwrap();
    events.wait("the snapshot", |event| event.name == "snapshot").await.unwrap();
    desktop.shows_windows(CONSENT, 0).await.unwrap();
    tray.shows("connected").await.unwrap();

    // Taken back in the dashboard, its stream ends.
    tray.click("Open WhatIsUp").await.unwrap();
    page.in_window("#/channels").await.unwrap();
    page.press("Apps").await.unwrap();
    page.press("Order bot").await.unwrap();
    page.says("Last used").await.unwrap();
    photograph(&desktop, "app").await;
    page.press("Revoke").await.unwrap();
    page.confirm("Revoke key").await.unwrap();
    let ended = events.wait("an end", |_| false).await.unwrap_err().to_string();
    assert!(ended.contains("the stream ended"), "{ended}");
    let (shut, _) = program.call(Method::GET, "/v1/channels", None).await.unwrap();
    assert_eq!(shut.as_u16(), 401);
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_ask_wait_in_a_queue_and_a_closed_window_has_answered_nothing() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden_and_driven(&desktop)).unwrap();
    shell.rest(&desktop).await.unwrap();
    let (tray, notifications) = (desktop.tray().await.unwrap(), desktop.notifications.as_ref().unwrap());
    let wishes = |name: &str| json!({ "name": name, "reason": "To show what is connected", "scopes": ["channels:read"] });
    let first = Asking::to_be_let_in(&shell.base(), wishes("First")).await.unwrap();
    desktop.shows_windows(CONSENT, 1).await.unwrap();
    let second = Asking::to_be_let_in(&shell.base(), wishes("Second")).await.unwrap();
    tray.says("2 programs ask to be let in").await.unwrap();
    // Told last: a window that is closed from here on is not opened by what was asked before.
    notifications.show("“Second”").await.unwrap();
    desktop.shows_windows(CONSENT, 1).await.unwrap();

    desktop.close_window(CONSENT).unwrap();
    desktop.shows_windows(CONSENT, 0).await.unwrap();
    for asking in [&first, &second] {
        assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting");
    }
    tray.click("2 programs ask to be let in").await.unwrap();
    desktop.shows_windows(CONSENT, 1).await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.in_window("window=consent").await.unwrap();
    page.says("“First”").await.unwrap();
    page.says("1 more waits").await.unwrap();
    decide(&page, "Deny", "First was denied").await;
    assert_eq!(first.answered().await.unwrap()["state"], "denied");
    page.press("Show the one that waits").await.unwrap();
    page.says("“Second”").await.unwrap();
    decide(&page, "Allow once", "Second is allowed for now").await;
    assert_eq!(second.answered().await.unwrap()["once"], true);
    desktop.shows_windows(CONSENT, 0).await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_nobody_answers_ends_in_the_window_for_the_program_and_on_the_desktop() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut start = hidden_and_driven(&desktop);
    start.env.push(("WHATISUP_APPS_REQUEST_SECONDS".to_owned(), "30".to_owned()));
    let mut shell = desktop.launch(&start).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let (tray, notifications) = (desktop.tray().await.unwrap(), desktop.notifications.as_ref().unwrap());
    let wishes = json!({ "name": "Order bot", "reason": "To confirm orders", "scopes": ["channels:read"] });
    let asking = Asking::to_be_let_in(&shell.base(), wishes).await.unwrap();
    desktop.shows_windows(CONSENT, 1).await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.in_window("window=consent").await.unwrap();
    page.says(&asking.code).await.unwrap();
    tray.says("A program asks to be let in").await.unwrap();
    notifications.lie_there(&desktop, 1).await.unwrap();
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting", "all of this was to be seen while it waits");

    // Nobody answers. The window says so and offers nothing to press but a way out; nothing else is left of it.
    page.says("Order bot no longer asks").await.unwrap();
    page.says("its time ran out").await.unwrap();
    assert!(!page.text().await.unwrap().contains(&asking.code));
    photograph(&desktop, "expired").await;
    let answer = asking.answered().await.unwrap();
    assert_eq!((&answer["state"], &answer["key"]), (&json!("expired"), &Value::Null));
    tray.shows("idle").await.unwrap();
    let menu = tray.menu().await.unwrap();
    assert!(!menu.iter().any(|line| line.label.contains("asks to be let in")), "{menu:?}");
    notifications.lie_there(&desktop, 0).await.unwrap();

    // Too late, by its code and by its id: clearly, and without an app.
    let approve = ["apps", "approve", &asking.code, "--data-dir"];
    let mut late = desktop.command(binaries::program("whatisupd").unwrap());
    let late = late.args(approve).arg(&start.data_dir).output().await.unwrap();
    let said = String::from_utf8_lossy(&late.stderr);
    assert!(!late.status.success() && said.contains("no program waits for an answer"), "{said}");
    let path = format!("/v1/apps/requests/{}/allow", asking.id);
    let (status, problem) = rest.call(Method::POST, &path, Some(json!({}))).await.unwrap();
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("request_answered")), "{problem}");
    assert_eq!(rest.get("/v1/apps").await.unwrap()["items"], json!([]));
    let close = page.client.find(Locator::XPath("//button[normalize-space(.)='Close']")).await.unwrap();
    // The window may be gone before it has answered to the click.
    drop(close.click().await);
    desktop.shows_windows(CONSENT, 0).await.unwrap();
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_an_app_proposes_is_changed_or_denied_before_anything_leaves() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden_and_driven(&desktop)).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let (tray, notifications) = (desktop.tray().await.unwrap(), desktop.notifications.as_ref().unwrap());
    let channel = rest.create_channel("Front desk").await.unwrap();
    scan(&rest, &channel).await;
    tray.says("Front desk — connected").await.unwrap();
    let made = rest.post("/sandbox/phones", json!({ "name": "Hedy" })).await.unwrap();
    let phone = made["number"].as_str().unwrap().to_owned();
    let app = App::of(&rest, json!({ "name": "Desk assistant", "scopes": ["messages:send:ask"] })).await.unwrap();

    let proposed = app.rest.send_text(&channel, &phone, "Your parcel has arived").await.unwrap();
    assert_eq!(proposed["status"], "asking");
    desktop.shows_windows(ASK, 1).await.unwrap();
    notifications.show("An app wants to write from Front desk").await.unwrap();
    assert!(!notifications.printed().contains("parcel") && !notifications.printed().contains(&phone));
    tray.says("A message waits for your word").await.unwrap();
    let page = Page::join(&desktop, &shell).await.unwrap();
    page.in_window("window=ask").await.unwrap();
    page.says("“Desk assistant”").await.unwrap();
    photograph(&desktop, "ask").await;
    assert_eq!(texts_on(&rest, &phone).await, [""; 0]);
    page.write(Locator::Css("[data-part='text']"), "Your parcel has arrived").await.unwrap();
    decide(&page, "Approve as changed", "On its way").await;
    until("the phone has what the person wrote", || async {
        let texts = texts_on(&rest, &phone).await;
        holds(texts == ["Your parcel has arrived"], || format!("{texts:?}"))
    })
    .await
    .unwrap();
    desktop.shows_windows(ASK, 0).await.unwrap();

    let second = app.rest.send_text(&channel, &phone, "Buy now!").await.unwrap();
    desktop.shows_windows(ASK, 1).await.unwrap();
    page.in_window("window=ask").await.unwrap();
    decide(&page, "Deny", "Not sent").await;
    let id = second["id"].as_str().unwrap();
    assert_eq!(rest.get(&format!("/v1/messages/{id}")).await.unwrap()["status"], "denied");
    assert_eq!(texts_on(&rest, &phone).await, ["Your parcel has arrived"]);
    quit(&desktop, &mut shell).await;
}
