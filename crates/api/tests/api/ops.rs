use crate::rig::Rig;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn info_tells_what_runs_here() {
    let rig = Rig::start().await;
    let mut info = rig.get("/v1/info").await.body;
    assert_eq!(info["addresses"], json!([rig.bound.base_url()]));
    assert!(info["data_dir"].as_str().unwrap().starts_with('/'));
    let fields = info.as_object_mut().unwrap();
    fields.remove("addresses");
    fields.remove("data_dir");
    assert_eq!(
        info,
        json!({
            "name": "WhatIsUp", "version": "1.2.3", "build": "sandbox", "started_at": "2023-11-14T22:13:20.000Z",
            "sandbox": {"control": "/sandbox", "whatsapp_url": "ws://127.0.0.1:1/ws"},
            "vault": {"kind": "key_file", "status": "ok", "summary": "Keys are in a file."},
        })
    );
    rig.stop().await;
}

#[tokio::test]
async fn it_lives_and_is_ready() {
    let mut rig = Rig::start().await;
    rig.connected("Front desk").await;
    assert_eq!(rig.bare(Method::GET, "/livez").send().await.unwrap().text().await.unwrap(), "ok\n");
    let ready = rig.get("/readyz").await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.body,
        json!({"ready": true, "checks": [
            {"name": "ledger", "ok": true, "detail": "can be written"},
            {"name": "channels", "ok": true, "detail": "1 loaded, 1 connected"},
        ]})
    );
    rig.stop().await;
}

#[tokio::test]
async fn metrics_count_channels_events_and_requests_by_route() {
    let mut rig = Rig::start().await;
    let (path, _live) = rig.connected("Front desk").await;
    rig.get(&path).await;
    rig.get("/v1/channels/nonsense").await;
    rig.bare(Method::GET, "/v1/channels").send().await.unwrap();
    let answer = rig.get("/metrics").await;
    assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
    let text = answer.body.as_str().unwrap();
    for line in [
        "whatisup_channels{state=\"connected\"} 1",
        "whatisup_http_requests_total{method=\"GET\",route=\"/v1/channels/{id}\",status=\"200\"} 1",
        "whatisup_http_requests_total{method=\"GET\",route=\"/v1/channels/{id}\",status=\"404\"} 1",
        "whatisup_build_info{version=\"1.2.3\",build=\"sandbox\"} 1",
        "whatisup_ledger_file_bytes",
        "whatisup_events_last_seq",
    ] {
        assert!(text.contains(line), "{line} is missing from\n{text}");
    }
    assert!(!text.contains("nonsense") && text.ends_with("# EOF\n"));
    if cfg!(target_os = "linux") {
        assert!(text.contains("whatisup_process_resident_memory_bytes"));
    }
    rig.stop().await;
}
