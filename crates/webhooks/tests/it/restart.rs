use crate::ground::{Ground, hurried, millis, open, relaunch};
use crate::receiver::{Act, Receiver};
use ledger::DeliveryStatus;
use std::time::Duration;
use webhooks::{DispatcherConfig, Drained};

fn patient() -> DispatcherConfig {
    DispatcherConfig { timeout: Duration::from_secs(15), ..hurried() }
}

#[tokio::test]
async fn a_drain_waits_for_what_is_under_way_writes_it_down_and_begins_nothing_new() {
    let receiver = Receiver::start(|_, _| Act::SayWhenLet(200)).await;
    let ground = Ground::new(patient()).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(3).await;
    receiver.wait_for(1).await;
    let (drained, ()) = tokio::join!(ground.handle.drain(Duration::from_secs(10)), async { receiver.let_go(9) });
    assert_eq!(drained, Drained::Clean);
    let deliveries = ground.deliveries(id).await;
    assert_eq!(deliveries[0].status, DeliveryStatus::Delivered);
    assert_eq!((deliveries[1].attempts, receiver.requests().len()), (0, 1));
    ground.ledger.close().await;
}

#[tokio::test]
async fn a_drain_that_runs_out_of_grace_leaves_it_to_the_next_start() {
    let receiver = Receiver::start(|n, _| if n == 0 { Act::DripHead } else { Act::Say(200) }).await;
    let mut ground = Ground::new(patient()).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(2).await;
    receiver.wait_for(1).await;
    assert_eq!(ground.handle.drain(millis(100)).await, Drained::TimedOut);
    relaunch(&mut ground, patient());
    let deliveries = ground.settled(id, 2).await;
    assert_eq!(receiver.seqs(), [deliveries[0].seq, deliveries[0].seq, deliveries[1].seq]);
    ground.end().await;
}

#[tokio::test]
async fn a_restart_goes_on_where_it_stopped_with_what_happened_meanwhile() {
    let receiver =
        Receiver::start(|n, _| if n == 10 { Act::SayAll(500, "retry-after: 1\r\n", "") } else { Act::Say(200) }).await;
    let mut ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(25).await;
    receiver.wait_for(11).await;
    assert_eq!(ground.handle.drain(Duration::from_secs(10)).await, Drained::Clean);
    ground.emit(5).await;
    ground.ledger.close().await;

    ground.ledger = open(ground.dir.path()).await;
    relaunch(&mut ground, hurried());
    ground.emit(5).await;
    let deliveries = ground.settled(id, 35).await;
    let mut seen = receiver.seqs();
    assert_eq!(seen.len(), 36, "one was tried twice");
    seen.dedup();
    assert_eq!(seen, deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    ground.end().await;
}

/// The body of the test below, run in a process of its own: delivers until it is killed.
#[tokio::test]
#[ignore = "started by the test that kills it"]
async fn delivers_until_killed() {
    let dir = std::env::var("WEBHOOKS_TEST_DIR").unwrap();
    let ledger = open(std::path::Path::new(&dir)).await;
    let handle = webhooks::Dispatcher::launch(hurried(), ledger, tokio_util::sync::CancellationToken::new());
    handle.finished().await;
}

#[tokio::test]
async fn killed_in_the_midst_and_again_every_event_still_arrives_in_order() {
    const EVENTS: usize = 300;
    let receiver = Receiver::start(|n, _| if n % 23 == 5 { Act::Say(500) } else { Act::SayAfter(millis(2), 200) }).await;
    let mut ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    assert_eq!(ground.handle.drain(Duration::from_secs(10)).await, Drained::Clean);
    ground.emit(EVENTS).await;
    ground.ledger.close().await;

    for kill in 1..=4 {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "restart::delivers_until_killed"])
            .env("WEBHOOKS_TEST_DIR", ground.dir.path())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        receiver.wait_for(kill * 40).await;
        child.kill().await.unwrap();
    }

    ground.ledger = open(ground.dir.path()).await;
    relaunch(&mut ground, hurried());
    let deliveries = ground.settled(id, EVENTS).await;
    // What was delivered but not yet written down comes again; but nothing comes before what is before it.
    let mut first = Vec::new();
    for seq in receiver.seqs() {
        if !first.contains(&seq) {
            first.push(seq);
        }
    }
    assert_eq!(first, deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    assert!(receiver.seqs().len() < EVENTS + 4 * 70 + 60);
    ground.end().await;
}
