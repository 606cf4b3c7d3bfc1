use crate::rig::Rig;
use serde_json::Value;

/// The dashboard and other clients generate their types from the file, so it must say what the code says.
#[test]
fn the_published_document_is_the_one_that_is_served() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let published = std::fs::read_to_string(file).unwrap();
    assert!(
        published == api::document(),
        "docs/openapi.json is stale: cargo run -q -p api --example openapi > docs/openapi.json"
    );
}

#[test]
fn the_document_is_openapi_3_1_and_refers_only_to_what_it_has() {
    let document: Value = serde_json::from_str(&api::document()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            ids.push(operation["operationId"].as_str().unwrap());
            assert!(operation["summary"].is_string() && operation["tags"][0].is_string());
            assert!(operation["responses"].as_object().unwrap().keys().any(|s| s.starts_with('2')));
        }
    }
    let many = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), many, "operation ids are unique");
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#").skip(1) {
        let pointer = part.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
}

#[tokio::test]
async fn the_served_document_names_no_port_but_its_own() {
    let rig = Rig::start().await;
    let document = rig.get("/v1/openapi.json").await.body;
    assert_eq!(document["servers"][0]["url"], "/");
    let port = rig.bound.addresses()[0].port();
    assert_eq!(document["components"]["securitySchemes"]["session"]["name"], format!("whatisup_{port}"));
    rig.stop().await;
}
