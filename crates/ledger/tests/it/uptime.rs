use crate::ground::{self, ledger, t};
use domain::{Desired, Identity, State, StateKind};
use ledger::{Segment, SegmentKind, TransitionRecord};

#[tokio::test]
async fn uptime_does_not_claim_the_time_in_which_nothing_ran() {
    let (dir, ledger, id) = ledger().await;
    ledger.begin_run(t(0)).await.unwrap();
    let connected = TransitionRecord {
        channel: id,
        state: State::Connected { since: t(10), identity: Identity::default() },
        stuck_since: None,
        desired: Desired::Running,
        paired: true,
        identity: None,
        events: vec![],
        at: t(10),
        fence: None,
    };
    ledger.transition(connected.clone()).await.unwrap();
    ledger.still_running(t(60)).await.unwrap();
    ledger.close().await;

    let ledger = ground::open(dir.path()).await;
    ledger.begin_run(t(100)).await.unwrap();
    let again = State::Connected { since: t(110), identity: Identity::default() };
    ledger.transition(TransitionRecord { state: again, at: t(110), ..connected }).await.unwrap();

    let segment = |from, to, kind| Segment { from: t(from), to: t(to), kind };
    let up = SegmentKind::State(StateKind::Connected);
    assert_eq!(
        ledger.uptime(id, t(-5), t(200)).await.unwrap(),
        [
            segment(-5, 0, SegmentKind::Absent),
            segment(0, 10, SegmentKind::State(StateKind::Disconnected)),
            segment(10, 60, up),
            segment(60, 100, SegmentKind::NotRunning),
            segment(100, 200, up),
        ]
    );
    assert_eq!(ledger.uptime(id, t(20), t(30)).await.unwrap(), [segment(20, 30, up)]);
    assert_eq!(ledger.uptime(id, t(70), t(90)).await.unwrap(), [segment(70, 90, SegmentKind::NotRunning)]);
    ledger.close().await;
}
