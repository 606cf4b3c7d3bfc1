//! The words of a person, in the real windows of the application: who may come in, and what may go out.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use acceptance::apps::{App, Asking};
use acceptance::desktop::page::Page;
use acceptance::desktop::shell::{Shell, Start};
use acceptance::desktop::{Desktop, EVERYTHING, holds, until};
use acceptance::process::free_port;
use acceptance::{Events, Rest};
use fantoccini::Locator;
use reqwest::Method;
use serde_json::{Value, json};

const CONSENT: &str = "A program asks";
const ASK: &str = "Send this message?";

/// An application without a window of its own, so that what comes up is what somebody has to answer.
struct Desk {
    desktop: Desktop,
    shell: Shell,
    rest: Rest,
}

impl Desk {
    async fn set() -> Self {
        let desktop = Desktop::start(EVERYTHING).await.unwrap();
        let start = Start { args: vec!["--hidden".to_owned()], driven_at: Some(free_port()), ..desktop.application() };
        let shell = desktop.launch(&start).unwrap();
        let rest = shell.rest(&desktop).await.unwrap();
        Desk { desktop, shell, rest }
    }

    async fn asks(&self, name: &str, scopes: Value) -> Asking {
        let body = json!({ "name": name, "reason": "To help at the desk", "scopes": scopes });
        Asking::to_be_let_in(&self.shell.base(), body).await.unwrap()
    }

    /// The window of that title, once it is there.
    async fn window(&self, title: &str, place: &str) -> Page {
        self.desktop.shows_windows(title, 1).await.unwrap();
        let page = Page::join(&self.desktop, &self.shell).await.unwrap();
        page.in_window(place).await.unwrap();
        page
    }

    async fn picture(&self, name: &str) {
        if let Some(folder) = std::env::var_os("ACCEPTANCE_PICTURES") {
            // What is in the document is on the screen a little later.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            self.desktop.photograph(&std::path::Path::new(&folder).join(format!("{name}.png"))).await.unwrap();
        }
    }

    async fn quit(mut self) {
        self.desktop.tray().await.unwrap().click("Quit").await.unwrap();
        assert!(self.shell.ends().await.unwrap().success(), "{}", self.shell.printed());
    }
}

/// What this part of the page says.
async fn part(page: &Page, name: &str) -> String {
    let script = format!("return document.querySelector(\"[data-part='{name}']\")?.innerText ?? ''");
    page.client.execute(&script, vec![]).await.unwrap().as_str().unwrap_or_default().to_owned()
}

/// The buttons take no click before a person can have read what they are about.
async fn armed(page: &Page) {
    page.sees(Locator::Css("[data-armed='true']")).await.unwrap();
}

async fn button(page: &Page, name: &str) {
    page.click(Locator::XPath(&format!("//button[normalize-space(.)='{name}']"))).await.unwrap();
}

async fn switch(page: &Page, label: &str) {
    let path =
        format!("//label[normalize-space(.)='{label}']/ancestor::div[contains(@class,'switch-row')]//button[@role='switch']");
    page.click(Locator::XPath(&path)).await.unwrap();
}

