//! Pages of other origins: those from which an app may use its keys, and all others.

use crate::apps::made;
use crate::rig::{Answer, Rig};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const DESK: &str = "https://desk.example";

/// As a browser sends it for a page of this origin.
fn from(request: RequestBuilder, origin: &str) -> RequestBuilder {
    request.header("origin", origin).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "cors")
}

async fn told(request: RequestBuilder) -> Answer {
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_uses_the_keys_of_its_own_app_and_no_others() {
    let rig = Rig::start().await;
    let (app, key) = made(&rig, json!({"name": "Desk", "scopes": ["channels:read"], "origins": [DESK]})).await;
    let (_, other) = made(&rig, json!({"name": "Other", "scopes": ["channels:read"]})).await;
    let get = |key: &str| rig.bare(Method::GET, "/v1/channels").bearer_auth(key);

    let fine = told(from(get(&key), DESK)).await;
    assert_eq!((fine.status.as_u16(), fine.header("access-control-allow-origin")), (200, DESK));
    assert!(fine.headers.get("access-control-allow-credentials").is_none());
    assert!(
        fine.header("vary").contains("origin") && fine.header("access-control-expose-headers").contains("ratelimit-remaining")
    );
    assert_eq!(told(get(&key)).await.status, 200, "and without a browser");

    for key in [&other, rig.key.expose()] {
        assert_eq!(told(from(get(key), DESK)).await.told(), "403 origin_not_allowed");
    }
    for origin in ["https://evil.example", "null", "http://desk.example", "https://desk.example.evil.example"] {
        let refused = told(from(get(&key), origin)).await;
        assert_eq!(refused.told(), "403 origin_not_allowed", "{origin}");
        assert!(refused.headers.get("access-control-allow-origin").is_none());
    }
    let unsaid = rig.bare(Method::GET, "/v1/channels").bearer_auth(&key).header("sec-fetch-site", "cross-site");
    assert_eq!(told(unsaid).await.told(), "403 cross_site");
    // What the page does wrong it may read.
    let keyless = told(from(rig.bare(Method::GET, "/v1/channels"), DESK)).await;
    assert_eq!((keyless.told().as_str(), keyless.header("access-control-allow-origin")), ("401 unauthorized", DESK));

    let closed = rig.patch(&format!("/v1/apps/{app}"), json!({"origins": []})).await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert_eq!(told(from(get(&key), DESK)).await.told(), "403 origin_not_allowed", "taken back at once");
    rig.stop().await;
}

#[tokio::test]
async fn a_preflight_is_answered_for_allowed_origins_only() {
    let rig = Rig::start().await;
    made(&rig, json!({"name": "Desk", "scopes": ["channels:read"], "origins": [DESK]})).await;
    let ask = |origin: &str| {
        from(rig.bare(Method::OPTIONS, "/v1/channels"), origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
    };
    let fine = told(ask(DESK)).await;
    assert_eq!((fine.status.as_u16(), fine.header("access-control-allow-origin")), (204, DESK));
    assert!(fine.header("access-control-allow-headers").contains("authorization"));
    let refused = told(ask("https://evil.example")).await;
    assert_eq!(refused.told(), "403 origin_not_allowed");
    assert!(refused.headers.keys().all(|name| !name.as_str().starts_with("access-control-allow")));
    rig.stop().await;
}

#[tokio::test]
async fn the_dashboards_cookie_is_good_for_no_page_but_the_dashboard() {
    let rig = Rig::start().await;
    // To a browser another port of this machine is the same site: it would send the cookie along.
    let neighbour = "http://localhost:5173";
    made(&rig, json!({"name": "Desk", "scopes": ["channels:read"], "origins": [neighbour]})).await;
    let link = rig.bid(Method::POST, "/v1/sign-in-links").await.body;
    let ticket = link["url"].as_str().unwrap().split("sign-in=").nth(1).unwrap().to_owned();
    let sign_in = || rig.bare(Method::POST, "/v1/session").json(&json!({"ticket": ticket}));
    assert_eq!(told(from(sign_in(), neighbour)).await.told(), "403 origin_not_allowed");
    let signed_in = told(sign_in()).await;
    assert_eq!(signed_in.status, 200, "the page of another origin has not used the ticket up");
    let cookie = signed_in.header("set-cookie").split(';').next().unwrap().to_owned();
    let page = signed_in.body["secret"].as_str().unwrap();
    let with = |method, path: &str| rig.bare(method, path).header("cookie", &cookie).header("x-whatisup", page);
    let with_cookie = || with(Method::GET, "/v1/channels");
    assert_eq!(told(with_cookie()).await.status, 200);
    assert_eq!(told(from(with_cookie(), neighbour)).await.told(), "401 unauthorized");
    let act = with(Method::POST, "/v1/channels");
    assert_eq!(told(from(act, neighbour).json(&json!({"name": "x"}))).await.told(), "401 unauthorized");
    rig.stop().await;
}
