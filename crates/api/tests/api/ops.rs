use crate::rig::Rig;
use cluster::{Counts, Standing, WorkerInfo};
use domain::{Fence, Timestamp, WorkerId};
use engine::OutboxConfig;
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
            "doors": [{"kind": "tcp", "address": rig.bound.base_url()}], "exposed": null,
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
        ], "worker": null})
    );
    assert_eq!(rig.get("/v1/workers").await.body, json!({"items": [], "unheld": []}));
    rig.stop().await;
}

fn among_others(able: bool) -> Standing {
    let now = Timestamp::from_secs(1_700_000_000);
    let worker = |n: u128, name: &str| WorkerInfo {
        id: WorkerId::new(now, n),
        name: name.into(),
        address: None,
        seen: now,
        channels: 1,
        weight: 1,
        able,
        leaving: false,
    };
    Standing {
        worker: WorkerId::new(now, 1),
        able,
        trouble: (!able).then(|| "Redis does not answer".to_owned()),
        workers: vec![worker(1, "worker-0"), worker(2, "worker-1")],
        held: 1,
        wanted: 2,
        adopting: 0,
        channels: 2,
        counts: Counts::default(),
    }
}

#[tokio::test]
async fn a_worker_tells_how_it_stands_among_the_others() {
    let (dir, key) = (tempfile::TempDir::new().unwrap(), vault::AdminKey::generate().unwrap());
    let mut rig = Rig::start_among(dir, key, OutboxConfig::default(), Some(among_others(true))).await;
    let (path, _live) = rig.connected("Front desk").await;
    let id = path.rsplit('/').next().unwrap().to_owned();
    let channel: domain::ChannelId = id.parse().unwrap();
    let me = WorkerId::new(Timestamp::from_secs(1_700_000_000), 1);
    rig.ledger.hold(channel, Fence(1), me, rig.engine.clock().now()).await.unwrap();

    let ready = rig.get("/readyz").await.body;
    assert_eq!(
        ready["worker"],
        json!({"id": me.to_string(), "name": "worker-0", "able": true, "trouble": null, "held": 1, "wanted": 2, "adopting": 0,
               "workers": 2})
    );
    let workers = rig.get("/v1/workers").await.body;
    assert_eq!(workers["items"][0]["channels"], json!([id]));
    assert_eq!((&workers["items"][0]["answering"], &workers["items"][1]["answering"]), (&json!(true), &json!(false)));
    assert_eq!((&workers["items"][1]["channels"], &workers["unheld"]), (&json!([]), &json!([])));
    let text = rig.get("/metrics").await.body.as_str().unwrap().to_owned();
    for line in ["whatisup_worker_channels_held 1", "whatisup_workers 2", "whatisup_worker_able 1"] {
        assert!(text.contains(line), "{line} is missing from\n{text}");
    }
    rig.stop().await;
}

/// It still takes requests for the channels that others hold.
#[tokio::test]
async fn a_worker_that_cannot_hold_channels_says_so_and_is_ready_all_the_same() {
    let (dir, key) = (tempfile::TempDir::new().unwrap(), vault::AdminKey::generate().unwrap());
    let rig = Rig::start_among(dir, key, OutboxConfig::default(), Some(among_others(false))).await;
    let ready = rig.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.body["ready"]), (200, &json!(true)));
    assert_eq!(ready.body["checks"][2], json!({"name": "worker", "ok": false, "detail": "Redis does not answer"}));
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

#[tokio::test]
async fn stats_count_what_happened_hour_by_hour() {
    let mut rig = Rig::start().await;
    let (path, live) = rig.connected("Front desk").await;
    let inbound = socket::InboundMessage {
        whatsapp_id: "3A0000000000000000AA".into(),
        chat: "15550100124@s.whatsapp.net".parse().unwrap(),
        sender: domain::Person::default(),
        from_me: false,
        content: domain::Content::Text { text: "Hello".into() },
        at: rig.engine.clock().now(),
    };
    live.opening.inbox.commit(vec![inbound]).await.unwrap();
    rig.logged("message.received", &path).await;
    let stats = rig.get("/v1/stats?hours=3").await.body;
    assert_eq!(stats["bucket_seconds"], 3600);
    for what in ["messages", "deliveries"] {
        let buckets = stats[what].as_array().unwrap();
        assert_eq!(buckets.len(), 3, "{what}");
        assert_eq!(buckets[0]["at"], stats["from"]);
    }
    let received: u64 = stats["messages"].as_array().unwrap().iter().map(|b| b["received"].as_u64().unwrap()).sum();
    assert_eq!(received, 1);
    assert_eq!(rig.get("/v1/stats").await.body["messages"].as_array().unwrap().len(), 24);
    for hours in ["0", "745", "x"] {
        assert_eq!(rig.get(&format!("/v1/stats?hours={hours}")).await.told(), "422 invalid hours");
    }
    rig.stop().await;
}

#[tokio::test]
async fn metrics_tell_of_queues_reconnects_silence_and_webhooks() {
    let mut rig = Rig::start().await;
    let stopped = rig.stopped("Front desk").await;
    let message = json!({"to": "+15550100123", "content": {"type": "text", "text": "Hello"}});
    rig.post(&format!("{stopped}/messages"), message).await;
    let (path, live) = rig.connected("Back office").await;
    live.measures(socket::Liveness {
        last_frame_at: Some(rig.engine.clock().now().minus(std::time::Duration::from_secs(7))),
        ping_unanswered_since: None,
    });
    let mut receiver = crate::receiver::Receiver::start().await;
    let hook = rig.post("/v1/webhooks", json!({"url": receiver.url, "types": ["channel.created"]})).await;
    rig.channel("Third").await;
    receiver.next().await;
    rig.eventually(hook.header("location"), |w| w["pending"] == 0).await;

    let text = rig.get("/metrics").await.body.as_str().unwrap().to_owned();
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let (stopped, path, hook) = (id(&stopped), id(&path), hook.body["id"].as_str().unwrap());
    for line in [
        format!("whatisup_channel_queued_messages{{channel=\"{stopped}\"}} 1"),
        format!("whatisup_channel_queued_messages{{channel=\"{path}\"}} 0"),
        format!("whatisup_channel_last_frame_age_seconds{{channel=\"{path}\"}} 7"),
        format!("whatisup_channel_ping_unanswered_seconds{{channel=\"{path}\"}} 0"),
        format!("whatisup_channel_reconnects_total{{channel=\"{path}\"}} "),
        "whatisup_outbox_messages{status=\"queued\"} 1".to_owned(),
        "whatisup_events_total{type=\"message.queued\"} 1".to_owned(),
        format!("whatisup_webhook_attempts_total{{webhook=\"{hook}\",outcome=\"delivered\"}} 1"),
        format!("whatisup_webhook_attempts_under_way{{webhook=\"{hook}\"}} 0"),
        "whatisup_channels_flapping 0".to_owned(),
    ] {
        assert!(text.contains(&line), "{line} is missing from\n{text}");
    }
    rig.stop().await;
}
