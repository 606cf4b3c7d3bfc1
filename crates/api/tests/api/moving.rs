//! The routes that export and import, with cartons instead of sealed files.

use crate::rig::Rig;
use api::{Directory, Movers, MovingError, Session};
use async_trait::async_trait;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use domain::{ChannelId, ChannelView, Desired, Identity};
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use socket::SocketEvent;
use std::collections::BTreeMap;

const PASSPHRASE: &str = "seven spare umbrellas";

/// Files whose whole content is `name|phone|passphrase`.
pub struct Cartons;

#[async_trait]
impl Movers for Cartons {
    fn check(&self, passphrase: &SecretString) -> Result<(), MovingError> {
        if passphrase.expose_secret().len() < 12 { Err(MovingError::PassphraseTooShort { least: 12 }) } else { Ok(()) }
    }

    async fn pack(&self, channel: &ChannelView, passphrase: SecretString) -> Result<Vec<u8>, MovingError> {
        assert_eq!(channel.desired, Desired::Stopped, "packed while it runs");
        let phone = channel.identity.as_ref().unwrap().phone.as_ref().unwrap();
        Ok(format!("{}|{phone}|{}", channel.name, passphrase.expose_secret()).into_bytes())
    }

    async fn unpack(&self, file: Vec<u8>, passphrase: SecretString) -> Result<Box<dyn Session>, MovingError> {
        let text = String::from_utf8(file).unwrap();
        match text.as_str() {
            "diary" => return Err(MovingError::NotAnExport),
            "torn" => return Err(MovingError::Damaged),
            "future" => return Err(MovingError::Newer { found: 7 }),
            "heavy" => return Err(MovingError::TooCostly),
            "unwritable" => return Err(MovingError::Store("the secret reason".into())),
            _ => {}
        }
        let mut parts = text.split('|').map(str::to_owned);
        let (name, phone, sealed_with) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        if sealed_with != passphrase.expose_secret() {
            return Err(MovingError::WrongPassphrase);
        }
        Ok(Box::new(Carton::of(name, &phone)))
    }

    async fn write_baileys(&self, channel: &ChannelView) -> Result<Directory, MovingError> {
        assert_eq!(channel.desired, Desired::Stopped, "written while it runs");
        let phone = channel.identity.as_ref().unwrap().phone.as_ref().unwrap();
        let files = BTreeMap::from([("creds.json".to_owned(), SecretString::from(phone.to_string()))]);
        Ok(Directory { files, notes: vec!["the rest".into()] })
    }

    async fn read_baileys(&self, files: BTreeMap<String, SecretString>) -> Result<Box<dyn Session>, MovingError> {
        match files.get("creds.json") {
            Some(phone) => Ok(Box::new(Carton::of("Ada".into(), phone.expose_secret()))),
            None => Err(MovingError::Baileys { file: "creds.json".into(), says: "creds.json: is missing".into() }),
        }
    }
}

struct Carton {
    name: String,
    identity: Identity,
    notes: Vec<String>,
}

impl Carton {
    fn of(name: String, phone: &str) -> Self {
        let identity = Identity { phone: Some(phone.parse().unwrap()), lid: None, push_name: None };
        Carton { name, identity, notes: vec!["some of it".into()] }
    }
}

#[async_trait]
impl Session for Carton {
    fn name(&self) -> &str {
        &self.name
    }

    fn identity(&self) -> Identity {
        self.identity.clone()
    }

    fn notes(&self) -> &[String] {
        &self.notes
    }

    async fn install(&self, _: ChannelId) -> Result<(), MovingError> {
        if self.name == "Does not fit" { Err(MovingError::Store("no room".into())) } else { Ok(()) }
    }

    async fn withdraw(&self, _: ChannelId) {}
}

fn packed(text: &str) -> Value {
    json!({"file": BASE64_STANDARD.encode(text), "passphrase": PASSPHRASE, "start": false})
}

