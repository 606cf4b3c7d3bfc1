//! Those who try keys that are none.

use crate::ground::{Ground, peer, secs};
use domain::Outcome;

#[tokio::test]
async fn many_wrong_keys_are_told_once_and_never_what_they_were() {
    let ground = Ground::new().await;
    let mut waits = 0;
    for _ in 0..120 {
        waits += usize::from(ground.access.failed(&peer(1), ground.now()).is_some());
    }
    assert_eq!(waits, 110);
    assert_eq!(ground.access.failed(&peer(2), ground.now()), None, "another one is not made to wait for it");
    ground.pass(secs(3000));
    let told = async {
        while ground.kinds().await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(secs(20), told).await.unwrap();
    for _ in 0..120 {
        ground.access.failed(&peer(1), ground.now());
    }
    let ground = ground.restarted().await;
    assert_eq!(ground.kinds().await, ["access.attempts"], "once an hour");
    let data = serde_json::to_value(&ground.events().await[0].data).unwrap();
    assert_eq!((&data["failures"], &data["peer"]["program"]["path"]), (&50.into(), &"/usr/bin/program-1".into()));
    let entry = ground.audit().await.remove(0).entry;
    assert_eq!((entry.action.as_str(), entry.outcome, entry.peer), ("access.attempts", Outcome::Refused, Some(peer(1))));
}
