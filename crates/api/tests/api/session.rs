use crate::rig::{Answer, Rig};
use reqwest::Method;
use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::json;

/// Signs in and gives the cookie as a browser sends it back.
async fn signed_in(rig: &Rig) -> String {
    let link = rig.bid(Method::POST, "/v1/sign-in-links").await;
    assert_eq!(link.status, 201);
    let (base, ticket) = link.body["url"].as_str().unwrap().split_once("/#sign-in=").unwrap();
    assert_eq!(base, rig.bound.base_url());
    let signed = rig.bare(Method::POST, "/v1/session").json(&json!({"ticket": ticket})).send().await.unwrap();
    assert_eq!(signed.status(), 204);
    let cookie = signed.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let again = rig.bare(Method::POST, "/v1/session").json(&json!({"ticket": ticket})).send().await.unwrap();
    assert_eq!(Answer::of(again).await.told(), "401 ticket_invalid", "a link is good once");
    cookie.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_signs_in_once_and_out() {
    let rig = Rig::start().await;
    let cookie = signed_in(&rig).await;
    let with = |method: Method, path: &str| rig.bare(method, path).header(COOKIE, &cookie);

    let session = Answer::of(with(Method::GET, "/v1/session").send().await.unwrap()).await;
    assert_eq!((session.status.as_u16(), &session.body["via"]), (200, &json!("cookie")));
    assert!(session.body["expires_at"].is_string());
    assert_eq!(rig.get("/v1/session").await.body, json!({"via": "key", "expires_at": null}));
    assert_eq!(with(Method::GET, "/v1/channels").send().await.unwrap().status(), 200);

    let bare = with(Method::POST, "/v1/channels").json(&json!({"name": "x", "start": false})).send().await.unwrap();
    assert_eq!(Answer::of(bare).await.told(), "403 csrf_header_missing");
    let meant = with(Method::POST, "/v1/channels").header("x-whatisup", "1").json(&json!({"name": "x", "start": false}));
    assert_eq!(meant.send().await.unwrap().status(), 201);

    let wrong = with(Method::GET, "/v1/channels").bearer_auth("wiu_wrong").send().await.unwrap();
    assert_eq!(Answer::of(wrong).await.told(), "401 unauthorized", "a wrong key is not made good by a cookie");

    let out = with(Method::DELETE, "/v1/session").header("x-whatisup", "1").send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(Answer::of(with(Method::GET, "/v1/session").send().await.unwrap()).await.told(), "401 unauthorized");
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_signs_nobody_out() {
    let rig = Rig::start().await;
    let cookie = signed_in(&rig).await;
    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    // Another port, so the cookie goes by another name.
    let value = cookie.split_once('=').unwrap().1;
    let cookie = format!("whatisup_{}={value}", rig.address().port());
    let session = rig.bare(Method::GET, "/v1/session").header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(session.status(), 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_made_up_ticket_is_refused() {
    let rig = Rig::start().await;
    for (body, expected) in [(json!({"ticket": "guess"}), "401 ticket_invalid"), (json!({}), "422 invalid /ticket")] {
        let answer = rig.bare(Method::POST, "/v1/session").json(&body).send().await.unwrap();
        assert_eq!(Answer::of(answer).await.told(), expected);
    }
    let form = rig.bare(Method::POST, "/v1/session").header("content-type", "text/plain").body("{}").send().await.unwrap();
    assert_eq!(Answer::of(form).await.told(), "415 unsupported_media_type");
    rig.stop().await;
}
