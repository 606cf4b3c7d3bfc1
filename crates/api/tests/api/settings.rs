use crate::rig::Rig;
use serde_json::json;
use std::collections::BTreeMap;

#[tokio::test]
async fn settings_survive_a_restart_and_are_heard_of_at_once() {
    let rig = Rig::start().await;
    let kinds = ["paired", "disconnected", "stuck", "flapping", "recovered", "webhooks", "failed", "apps", "asks"];
    let mut all = json!({"notifications": kinds.into_iter().map(|kind| (kind, true)).collect::<BTreeMap<_, _>>()});
    assert_eq!(rig.get("/v1/settings").await.body, all);
    let mut heard = rig.bound.settings();
    heard.mark_unchanged();
    let changed = rig.patch("/v1/settings", json!({"notifications": {"recovered": false}})).await;
    all["notifications"]["recovered"] = json!(false);
    assert_eq!(changed.body, all);
    assert!(heard.has_changed().unwrap() && !heard.borrow().notifications.recovered);

    let (dir, key) = rig.stop().await;
    let rig = Rig::start_in(dir, key).await;
    assert_eq!(rig.get("/v1/settings").await.body, changed.body);
    for (body, expected) in [
        (json!({"notifications": {"loud": true}}), "422 invalid /notifications/loud"),
        (json!({"notifications": {"stuck": null}}), "422 invalid /notifications/stuck"),
        (json!({"notifications": null}), "422 invalid /notifications"),
    ] {
        assert_eq!(rig.patch("/v1/settings", body).await.told(), expected);
    }
    assert_eq!(rig.get("/v1/settings").await.body, changed.body);
    rig.stop().await;
}
