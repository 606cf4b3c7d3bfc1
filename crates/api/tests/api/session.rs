use crate::rig::{Answer, PATIENCE, Rig};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

/// What a browser has that was signed in: the cookie as it sends it back, and what its page was told.
struct SignedIn {
    cookie: String,
    page: String,
}

impl SignedIn {
    /// A request of the dashboard.
    fn asks(&self, rig: &Rig, method: Method, path: &str) -> RequestBuilder {
        rig.bare(method, path).header(COOKIE, &self.cookie).header(PAGE, &self.page)
    }

    async fn is_in(&self, rig: &Rig) -> bool {
        self.asks(rig, Method::GET, "/v1/session").send().await.unwrap().status() == 200
    }
}

/// The field for what the page was told.
const PAGE: &str = "x-whatisup";

async fn signed_in(rig: &Rig) -> SignedIn {
    let link = rig.bid(Method::POST, "/v1/sign-in-links").await;
    assert_eq!(link.status, 201);
    let (base, ticket) = link.body["url"].as_str().unwrap().split_once("/#sign-in=").unwrap();
    assert_eq!(base, rig.bound.base_url());
    let signed = rig.bare(Method::POST, "/v1/session").json(&json!({"ticket": ticket})).send().await.unwrap();
    assert_eq!(signed.status(), 200);
    let cookie = signed.headers()[SET_COOKIE].to_str().unwrap().to_owned();
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let told = Answer::of(signed).await;
    let again = rig.bare(Method::POST, "/v1/session").json(&json!({"ticket": ticket})).send().await.unwrap();
    assert_eq!(Answer::of(again).await.told(), "401 ticket_invalid", "a link is good once");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = told.body["secret"].as_str().unwrap().to_owned();
    assert!(told.body["expires_at"].is_string() && page.len() == 43 && !cookie.contains(&page));
    SignedIn { cookie, page }
}

#[tokio::test]
async fn a_browser_signs_in_once_and_out() {
    let rig = Rig::start().await;
    let browser = signed_in(&rig).await;
    let with = |method: Method, path: &str| browser.asks(&rig, method, path);

    let session = Answer::of(with(Method::GET, "/v1/session").send().await.unwrap()).await;
    assert_eq!((session.status.as_u16(), &session.body["via"]), (200, &json!("cookie")));
    assert!(session.body["expires_at"].is_string());
    assert_eq!(rig.get("/v1/session").await.body, json!({"via": "key", "expires_at": null}));
    assert_eq!(with(Method::GET, "/v1/channels").send().await.unwrap().status(), 200);

    let meant = with(Method::POST, "/v1/channels").json(&json!({"name": "x", "start": false}));
    assert_eq!(meant.send().await.unwrap().status(), 201);

    let wrong = with(Method::GET, "/v1/channels").bearer_auth("wiu_wrong").send().await.unwrap();
    assert_eq!(Answer::of(wrong).await.told(), "401 unauthorized", "a wrong key is not made good by a cookie");

    let out = with(Method::DELETE, "/v1/session").send().await.unwrap();
    assert_eq!(out.status(), 204);
    assert!(out.headers()[SET_COOKIE].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(Answer::of(with(Method::GET, "/v1/session").send().await.unwrap()).await.told(), "401 unauthorized");
    rig.stop().await;
}

#[tokio::test]
async fn a_cookie_without_what_its_page_was_told_is_nobody() {
    let rig = Rig::start().await;
    let (browser, other) = (signed_in(&rig).await, signed_in(&rig).await);
    // What another program has to which the browser has sent the cookie.
    let bare = |method: Method, path: &str| rig.bare(method, path).header(COOKIE, &browser.cookie);
    let wrong = ["", "1", "cli", &other.page, browser.cookie.split_once('=').unwrap().1];
    for (method, path) in [
        (Method::GET, "/v1/session"),
        (Method::GET, "/v1/channels"),
        (Method::GET, "/v1/events"),
        (Method::GET, "/metrics"),
        (Method::GET, "/v1/nothing"),
        (Method::POST, "/v1/channels"),
        (Method::POST, "/v1/tickets"),
        (Method::POST, "/v1/sign-in-links"),
        (Method::POST, "/docs"),
        (Method::DELETE, "/v1/session"),
    ] {
        let ask = || bare(method.clone(), path).json(&json!({"name": "x", "start": false}));
        let mut tries = vec![ask(), ask().header(PAGE, &browser.page).header(PAGE, &browser.page)];
        tries.extend(wrong.map(|said| ask().header(PAGE, said)));
        for one in tries {
            assert_eq!(Answer::of(one.send().await.unwrap()).await.told(), "401 unauthorized", "{method} {path}");
        }
    }
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]), "nothing was made");
    let alone = rig.bare(Method::GET, "/v1/channels").header(PAGE, &browser.page).send().await.unwrap();
    assert_eq!(Answer::of(alone).await.told(), "401 unauthorized");

    // Where a browser goes by a link it sends nothing else; what is there is the same for everybody.
    for path in ["/docs", "/docs/problems", "/docs/concepts/apps", "/v1/openapi.json"] {
        assert_eq!(bare(Method::GET, path).send().await.unwrap().status(), 200, "{path}");
        assert_eq!(rig.bare(Method::GET, path).send().await.unwrap().status(), 401, "{path}");
    }
    assert!(browser.is_in(&rig).await);
    rig.stop().await;
}

