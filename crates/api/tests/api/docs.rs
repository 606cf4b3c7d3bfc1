use crate::rig::Rig;
use serde_json::Value;

#[tokio::test]
async fn the_reference_names_every_operation_and_loads_nothing_from_elsewhere() {
    let rig = Rig::start().await;
    let answer = rig.get("/docs").await;
    assert!(answer.header("content-type").starts_with("text/html"));
    let page = answer.body.as_str().unwrap();
    let document: Value = rig.get("/v1/openapi.json").await.body;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(page.contains(&format!("id=\"{id}\"")), "{id}");
        }
    }
    assert!(page.contains("curl -N") && page.contains(&rig.bound.base_url()));
    for outside in ["<script", "style=", "src=", "href=\"http"] {
        assert!(!page.contains(outside), "{outside}");
    }
    let style = rig.client.get(rig.url("/docs/style.css")).send().await.unwrap();
    assert_eq!(style.status(), 200);
    assert!(style.headers()["content-type"].to_str().unwrap().starts_with("text/css"));
    rig.stop().await;
}

#[tokio::test]
async fn every_problem_is_explained_where_its_type_points() {
    let rig = Rig::start().await;
    let page = rig.get("/docs/problems").await;
    let page = page.body.as_str().unwrap();
    let told = rig.get("/v1/nowhere").await.body;
    let (path, anchor) = told["type"].as_str().unwrap().split_once('#').unwrap();
    assert_eq!(path, "/docs/problems");
    assert!(page.contains(&format!("id=\"{anchor}\"")));
    rig.stop().await;
}

#[tokio::test]
async fn the_dashboard_is_one_page_with_or_without_a_build() {
    let rig = Rig::start().await;
    for path in ["/", "/index.html"] {
        let answer = rig.client.get(rig.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    }
    for path in ["/nope", "/v2/channels", "/channels/ch_1", "/index.html/", "//"] {
        assert_eq!(rig.get(path).await.told(), "404 not_found", "{path}");
        assert_eq!(rig.bid(reqwest::Method::POST, path).await.told(), "404 not_found", "POST {path}");
    }
    assert_eq!(rig.client.get(rig.url("/nothing.js")).send().await.unwrap().status(), 404);
    assert_eq!(rig.client.get(rig.url("/../Cargo.toml")).send().await.unwrap().status(), 404);
    assert_eq!(
        rig.raw(&format!("GET /..%2f..%2fCargo.toml HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", rig.address())).await.0,
        404
    );
    assert_eq!(
        rig.raw(&format!("GET /../../Cargo.toml HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", rig.address())).await.0,
        404
    );
    rig.stop().await;
}

#[tokio::test]
async fn the_concept_pages_are_served_in_the_look_of_the_reference() {
    let rig = Rig::start().await;
    let reference = rig.get("/docs").await;
    for name in ["channels-and-sessions", "sending", "events", "webhooks", "apps"] {
        let address = format!("/docs/concepts/{name}");
        assert!(reference.body.as_str().unwrap().contains(&format!("href=\"{address}\"")), "{name} is linked to");
        let answer = rig.get(&address).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/html"));
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        let page = answer.body.as_str().unwrap();
        assert!(page.contains("<h1") && page.contains("/docs/style.css"), "{name}");
        for outside in ["<script", "style=", "src="] {
            assert!(!page.contains(outside), "{outside} in {name}");
        }
        // Every link to a page of ours leads somewhere.
        for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|l| l.starts_with('/')) {
            assert_eq!(rig.get(link).await.status, 200, "{link} in {name}");
        }
    }
    for nowhere in ["/docs/concepts/nothing", "/docs/concepts", "/docs/concepts/", "/docs/concepts/..%2fapi"] {
        assert_eq!(rig.get(nowhere).await.told(), "404 not_found", "{nowhere}");
    }
    rig.stop().await;
}
