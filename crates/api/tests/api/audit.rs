//! Who did what.

use crate::apps::{made, with};
use crate::rig::{Answer, Rig};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

async fn entries(rig: &Rig, query: &str) -> Vec<Value> {
    rig.get(&format!("/v1/audit{query}")).await.body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_changes_access_and_what_is_done_with_it_is_in_the_log() {
    let rig = Rig::start().await;
    let (app, key) = made(&rig, json!({"name": "Till", "scopes": ["channels:manage"]})).await;
    let made = with(&rig, &key, Method::POST, "/v1/channels", Some(json!({"name": "Front desk", "start": false}))).await;
    let channel = made.body["id"].as_str().unwrap();
    assert_eq!(with(&rig, &key, Method::GET, "/v1/apps", None).await.told(), "403 scope_missing");
    rig.patch(&format!("/v1/apps/{app}"), json!({"disabled": true})).await;

    let all = entries(&rig, "").await;
    let told: Vec<(u64, &str, &str, &str)> = all
        .iter()
        .map(|e| {
            let word = |field: &str| e[field].as_str().unwrap_or("");
            (e["seq"].as_u64().unwrap(), e["actor"]["kind"].as_str().unwrap(), word("action"), word("outcome"))
        })
        .collect();
    let seqs: Vec<u64> = told.iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).rev().collect::<Vec<_>>(), "newest first, without a hole");
    assert!(
        told.iter().any(|(_, actor, action, outcome)| (*actor, *action, *outcome) == ("app", "POST /v1/channels", "done")),
        "{told:?}"
    );
    assert!(
        told.iter().any(|(_, actor, action, outcome)| (*actor, *action, *outcome) == ("app", "GET /v1/apps", "refused")),
        "{told:?}"
    );
    assert!(told.iter().any(|(_, actor, action, _)| *actor == "admin" && action.starts_with("app.")), "{told:?}");

    let own = entries(&rig, &format!("?app={app}")).await;
    assert!(!own.is_empty() && own.iter().all(|e| e["actor"]["app_id"] == app.as_str() && e["actor"]["name"] == "Till"));
    assert_eq!(own[0]["peer"]["door"], "tcp");
    assert_eq!(entries(&rig, &format!("?target={channel}")).await.len(), 1);
    assert!(entries(&rig, "?action=app.*").await.len() < all.len());
    assert_eq!(entries(&rig, "?until=2001-01-01T00:00:00Z").await, Vec::<Value>::new());
    assert!(!Value::Array(all).to_string().contains(&key));
    rig.stop().await;
}

#[tokio::test]
async fn the_log_comes_in_pages_and_as_a_file_that_proves_itself() {
    let rig = Rig::start().await;
    for n in 0..5 {
        rig.channel(&format!("Channel {n}")).await;
    }
    let (mut cursor, mut seqs) = (String::new(), Vec::new());
    loop {
        let page = rig.get(&format!("/v1/audit?limit=2{cursor}")).await.body;
        seqs.extend(page["items"].as_array().unwrap().iter().map(|e| e["seq"].as_u64().unwrap()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(seqs.len() >= 5 && seqs.windows(2).all(|w| w[0] == w[1] + 1), "{seqs:?}");

    let verified = rig.get("/v1/audit?verify=true&limit=1").await.body;
    let newest = &verified["items"][0];
    assert_eq!(
        verified["verified"],
        json!({"ok": true, "entries": seqs.len(), "first": 1, "hash": newest["hash"], "broken_at": null})
    );
    assert_eq!(rig.get("/v1/audit").await.body["verified"], Value::Null);

    let file = rig.request(Method::GET, "/v1/audit").header("accept", "application/x-ndjson").send().await.unwrap();
    assert_eq!(file.headers()["content-type"], "application/x-ndjson");
    assert!(file.headers()["content-disposition"].to_str().unwrap().contains("whatisup-audit-"));
    let text = file.text().await.unwrap();
    let mut before = "0".repeat(64);
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let canonical = entry["canonical"].as_str().unwrap();
        let hash: String = Sha256::digest(canonical.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((entry["hash"].as_str().unwrap(), entry["prev_hash"].as_str().unwrap()), (hash.as_str(), before.as_str()));
        let said: Value = serde_json::from_str(canonical).unwrap();
        assert_eq!((&said["seq"], &said["prev_hash"], &said["action"]), (&entry["seq"], &entry["prev_hash"], &entry["action"]));
        before = hash;
    }
    assert_eq!((text.lines().count(), before.as_str()), (seqs.len(), newest["hash"].as_str().unwrap()));
    rig.stop().await;
}

#[tokio::test]
async fn the_log_is_for_people_and_for_apps_that_manage_apps() {
    let rig = Rig::start().await;
    let (_, keeper) = made(&rig, json!({"name": "Keeper", "scopes": ["apps:manage"]})).await;
    let (_, other) = made(&rig, json!({"name": "Other", "scopes": ["channels:manage", "messages:read"]})).await;
    assert_eq!(with(&rig, &keeper, Method::GET, "/v1/audit", None).await.status, 200);
    assert_eq!(with(&rig, &other, Method::GET, "/v1/audit", None).await.told(), "403 scope_missing");
    for (query, expected) in [
        ("limit=0", "422 invalid limit"),
        ("limit=1001", "422 invalid limit"),
        ("cursor=x", "422 invalid cursor"),
        ("app=x", "422 invalid app"),
        ("since=yesterday", "422 invalid since"),
        ("verify=perhaps", "422 invalid verify"),
        ("who=me", "422 invalid who"),
    ] {
        assert_eq!(rig.get(&format!("/v1/audit?{query}")).await.told(), expected);
    }
    let picture = rig.request(Method::GET, "/v1/audit").header("accept", "image/png").send().await.unwrap();
    assert_eq!(Answer::of(picture).await.told(), "406 not_acceptable");
    rig.stop().await;
}
