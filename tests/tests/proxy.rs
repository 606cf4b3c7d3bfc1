//! A channel behind a proxy: all its traffic goes there, and the proxy's credentials go nowhere else.
#![allow(clippy::unwrap_used)]

use acceptance::proxy::{Asked, Kind, Proxy};
use acceptance::{Options, Whatisup, World, files};
use base64::Engine as _;
use reqwest::Method;
use serde_json::json;
use std::net::SocketAddr;

const USER: &str = "proxy-user-5d1e";
const PASSWORD: &str = "swordfish-7f3a";
const WRONG: &str = "herring-90bc";

/// Everything of the credentials that must not be found anywhere, as they are written and as HTTP sends them.
fn needles() -> Vec<String> {
    let basic = |password| base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{password}"));
    vec![USER.to_owned(), PASSWORD.to_owned(), WRONG.to_owned(), basic(PASSWORD), basic(WRONG)]
}

fn tells_nothing(what: &str, text: &str) {
    for needle in needles() {
        assert!(!text.contains(&needle), "{what} has {needle:?}: {text}");
    }
}

fn talkative(world: &World) -> Options {
    Options { args: vec!["--log-level".into(), "debug".into()], ..world.options("app") }
}

async fn a_channel_lives_behind(kind: Kind) {
    let world = World::with_phones(2).await.unwrap();
    let (ada, grace) = (world.phone(0).unwrap(), world.phone(1).unwrap());
    let whatsapp: SocketAddr = world.url().split('/').nth(2).unwrap().parse().unwrap();
    let proxy = Proxy::start(kind, USER, PASSWORD).await.unwrap();
    let app = Whatisup::start(talkative(&world)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();

    let made = json!({ "name": "Front desk", "proxy": proxy.url(USER, PASSWORD) });
    let made = rest.post("/v1/channels", made).await.unwrap();
    tells_nothing("the answer", &made.to_string());
    assert_eq!(made["proxy"]["has_credentials"], true);
    let channel = made["id"].as_str().unwrap().to_owned();
    world.scan(&rest, &mut events, &ada, &channel).await.unwrap();
    rest.send_text(&channel, grace.number(), "through the proxy").await.unwrap();
    world.arrives(&grace, "through the proxy").await.unwrap();

    let asked = proxy.asked();
    let connections = world.network().counters().connections;
    assert!(asked.iter().all(|a| *a == Asked::Granted(whatsapp)), "{asked:?}");
    assert_eq!(u64::try_from(asked.len()).unwrap(), connections, "something went past the proxy");

    for path in ["/v1/channels".to_owned(), format!("/v1/channels/{channel}"), format!("/v1/channels/{channel}/timeline")] {
        tells_nothing(&path, &rest.get(&path).await.unwrap().to_string());
    }
    tells_nothing("the event stream", &format!("{:?}", events.seen));
    everything_on_disk_and_printed_tells_nothing(app).await;
}

async fn wrong_credentials_are_told_in_words(kind: Kind) {
    let world = World::with_phones(0).await.unwrap();
    let proxy = Proxy::start(kind, USER, PASSWORD).await.unwrap();
    let app = Whatisup::start(talkative(&world)).await.unwrap();
    let rest = app.rest().await.unwrap();
    let mut events = app.events(None).await.unwrap();
    rest.post("/v1/channels", json!({ "name": "Front desk", "proxy": proxy.url(USER, WRONG) })).await.unwrap();
    let told = events.wait("a cause", |e| e.data["data"]["channel"]["state"]["cause"].is_string()).await.unwrap();
    let state = &told.data["data"]["channel"]["state"];
    assert_eq!(state["cause"], "proxy_failed");
    assert!(state["summary"].as_str().unwrap().contains("Check its address and password"), "{state}");
    assert_eq!(proxy.asked()[0], Asked::Refused);
    assert_eq!(world.network().counters().connections, 0, "it went past the proxy");
    tells_nothing("the event stream", &format!("{:?}", events.seen));
    everything_on_disk_and_printed_tells_nothing(app).await;
}

async fn everything_on_disk_and_printed_tells_nothing(app: Whatisup) {
    tells_nothing("the log", &app.printed());
    let options = app.kill().await.unwrap();
    for path in files(&options.data_dir).unwrap() {
        let bytes = std::fs::read(&path).unwrap();
        for needle in needles() {
            let found = bytes.windows(needle.len()).any(|w| w == needle.as_bytes());
            assert!(!found, "{} has {needle:?} in the clear", path.display());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_pairs_and_sends_through_a_socks_proxy() {
    a_channel_lives_behind(Kind::Socks5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_channel_pairs_and_sends_through_an_http_proxy() {
    a_channel_lives_behind(Kind::Http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socks_proxy_that_wants_other_credentials_is_told_in_words() {
    wrong_credentials_are_told_in_words(Kind::Socks5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_http_proxy_that_wants_other_credentials_is_told_in_words() {
    wrong_credentials_are_told_in_words(Kind::Http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_none_is_refused_without_repeating_its_password() {
    let world = World::with_phones(0).await.unwrap();
    let app = Whatisup::start(talkative(&world)).await.unwrap();
    let rest = app.rest().await.unwrap();
    for proxy in [
        format!("ftp://{USER}:{PASSWORD}@127.0.0.1:1"),
        format!("socks5://{USER}:{PASSWORD}@127.0.0.1:1/path"),
        format!("socks5://{USER}:{PASSWORD}@"),
        format!("http://{USER}:{PASSWORD}@127.0.0.1:99999"),
        format!("{USER}:{PASSWORD}@127.0.0.1:1"),
    ] {
        let body = json!({ "name": "Front desk", "proxy": proxy });
        let (status, problem) = rest.call(Method::POST, "/v1/channels", Some(body)).await.unwrap();
        assert_eq!(status.as_u16(), 422, "{problem}");
        tells_nothing("the problem", &problem.to_string());
    }
    everything_on_disk_and_printed_tells_nothing(app).await;
}
