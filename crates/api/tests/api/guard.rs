//! Host × Origin × method × key, on every route of the OpenAPI document: the exact status, and that nothing changed.

use crate::rig::{Answer, Doors, Rig, SHELL};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const CHANNEL: &str = "ch_01j5a9k3m4n5p6q7r8s9t0v1w2";

/// Every documented route as method, path and whether it is open.
fn routes() -> Vec<(String, String, bool)> {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let path =
                path.replace("{id}", if path.starts_with("/v1/messages") { "msg_01j5a9k3m4n5p6q7r8s9t0v1w2" } else { CHANNEL });
            let open = operation["security"] == json!([{}]) || operation["security"][0].get("poll_token").is_some();
            routes.push((method.to_uppercase(), path, open));
        }
    }
    // Not in the document, but behind the same guard.
    for path in ["/docs", "/docs/problems", "/sandbox/state", "/v1/nowhere", "/v1", "/v1/", "/sandbox/nowhere"] {
        routes.push(("GET".into(), path.into(), false));
    }
    routes
}

/// A request as bytes, and the status that it gets.
async fn status(rig: &Rig, method: &str, path: &str, headers: &str) -> (u16, String) {
    rig.raw(&format!("{method} {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: 0\r\n\r\n")).await
}

fn code(answer: &str) -> String {
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str::<Value>(body).ok().and_then(|v| v["code"].as_str().map(str::to_owned)).unwrap_or_default()
}

#[tokio::test]
async fn every_route_but_the_open_ones_needs_the_right_key() {
    // So many callers without a key would be slowed down otherwise.
    let rig = Rig::start_at(Doors::wide()).await;
    let host = format!("Host: {}\r\n", rig.address());
    let almost = &rig.key.expose()[..rig.key.expose().len() - 1];
    for (method, path, open) in routes() {
        // What was guessed is answered so ten times a minute, then with a request to wait.
        for (key, guessed) in [
            (String::new(), false),
            (format!("Cookie: whatisup_{}=guess\r\n", rig.address().port()), false),
            ("Authorization: Bearer wiu_wrong\r\n".to_owned(), true),
            (format!("Authorization: Bearer {almost}\r\n"), true),
            (format!("Authorization: Basic {}\r\n", rig.key.expose()), true),
            (format!("Authorization: {}\r\n", rig.key.expose()), true),
            (format!("Authorization: Bearer {k}\r\nAuthorization: Bearer {k}\r\n", k = rig.key.expose()), true),
        ] {
            let (got, answer) = status(&rig, &method, &path, &format!("{host}{key}")).await;
            let said = (got, code(&answer));
            if open {
                assert!(!["unauthorized", "too_many_attempts"].contains(&said.1.as_str()), "{method} {path}");
            } else if (guessed, got) == (true, 429) {
                assert_eq!(said.1, "too_many_attempts", "{method} {path} {key}");
            } else {
                assert_eq!((said.0, said.1.as_str()), (401, "unauthorized"), "{method} {path} {key}");
                assert!(answer.to_lowercase().contains("www-authenticate: bearer"));
            }
        }
        let key = format!("Authorization: Bearer {}\r\n", rig.key.expose());
        if path != "/v1/events" {
            let (got, answer) = status(&rig, &method, &path, &format!("{host}{key}")).await;
            assert!(!matches!(got, 401 | 429), "{method} {path} {answer}");
        }
    }
    assert_eq!(rig.get("/v1/channels").await.body["items"], json!([]));
    rig.stop().await;
}

#[tokio::test]
async fn every_route_answers_to_its_own_names_only() {
    let rig = Rig::start().await;
    let port = rig.address().port();
    let key = format!("Authorization: Bearer {}\r\n", rig.key.expose());
    let hosts = [
        (String::new(), 400),
        ("Host: \r\n".into(), 400),
        (format!("Host: 127.0.0.1:{port}\r\nHost: 127.0.0.1:{port}\r\n"), 400),
        ("Host: 127.0.0.1\r\n".into(), 403),
        (format!("Host: 127.0.0.1:{}\r\n", port ^ 1), 403),
        (format!("Host: rebound.example:{port}\r\n"), 403),
        (format!("Host: localhost.:{port}\r\n"), 403),
        (format!("Host: [::1]:{port}\r\n"), 403), // Not bound to it here.
        (format!("Host: 0.0.0.0:{port}\r\n"), 403),
    ];
    for (method, path, _) in
        routes().into_iter().chain([("GET".into(), "/".into(), true), ("GET".into(), "/assets/x.js".into(), true)])
    {
        for (host, expected) in &hosts {
            let (got, answer) = status(&rig, &method, &path, &format!("{host}{key}")).await;
            let wanted = if *expected == 400 { "bad_host" } else { "host_not_allowed" };
            assert_eq!((got, code(&answer).as_str()), (*expected, wanted), "{method} {path} {host:?}");
        }
    }
    for fine in [format!("127.0.0.1:{port}"), format!("localhost:{port}")] {
        assert_eq!(status(&rig, "GET", "/livez", &format!("Host: {fine}\r\n")).await.0, 200);
    }
    rig.stop().await;
}