async fn status(rest: &Rest, path: &str) -> (u16, String) {
    let (status, answer) = rest.call(Method::GET, path, None).await.unwrap();
    (status.as_u16(), answer["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_is_allowed_less_than_it_asks_for_uses_that_and_is_shut_out_by_a_revoke() {
    let desk = Desk::set().await;
    let front = desk.rest.post("/v1/channels", json!({ "name": "Front desk", "start": false })).await.unwrap();
    let other = desk.rest.post("/v1/channels", json!({ "name": "Workshop", "start": false })).await.unwrap();
    let path = |channel: &Value| format!("/v1/channels/{}", channel["id"].as_str().unwrap());

    let asking = desk.asks("Order bot", json!(["channels:read", "channels:manage", "events:read"])).await;
    let page = desk.window(CONSENT, "consent").await;
    desk.desktop.notifications.as_ref().unwrap().show("“Order bot” asks to use your channels").await.unwrap();
    // The code is the program's, and the process is this one.
    until("the code", || async { holds(part(&page, "code").await == asking.code, || "another code".to_owned()) })
        .await
        .unwrap();
    page.says("“To help at the desk”").await.unwrap();
    let process = part(&page, "process").await;
    assert!(process.contains(&format!("process {}", std::process::id())), "{process}");
    let notified = desk.desktop.notifications.as_ref().unwrap().printed();
    assert!(!notified.contains(&asking.code), "the code is for the window alone: {notified}");
    desk.picture("consent").await;

    switch(&page, "Manage channels").await;
    page.click(Locator::XPath("//*[normalize-space(text())='Only these']")).await.unwrap();
    page.click(Locator::XPath("//label[normalize-space(.)='Front desk']/input")).await.unwrap();
    let gives = part(&page, "gives").await;
    assert!(gives.contains("See channels") && !gives.contains("Manage"), "{gives}");
    armed(&page).await;
    assert_eq!(asking.poll(0).await.unwrap().1["state"], "waiting");
    button(&page, "Allow").await;

    let key = asking.allowed().await.unwrap();
    page.says("Order bot is allowed").await.unwrap();
    assert_eq!(status(&key, &path(&front)).await.0, 200);
    assert_eq!(status(&key, &path(&other)).await.0, 404);
    let (no, problem) = key.call(Method::POST, &format!("{}/start", path(&front)), None).await.unwrap();
    assert_eq!((no.as_u16(), problem["code"].as_str()), (403, Some("scope_missing")), "{problem}");
    desk.desktop.shows_windows(CONSENT, 0).await.unwrap();

    // In use, and then taken back: the stream closes in the middle.
    let mut stream = Events::open(&desk.shell.base(), key.key(), None).await.unwrap();
    stream.wait("the snapshot", |e| e.name == "snapshot").await.unwrap();
    let apps = desk.rest.get("/v1/apps").await.unwrap();
    let app = apps["items"][0]["id"].as_str().unwrap().to_owned();
    desk.desktop.tray().await.unwrap().click("Open WhatIsUp").await.unwrap();
    let page = desk.window("WhatIsUp", "#/").await;
    page.client.execute(&format!("location.hash = '#/apps/{app}'"), vec![]).await.unwrap();
    page.click(Locator::XPath("//button[starts-with(normalize-space(.), 'Revoke') or starts-with(@aria-label, 'Revoke')]"))
        .await
        .unwrap();
    page.confirm("Revoke key").await.unwrap();
    let ended = stream.wait("an event after the end", |_| false).await.unwrap_err().to_string();
    assert!(ended.contains("the stream ended"), "{ended}");
    assert_eq!(status(&key, &path(&front)).await, (401, "key_revoked".to_owned()));
    desk.quit().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_denied_or_forgotten_gets_nothing_and_the_next_one_has_its_turn() {
    let desk = Desk::set().await;
    let first = desk.asks("First", json!(["channels:read"])).await;
    let second = desk.asks("Second", json!(["channels:read"])).await;
    let page = desk.window(CONSENT, "consent").await;
    page.says("“First”").await.unwrap();
    page.says("1 more waits").await.unwrap();
    // Nothing is decided by a key that is pressed by habit, nor by closing the window.
    page.client.execute("document.activeElement?.blur()", vec![]).await.unwrap();
    let body = page.client.find(Locator::Css("body")).await.unwrap();
    for key in ["\u{e007}", "\u{e00c}"] {
        body.send_keys(key).await.unwrap();
    }
    assert_eq!(first.poll(1).await.unwrap().1["state"], "waiting");
    armed(&page).await;
    button(&page, "Deny").await;
    assert_eq!(first.answered().await.unwrap()["state"], "denied");

    // One after another, by its own buttons.
    page.says("First was denied").await.unwrap();
    page.press("Next").await.unwrap();
    page.says("“Second”").await.unwrap();
    assert_eq!(part(&page, "code").await, second.code);
    desk.desktop.close_window(CONSENT).unwrap();
    desk.desktop.shows_windows(CONSENT, 0).await.unwrap();
    assert_eq!(second.poll(0).await.unwrap().1["state"], "waiting");
    // The tray still says so, and leads there again; allowed once, its key ends with the program.
    desk.desktop.tray().await.unwrap().click("asks to be let in").await.unwrap();
    let page = desk.window(CONSENT, "consent").await;
    page.says("“Second”").await.unwrap();
    armed(&page).await;
    button(&page, "Allow once").await;
    let key = second.allowed().await.unwrap();
    assert_eq!(status(&key, "/v1/channels").await.0, 200);

    let Desk { desktop, mut shell, .. } = desk;
    desktop.tray().await.unwrap().click("Quit").await.unwrap();
    assert!(shell.ends().await.unwrap().success());
    let again = desktop.launch(&shell.start).unwrap();
    again.rest(&desktop).await.unwrap();
    assert_eq!(status(&Rest::new(again.base(), key.key().to_owned()), "/v1/channels").await.0, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_an_agent_proposes_goes_out_as_the_person_changed_it() {
    let desk = Desk::set().await;
    let channel = desk.rest.create_channel("Front desk").await.unwrap();
    let qr = until("a QR to scan", || async { desk.rest.qr(&channel).await }).await.unwrap();
    desk.rest.post("/sandbox/scan", json!({ "qr": qr })).await.unwrap();
    desk.rest.until("connected", &channel, |state| state["status"] == "connected").await.unwrap();
    let friend =
        desk.rest.post("/sandbox/phones", json!({ "name": "Hedy" })).await.unwrap()["number"].as_str().unwrap().to_owned();
    let agent = App::make(&desk.rest, "Agent", json!([{ "scope": "messages:send:ask" }])).await.unwrap();
    let read = async || {
        let messages = desk.rest.get(&format!("/sandbox/phones/{friend}/messages")).await.unwrap();
        messages.as_array().unwrap().iter().filter_map(|m| m["text"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let arrives = async |text: &str| {
        until(text, || async {
            let all = read().await;
            holds(all.iter().any(|t| t == text), || format!("{all:?}"))
        })
        .await
        .unwrap();
    };

    // Changed by the person.
    let message = agent.rest.send_text(&channel, &friend, "We are open until 6 today").await.unwrap();
    assert_eq!(message["status"], "asking", "{message}");
    let page = desk.window(ASK, "ask").await;
    desk.desktop.notifications.as_ref().unwrap().show(ASK).await.unwrap();
    page.says("“Agent”").await.unwrap();
    assert!(part(&page, "recipient").await.contains(friend.trim_start_matches('1').get(..3).unwrap_or("555")));
    assert!(read().await.is_empty(), "it left without a word");
    desk.picture("ask").await;
    page.write(Locator::Css("[data-part='text']"), "We are open until 8 today").await.unwrap();
    armed(&page).await;
    button(&page, "Approve as changed").await;
    arrives("We are open until 8 today").await;
    let after = desk.rest.get(&format!("/v1/messages/{}", message["id"].as_str().unwrap())).await.unwrap();
    assert_eq!(after["content"]["text"], "We are open until 8 today");
    desk.desktop.shows_windows(ASK, 0).await.unwrap();

    // Denied.
    let message = agent.rest.send_text(&channel, &friend, "We are closed for ever").await.unwrap();
    let page = desk.window(ASK, "ask").await;
    page.says("We are closed for ever").await.unwrap_or(());
    armed(&page).await;
    button(&page, "Deny").await;
    let path = format!("/v1/messages/{}", message["id"].as_str().unwrap());
    until("denied", || async {
        let now = desk.rest.get(&path).await?;
        holds(now["status"] == "denied", || now.to_string())
    })
    .await
    .unwrap();
    desk.desktop.shows_windows(ASK, 0).await.unwrap();

    // From now on without asking, in this chat alone.
    agent.rest.send_text(&channel, &friend, "Shall I answer by myself?").await.unwrap();
    let page = desk.window(ASK, "ask").await;
    armed(&page).await;
    button(&page, "Always for this chat").await;
    arrives("Shall I answer by myself?").await;
    let message = agent.rest.send_text(&channel, &friend, "Then I do so").await.unwrap();
    assert_eq!(message["status"], "queued", "{message}");
    arrives("Then I do so").await;
    let message = agent.rest.send_text(&channel, "+15550100177", "And to others?").await.unwrap();
    assert_eq!(message["status"], "asking", "{message}");
    assert!(!read().await.iter().any(|text| text.contains("closed") || text.contains("until 6")));
    desk.quit().await;
}
