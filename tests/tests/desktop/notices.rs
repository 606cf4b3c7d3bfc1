//! What the person is told without asking, by notifications and by the tray.

use crate::{WINDOW, hidden, quit, scan};
use acceptance::World;
use acceptance::desktop::{Desktop, EVERYTHING};
use acceptance::hook::{Hook, Reply};
use sandbox::{Fault, Target};
use serde_json::json;

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_channels_that_drop_together_are_one_notification() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let world = World::with_phones(10).await.unwrap();
    let mut start = hidden(&desktop);
    start.args.extend(["--whatsapp-url".to_owned(), world.url()]);
    let mut shell = desktop.launch(&start).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let notifications = desktop.notifications.as_ref().unwrap();
    // What is not asked for here is not in the way.
    let quiet = json!({ "notifications": { "paired": false, "recovered": false } });
    rest.call(reqwest::Method::PATCH, "/v1/settings", Some(quiet)).await.unwrap();
    let mut events = shell.events(&rest).await.unwrap();
    for (n, phone) in world.phones.all().into_iter().enumerate() {
        world.pair(&rest, &mut events, &phone, &format!("Branch {n}")).await.unwrap();
    }

    world.network().inject(Target::Everyone, Fault::Refuse { connections: None, lasting: None });
    world.network().inject(Target::Everyone, Fault::Drop);
    notifications.show("10 channels cannot reconnect").await.unwrap();
    desktop.tray().await.unwrap().shows("attention").await.unwrap();
    let shown = notifications.printed();
    let titles: Vec<_> = shown.lines().filter(|l| l.contains("summary:") && l.contains("cannot reconnect")).collect();
    assert_eq!(titles.len(), 1, "{shown}");
    assert!(shown.contains("and 7 more"), "{shown}");
    quit(&desktop, &mut shell).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_waits_for_somebody_and_a_webhook_that_is_off_are_told_and_lead_there() {
    let desktop = Desktop::start(EVERYTHING).await.unwrap();
    let mut shell = desktop.launch(&hidden(&desktop)).unwrap();
    let rest = shell.rest(&desktop).await.unwrap();
    let tray = desktop.tray().await.unwrap();
    let notifications = desktop.notifications.as_ref().unwrap();
    let channel = rest.create_channel("Front desk").await.unwrap();
    scan(&rest, &channel).await;
    tray.shows("connected").await.unwrap();

    let message = rest.send_text(&channel, "+15550100999", "hello").await.unwrap();
    notifications.show("A message was not sent").await.unwrap();
    notifications.show("This number is not on WhatsApp").await.unwrap();
    assert!(!notifications.printed().contains("15550100999") && !notifications.printed().contains("hello"));
    tray.says("A message was not sent").await.unwrap();
    tray.shows("attention").await.unwrap();
    rest.delete(&format!("/v1/messages/{}", message["id"].as_str().unwrap())).await.unwrap();
    tray.shows("connected").await.unwrap();

    // A receiver that wants no more, of the next event.
    let hook = Hook::start(|_| Reply::Status(410, String::new())).await.unwrap();
    rest.post("/v1/webhooks", json!({ "url": hook.url() })).await.unwrap();
    rest.create_channel("Workshop").await.unwrap();
    notifications.show("A webhook is off").await.unwrap();
    notifications.show(hook.url()).await.unwrap();
    tray.says("A webhook gets nothing").await.unwrap();
    tray.click("A webhook gets nothing").await.unwrap();
    desktop.shows_windows(WINDOW, 1).await.unwrap();
    quit(&desktop, &mut shell).await;
}
