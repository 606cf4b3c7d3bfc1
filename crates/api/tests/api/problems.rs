use crate::rig::{Answer, Rig};
use reqwest::Method;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

async fn posted(rig: &Rig, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = rig.request(Method::POST, "/v1/channels").header(CONTENT_TYPE, kind).body(body);
    Answer::of(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_problem_has_the_form_of_rfc_9457() {
    let rig = Rig::start().await;
    let answer = posted(&rig, "application/json", r#"{"name":"x","colour":"red"}"#).await;
    assert_eq!(answer.header("content-type"), "application/problem+json");
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.body).unwrap(), @r#"
    {
      "code": "invalid",
      "detail": "unknown field `colour`, expected one of `name`, `proxy`, `start`",
      "errors": [
        {
          "detail": "unknown field `colour`, expected one of `name`, `proxy`, `start`",
          "pointer": "/colour"
        }
      ],
      "status": 422,
      "title": "Request not valid",
      "type": "/docs/problems#invalid"
    }
    "#);
    insta::assert_snapshot!(serde_json::to_string_pretty(&rig.get("/v1/nowhere").await.body).unwrap(), @r#"
    {
      "code": "not_found",
      "detail": "There is nothing at this address.",
      "status": 404,
      "title": "Not found",
      "type": "/docs/problems#not_found"
    }
    "#);
    rig.stop().await;
}

#[tokio::test]
async fn bad_json_is_told_apart_from_json_that_does_not_fit() {
    let rig = Rig::start().await;
    for (body, expected) in [
        (r#"{"name":"#, "400 bad_json /name"),
        (r#"{"name":"x",}"#, "400 bad_json "),
        ("", "400 bad_json "),
        ("name=x", "400 bad_json "),
        ("{\"name\":\"\u{1}\"}", "400 bad_json /name"),
        (r#""x""#, "422 invalid "),
        ("null", "422 invalid "),
        (r#"{"name":null}"#, "422 invalid /name"),
    ] {
        assert_eq!(posted(&rig, "application/json", body).await.told(), expected, "{body}");
    }
    assert_eq!(posted(&rig, "application/json", vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']).await.told(), "400 bad_json ");
    assert_eq!(posted(&rig, "application/json", r#"{"name":"\ud800"}"#).await.told(), "400 bad_json /name");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(posted(&rig, "application/json", deep).await.told(), "422 invalid ");
    rig.stop().await;
}

#[tokio::test]
async fn bodies_are_json_and_not_too_large() {
    let rig = Rig::start().await;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/merge-patch+json"]
    {
        assert_eq!(posted(&rig, kind, r#"{"name":"x"}"#).await.told(), "415 unsupported_media_type", "{kind}");
    }
    let fine = posted(&rig, "application/json; charset=utf-8", r#"{"name":"x","start":false}"#).await;
    assert_eq!(fine.status, 201);
    let large = format!(r#"{{"name":"{}"}}"#, "x".repeat(600_000));
    assert_eq!(posted(&rig, "application/json", large.clone()).await.told(), "413 too_large");
    // Without a length told beforehand.
    let pieces: Vec<std::io::Result<Vec<u8>>> = large.into_bytes().chunks(10_000).map(|c| Ok(c.to_vec())).collect();
    let streamed = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    assert_eq!(posted(&rig, "application/json", streamed).await.told(), "413 too_large");
    rig.stop().await;
}

#[tokio::test]
async fn methods_that_an_address_does_not_take_are_told_with_those_that_it_takes() {
    let rig = Rig::start().await;
    for (method, path, allow) in [
        (Method::PUT, "/v1/channels", "GET,HEAD,POST"),
        (Method::POST, "/v1/info", "GET,HEAD"),
        (Method::DELETE, "/livez", "GET,HEAD"),
        (Method::POST, "/", "GET,HEAD"),
        (Method::PUT, "/index.html", "GET,HEAD"),
        (Method::PATCH, "/v1/session", "DELETE,GET,HEAD,POST"),
    ] {
        let answer = rig.bid(method.clone(), path).await;
        assert_eq!(answer.told(), "405 method_not_allowed", "{method} {path}");
        let mut methods: Vec<&str> = answer.header("allow").split(',').collect();
        methods.sort_unstable();
        assert_eq!(methods.join(","), allow, "{method} {path}");
    }
    rig.stop().await;
}

#[tokio::test]
async fn a_person_with_a_browser_gets_a_page_instead() {
    let rig = Rig::start().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    let answer = rig.bare(Method::GET, "/docs").header(ACCEPT, browser).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(answer.text().await.unwrap().contains("No valid key"));
    rig.stop().await;
}

#[tokio::test]
async fn a_failure_of_ours_tells_an_incident_and_nothing_else() {
    let rig = Rig::start().await;
    let path = rig.channel("Front desk").await;
    rig.ledger.close().await;
    assert_eq!(rig.get(&format!("{path}/timeline")).await.told(), "503 shutting_down");
    let answer = rig.patch("/v1/settings", json!({"notifications": {"stuck": false}})).await;
    assert_eq!(answer.told(), "503 shutting_down");
    let ready = rig.get("/readyz").await;
    assert_eq!(
        (ready.status.as_u16(), &ready.body["ready"], &ready.body["checks"][0]["ok"]),
        (503, &json!(false), &json!(false))
    );
    rig.stop().await;
}
