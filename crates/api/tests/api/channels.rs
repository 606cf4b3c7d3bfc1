use crate::rig::Rig;
use reqwest::Method;
use serde_json::{Value, json};
use socket::scripted::Call;

#[tokio::test]
async fn a_channel_is_made_shown_renamed_and_deleted() {
    let mut rig = Rig::start().await;
    let made = rig
        .post("/v1/channels", json!({"name": "  Front desk ", "proxy": "socks5://ada:secret@127.0.0.1:9050", "start": false}))
        .await;
    assert_eq!(made.status, 201);
    let id = made.body["id"].as_str().unwrap();
    let path = format!("/v1/channels/{id}");
    assert_eq!(made.header("location"), path);
    assert_eq!(made.body["name"], "Front desk");
    assert_eq!(made.body["state"]["reason"], "new");
    assert_eq!(made.body["proxy"], json!({"url": "socks5://127.0.0.1:9050", "has_credentials": true}));
    assert!(!made.body.to_string().contains("secret"));

    assert_eq!(rig.get(&path).await.body, made.body);
    assert_eq!(rig.get("/v1/channels").await.body, json!({"items": [made.body], "next_cursor": null}));

    let renamed = rig.patch(&path, json!({"name": "Back office"})).await;
    assert_eq!((renamed.status.as_u16(), &renamed.body["name"]), (200, &json!("Back office")));
    assert_eq!(renamed.body["proxy"]["url"], "socks5://127.0.0.1:9050", "what is absent stays");
    assert_eq!(rig.patch(&path, json!({"proxy": null})).await.body["proxy"], Value::Null);

    assert_eq!(rig.bid(Method::DELETE, &path).await.status, 204);
    assert_eq!(rig.get(&path).await.told(), "404 not_found");
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]));
    assert!(rig.opened.try_recv().is_err(), "nothing was dialled");
    rig.stop().await;
}

#[tokio::test]
async fn start_stop_restart_and_logout_answer_with_the_channel() {
    let mut rig = Rig::start().await;
    let (path, live) = rig.connected("Front desk").await;
    let shown = rig.get(&path).await.body;
    assert_eq!(shown["account"], json!({"phone": "+15550100100", "lid": null, "name": "Front desk"}));

    let stopped = rig.bid(Method::POST, &format!("{path}/stop")).await;
    assert_eq!(
        (stopped.status.as_u16(), &stopped.body["state"]["reason"], &stopped.body["desired"]),
        (200, &json!("stopped"), &json!("stopped"))
    );
    assert!(live.calls().contains(&Call::Close));

    let started = rig.bid(Method::POST, &format!("{path}/start")).await;
    assert_eq!((started.status.as_u16(), &started.body["desired"]), (200, &json!("running")));
    rig.next_socket().await;
    let restarted = rig.bid(Method::POST, &format!("{path}/restart")).await;
    assert_eq!((restarted.status.as_u16(), &restarted.body["state"]["cause"]), (200, &json!("requested")));

    let out = rig.bid(Method::POST, &format!("{path}/logout")).await;
    assert_eq!((out.status.as_u16(), &out.body["state"]["reason"]), (200, &json!("logged_out")));
    rig.stop().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_channel_is_told_field_by_field() {
    let rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    for (body, expected) in [
        (json!({}), "422 invalid /name"),
        (json!({"name": ""}), "422 invalid /name"),
        (json!({"name": "a\nb"}), "422 invalid /name"),
        (json!({"name": "x".repeat(65)}), "422 invalid /name"),
        (json!({"name": 1}), "422 invalid /name"),
        (json!({"name": "x", "proxy": "ftp://x"}), "422 invalid /proxy"),
        (json!({"name": "", "proxy": "ftp://x"}), "422 invalid /name /proxy"),
        (json!({"name": "x", "colour": "red"}), "422 invalid /colour"),
        (json!({"name": "x", "start": "no"}), "422 invalid /start"),
        (json!(["x"]), "422 invalid "),
    ] {
        assert_eq!(rig.post("/v1/channels", body.clone()).await.told(), expected, "{body}");
    }
    assert_eq!(rig.patch(&path, json!({"name": null})).await.told(), "422 invalid /name");
    assert_eq!(rig.patch(&path, json!({"proxy": "nonsense"})).await.told(), "422 invalid /proxy");
    assert_eq!(rig.get("/v1/channels").await.body["items"].as_array().unwrap().len(), 1, "nothing changed");
    rig.stop().await;
}

#[tokio::test]
async fn a_channel_that_is_not_there_is_not_found_on_every_route() {
    let rig = Rig::start().await;
    for id in ["ch_01j5a9k3m4n5p6q7r8s9t0v1w2", "nonsense", "msg_01j5a9k3m4n5p6q7r8s9t0v1w2", "%00"] {
        for (method, tail) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::POST, "/start"),
            (Method::POST, "/stop"),
            (Method::POST, "/restart"),
            (Method::POST, "/logout"),
            (Method::GET, "/qr"),
            (Method::GET, "/timeline"),
            (Method::GET, "/uptime"),
            (Method::GET, "/messages"),
        ] {
            let path = format!("/v1/channels/{id}{tail}");
            assert_eq!(rig.bid(method, &path).await.told(), "404 not_found", "{path}");
        }
        let path = format!("/v1/channels/{id}");
        assert_eq!(rig.patch(&path, json!({"name": "x"})).await.told(), "404 not_found");
        assert_eq!(rig.post(&format!("{path}/pairing-code"), json!({"phone": "+15550100123"})).await.told(), "404 not_found");
        let send = json!({"to": "+15550100123", "content": {"type": "text", "text": "x"}});
        assert_eq!(rig.post(&format!("{path}/messages"), send).await.told(), "404 not_found");
    }
    rig.stop().await;
}

