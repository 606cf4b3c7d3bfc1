//! Everything of a channel goes through its proxy, so a person chooses it.

use crate::apps::{made, with};
use crate::rig::Rig;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn a_proxy_is_for_a_person_to_choose() {
    let rig = Rig::start().await;
    let (_, key) = made(&rig, json!({"name": "Agent", "scopes": ["channels:manage"]})).await;
    let proxy = "socks5://127.0.0.1:9050";
    let made_by_app =
        with(&rig, &key, Method::POST, "/v1/channels", Some(json!({"name": "x", "start": false, "proxy": proxy}))).await;
    assert_eq!(made_by_app.told(), "422 invalid /proxy");
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]), "nothing was made");

    let by_person = rig.post("/v1/channels", json!({"name": "x", "start": false, "proxy": proxy})).await;
    assert_eq!(by_person.status, 201, "{}", by_person.body);
    let path = format!("/v1/channels/{}", by_person.body["id"].as_str().unwrap());
    // Neither another one, nor none: that would show from where the person connects.
    for other in [json!("http://192.0.2.1:3128"), json!(null)] {
        let changed = with(&rig, &key, Method::PATCH, &path, Some(json!({"proxy": other}))).await;
        assert_eq!(changed.told(), "422 invalid /proxy");
    }
    assert_eq!(rig.get(&path).await.body["proxy"], by_person.body["proxy"]);
    let renamed = with(&rig, &key, Method::PATCH, &path, Some(json!({"name": "y"}))).await;
    assert_eq!((renamed.status.as_u16(), &renamed.body["name"]), (200, &json!("y")));
    rig.stop().await;
}