#[tokio::test]
async fn pages_of_other_origins_get_nowhere() {
    let rig = Rig::start().await;
    let port = rig.address().port();
    let ours = format!("Host: {}\r\nAuthorization: Bearer {}\r\n", rig.address(), rig.key.expose());
    for (method, path, _) in
        routes().into_iter().chain([("GET".into(), "/".into(), true), ("OPTIONS".into(), "/v1/channels".into(), true)])
    {
        for origin in
            ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost", &format!("https://127.0.0.1:{port}")]
        {
            let (got, answer) = status(&rig, &method, &path, &format!("{ours}Origin: {origin}\r\n")).await;
            assert_eq!((got, code(&answer).as_str()), (403, "origin_not_allowed"), "{method} {path} {origin}");
            assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
        }
        for site in ["cross-site", "same-site"] {
            let (got, answer) = status(&rig, &method, &path, &format!("{ours}Sec-Fetch-Site: {site}\r\n")).await;
            assert_eq!((got, code(&answer).as_str()), (403, "cross_site"), "{method} {path}");
        }
    }
    let own = format!("{ours}Origin: http://127.0.0.1:{port}\r\nSec-Fetch-Site: same-origin\r\n");
    assert_eq!(status(&rig, "GET", "/v1/channels", &own).await.0, 200);
    rig.stop().await;
}

#[tokio::test]
async fn the_shell_page_is_let_in_by_its_exact_origin() {
    let rig = Rig::start().await;
    let preflight = rig
        .bare(Method::OPTIONS, "/v1/channels")
        .header("origin", SHELL)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), StatusCode::NO_CONTENT);
    assert_eq!(preflight.headers()["access-control-allow-origin"], SHELL);
    let allowed = preflight.headers()["access-control-allow-headers"].to_str().unwrap();
    assert!(allowed.contains("authorization") && allowed.contains("idempotency-key"), "{allowed}");
    assert!(preflight.headers().get("access-control-allow-credentials").is_none());

    let answer = rig
        .request(Method::GET, "/v1/channels")
        .header("origin", SHELL)
        .header("sec-fetch-site", "cross-site")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], SHELL);
    let keyless = rig.bare(Method::GET, "/v1/channels").header("origin", SHELL).send().await.unwrap();
    assert_eq!(Answer::of(keyless).await.told(), "401 unauthorized");
    rig.stop().await;
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_safe() {
    let rig = Rig::start().await;
    for path in ["/", "/livez", "/v1/channels", "/docs", "/nowhere.js", "/v1/nowhere", "/metrics"] {
        let answer = rig.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*'), "{path}: {policy}");
        if path.starts_with("/v1") {
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    rig.stop().await;
}

#[tokio::test]
async fn reading_changes_nothing() {
    let rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    let tip = *rig.ledger.tip().borrow();
    for verb in ["start", "stop", "restart", "logout", "pairing-code"] {
        let answer = rig.get(&format!("{path}/{verb}")).await;
        assert_eq!(answer.told(), "405 method_not_allowed");
        assert_eq!(answer.header("allow"), "POST");
    }
    for (method, path, _) in routes() {
        if method == "GET" && path != "/v1/events" {
            rig.get(&path).await;
        }
    }
    assert_eq!(*rig.ledger.tip().borrow(), tip);
    rig.stop().await;
}

#[tokio::test]
async fn the_sandbox_stands_behind_the_same_guard() {
    let rig = Rig::start().await;
    assert_eq!(rig.get("/sandbox/state").await.status, 200);
    let form = rig.request(Method::POST, "/sandbox/state").header("content-type", "text/plain").body("x").send().await.unwrap();
    assert_eq!(Answer::of(form).await.told(), "415 unsupported_media_type");
    assert_eq!(rig.get("/sandbox/nowhere").await.told(), "404 not_found");
    assert_eq!(rig.bid(Method::DELETE, "/sandbox/state").await.told(), "405 method_not_allowed");
    rig.stop().await;
}