#[tokio::test]
async fn the_timeline_is_paged_newest_first() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    rig.bid(Method::POST, &format!("{path}/stop")).await;
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = rig.get(&format!("{path}/timeline?limit=2{cursor}")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        seen.extend(page.body["items"].as_array().unwrap().iter().map(|e| e["state"]["status"].as_str().unwrap().to_owned()));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let whole = rig.get(&format!("{path}/timeline")).await.body;
    assert_eq!(seen.len(), whole["items"].as_array().unwrap().len(), "pages lose and double nothing");
    assert_eq!((seen.first().unwrap().as_str(), seen.last().unwrap().as_str()), ("disconnected", "disconnected"));
    assert!(seen.contains(&"connected".to_owned()) && seen.contains(&"pairing".to_owned()));
    assert_eq!(whole["items"][0]["state"]["reason"], "stopped");
    for (query, expected) in [
        ("limit=0", "422 invalid limit"),
        ("limit=x", "422 invalid limit"),
        ("cursor=x", "422 invalid cursor"),
        ("page=2", "422 invalid page"),
    ] {
        assert_eq!(rig.get(&format!("{path}/timeline?{query}")).await.told(), expected);
    }
    rig.stop().await;
}

#[tokio::test]
async fn uptime_comes_in_segments_without_gaps() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    let uptime = rig.get(&format!("{path}/uptime?hours=1")).await;
    assert_eq!(uptime.status, 200);
    let segments = uptime.body["segments"].as_array().unwrap();
    assert_eq!(segments.first().unwrap()["from"], uptime.body["from"]);
    assert_eq!(segments.last().unwrap()["to"], uptime.body["to"]);
    assert!(segments.windows(2).all(|w| w[0]["to"] == w[1]["from"]));
    assert_eq!(segments.last().unwrap()["status"], "connected");
    assert_eq!(rig.get(&format!("{path}/uptime?hours=745")).await.told(), "422 invalid hours");
    rig.stop().await;
}