async fn names(rig: &Rig) -> Vec<String> {
    let page = rig.get("/v1/channels").await.body;
    page["items"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_channel_is_stopped_and_then_packed() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let asked = rig.request(Method::POST, &format!("{path}/export")).json(&json!({"passphrase": PASSPHRASE}));
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("content-type"), "application/octet-stream");
    assert_eq!(header("cache-control"), "no-store");
    let name = header("content-disposition");
    assert!(name.starts_with("attachment; filename=\"whatisup-front-desk-2") && name.ends_with(".age\""), "{name}");
    let file = answer.text().await.unwrap();
    assert_eq!(file, format!("Front desk|+15550100100|{PASSPHRASE}"));
    let channel = rig.get(&path).await.body;
    assert_eq!((&channel["desired"], &channel["state"]["status"]), (&json!("stopped"), &json!("disconnected")));
    rig.stop().await;
}

#[tokio::test]
async fn what_cannot_be_packed_goes_on_running() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let short = rig.post(&format!("{path}/export"), json!({"passphrase": "elf letters"})).await;
    assert_eq!(short.told(), "422 invalid /passphrase");
    let none = rig.post(&format!("{path}/export"), json!({})).await;
    assert_eq!(none.told(), "422 invalid /passphrase");
    let number = rig.post(&format!("{path}/export"), json!({"passphrase": 31_415_926_535_897_u64})).await;
    assert_eq!(number.told(), "422 invalid /passphrase");
    assert!(!number.body.to_string().contains("31415926535897"), "{}", number.body);
    assert_eq!(rig.get(&path).await.body["state"]["status"], "connected");
    let unpaired = rig.channel("Nobody").await;
    assert_eq!(rig.post(&format!("{unpaired}/export"), json!({"passphrase": PASSPHRASE})).await.told(), "409 not_paired");
    rig.stop().await;
}

#[tokio::test]
async fn a_channel_comes_in_paired_and_resumes_when_started() {
    let mut rig = Rig::start().await;
    let made = rig.post("/v1/channels/import", packed(&format!("Front desk|15550100123|{PASSPHRASE}"))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!((&made.body["name"], &made.body["paired"]), (&json!("Front desk"), &json!(true)));
    assert_eq!((&made.body["desired"], &made.body["account"]["phone"]), (&json!("stopped"), &json!("+15550100123")));
    let path = made.header("location").to_owned();
    assert_eq!(rig.get(&path).await.body["id"], made.body["id"]);
    rig.bid(Method::POST, &format!("{path}/start")).await;
    let live = rig.next_socket().await;
    live.says(SocketEvent::Handshaken).await;
    live.says(SocketEvent::Opened { identity: crate::rig::identity() }).await;
    rig.until(&path, "connected").await;
    rig.stop().await;
}

#[tokio::test]
async fn it_starts_at_once_unless_told_otherwise_and_takes_another_name() {
    let mut rig = Rig::start().await;
    let mut body = packed(&format!("Front desk|15550100123|{PASSPHRASE}"));
    body["start"] = json!(true);
    body["name"] = json!("Back office");
    let made = rig.post("/v1/channels/import", body).await;
    assert_eq!(
        (made.status.as_u16(), &made.body["name"], &made.body["desired"]),
        (201, &json!("Back office"), &json!("running"))
    );
    rig.next_socket().await;
    rig.stop().await;
}

#[tokio::test]
async fn an_account_that_is_here_already_is_told_with_its_channel() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let file = packed(&format!("Moved|15550100100|{PASSPHRASE}"));
    let refused = rig.post("/v1/channels/import", file.clone()).await;
    assert_eq!(refused.told(), "409 already_here");
    assert_eq!(refused.body["channel"], path.rsplit('/').next().unwrap());
    assert_eq!(names(&rig).await, ["Front desk"]);
    let mut asked = file;
    asked["duplicate"] = json!(true);
    assert_eq!(rig.post("/v1/channels/import", asked).await.status, 201);
    assert_eq!(names(&rig).await, ["Front desk", "Moved"]);
    // Of two at the same time one comes in.
    let other = packed(&format!("Once|15550100124|{PASSPHRASE}"));
    let both = tokio::join!(rig.post("/v1/channels/import", other.clone()), rig.post("/v1/channels/import", other));
    let mut answers = [both.0.status.as_u16(), both.1.status.as_u16()];
    answers.sort_unstable();
    assert_eq!(answers, [201, 409]);
    rig.stop().await;
}