/// Waits until a stream ends.
async fn ends(mut stream: reqwest::Response) {
    let end = async { while let Ok(Some(_)) = stream.chunk().await {} };
    tokio::time::timeout(PATIENCE, end).await.expect("the stream goes on");
}

#[tokio::test]
async fn what_a_browser_has_open_ends_when_it_is_signed_out() {
    let rig = Rig::start().await;
    let (browser, other) = (signed_in(&rig).await, signed_in(&rig).await);
    let ticket = async || {
        let made = browser.asks(&rig, Method::POST, "/v1/tickets").json(&json!({"for": "/v1/events"})).send().await.unwrap();
        let made = Answer::of(made).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("/v1/events?ticket={}", made.body["ticket"].as_str().unwrap())
    };
    let streams = |browser: &SignedIn| browser.asks(&rig, Method::GET, "/v1/events").header("accept", "text/event-stream");
    let own = streams(&browser).send().await.unwrap();
    let by_ticket = rig.bare(Method::GET, &ticket().await).header("accept", "text/event-stream").send().await.unwrap();
    let mut goes_on = streams(&other).send().await.unwrap();
    assert_eq!([own.status(), by_ticket.status(), goes_on.status()], [200; 3]);
    let late = ticket().await;

    let out = browser.asks(&rig, Method::DELETE, "/v1/session").send().await.unwrap();
    assert_eq!(out.status(), 204);
    ends(own).await;
    ends(by_ticket).await;
    let refused = Answer::of(rig.bare(Method::GET, &late).send().await.unwrap()).await;
    assert_eq!(refused.told(), "401 ticket_invalid");

    // The other browser's goes on: it hears what happens.
    assert!(goes_on.chunk().await.unwrap().is_some(), "its snapshot");
    rig.channel("Front desk").await;
    let heard = tokio::time::timeout(PATIENCE, goes_on.chunk()).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&heard.unwrap()).contains("Front desk"));
    rig.stop().await;
}

#[tokio::test]
async fn who_has_an_old_cookie_signs_in_anew() {
    let rig = Rig::start().await;
    let before = signed_in(&rig).await;
    let link = rig.bid(Method::POST, "/v1/sign-in-links").await.body["url"].as_str().unwrap().to_owned();
    let ticket = link.split_once("#sign-in=").unwrap().1;
    let sign_in = rig.bare(Method::POST, "/v1/session").header(COOKIE, &before.cookie).json(&json!({"ticket": ticket}));
    assert_eq!(sign_in.send().await.unwrap().status(), 200);
    rig.stop().await;
}

#[tokio::test]
async fn a_restart_signs_nobody_out() {
    let rig = Rig::start().await;
    let before = signed_in(&rig).await;
    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    // Another port, so the cookie goes by another name.
    let value = before.cookie.split_once('=').unwrap().1;
    let browser = SignedIn { cookie: format!("whatisup_{}={value}", rig.address().port()), ..before };
    assert!(browser.is_in(&rig).await);
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