#[tokio::test]
async fn every_bad_file_has_its_own_problem_and_changes_nothing() {
    let rig = Rig::start().await;
    for (text, expected) in [
        ("diary", "422 not_an_export"),
        ("torn", "422 export_damaged"),
        ("future", "422 export_newer"),
        ("heavy", "422 export_too_costly"),
        ("Front desk|15550100123|another umbrella", "422 wrong_passphrase"),
        ("unwritable", "503 unavailable"),
        ("Does not fit|15550100123|seven spare umbrellas", "503 unavailable"),
    ] {
        let answer = rig.post("/v1/channels/import", packed(text)).await;
        assert_eq!(answer.told(), expected, "{text}");
        assert!(!answer.body.to_string().contains("secret reason"));
    }
    let mut body = packed("diary");
    body["file"] = json!("not base64!");
    body["name"] = json!("");
    let answer = rig.post("/v1/channels/import", body).await;
    assert_eq!(answer.body["errors"].as_array().unwrap().len(), 2, "{}", answer.body);
    assert!(names(&rig).await.is_empty());
    rig.stop().await;
}

#[tokio::test]
async fn only_this_route_takes_a_large_body() {
    let rig = Rig::start().await;
    let large = "x".repeat(2 * 1024 * 1024);
    let file = format!("Large|15550100123|{PASSPHRASE}|{large}");
    assert_eq!(rig.post("/v1/channels/import", packed(&file)).await.status, 201);
    assert_eq!(rig.post("/v1/channels", json!({"name": large})).await.told(), "413 too_large");
    rig.stop().await;
}

#[tokio::test]
async fn a_directory_of_baileys_comes_in_and_goes_out() {
    let mut rig = Rig::start().await;
    let body = json!({"baileys": {"files": {"creds.json": "15550100123"}}, "start": false});
    let made = rig.post("/v1/channels/import", body.clone()).await;
    assert_eq!((made.status.as_u16(), &made.body["name"], &made.body["notes"]), (201, &json!("Ada"), &json!(["some of it"])));
    assert_eq!((&made.body["paired"], &made.body["account"]["phone"]), (&json!(true), &json!("+15550100123")));
    assert_eq!(rig.post("/v1/channels/import", body).await.told(), "409 already_here");

    let (path, _live) = rig.connected("Front desk").await;
    let sealed = rig.post(&format!("{path}/export"), json!({"format": "baileys", "passphrase": PASSPHRASE})).await;
    assert_eq!(sealed.told(), "422 invalid /passphrase");
    assert_eq!(rig.get(&path).await.body["state"]["status"], "connected");
    let written = rig.post(&format!("{path}/export"), json!({"format": "baileys"})).await;
    assert_eq!((written.status.as_u16(), written.header("cache-control")), (200, "no-store"));
    assert_eq!(written.body, json!({"files": {"creds.json": "+15550100100"}, "notes": ["the rest"]}));
    assert_eq!(rig.get(&path).await.body["desired"], "stopped");
    rig.stop().await;
}

#[tokio::test]
async fn a_bad_directory_of_baileys_names_its_file_and_changes_nothing() {
    let rig = Rig::start().await;
    let missing = rig.post("/v1/channels/import", json!({"baileys": {"files": {}}})).await;
    assert_eq!(missing.told(), "422 invalid /baileys/files/creds.json");
    assert_eq!(missing.body["detail"], "creds.json: is missing");
    let number = rig.post("/v1/channels/import", json!({"baileys": {"files": {"creds.json": 31_415_926_535_897_u64}}})).await;
    assert_eq!(number.told(), "422 invalid /baileys/files/creds.json");
    assert!(!number.body.to_string().contains("31415926535897"), "{}", number.body);
    for (body, expected) in [
        (json!({}), "422 invalid /file"),
        (json!({"file": "AAAA"}), "422 invalid /passphrase"),
        (json!({"file": "AAAA", "passphrase": PASSPHRASE, "baileys": {"files": {}}}), "422 invalid /baileys"),
    ] {
        assert_eq!(rig.post("/v1/channels/import", body).await.told(), expected);
    }
    assert!(names(&rig).await.is_empty());
    rig.stop().await;
}
