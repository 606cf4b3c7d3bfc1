//! Deliveries while the disk is full.

use crate::ground::{Ground, channel, hurried, now};
use crate::receiver::{Act, Receiver};
use domain::{EndpointId, Event, Timestamp};
use ledger::LedgerError;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use webhooks::DispatcherConfig;

const DIR: &str = "WEBHOOKS_TEST_DISK";
const CHILD: &str = "full_disk::deliveries_meet_a_full_disk";

/// A disk of 8 MiB is mounted in a mount namespace of the child's own, which needs no root where user namespaces are allowed.
#[test]
fn a_full_disk_stops_deliveries_that_could_not_be_written_down_and_nothing_comes_twice() {
    let dir = tempfile::tempdir().unwrap();
    let child = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags).arg("--").arg(std::env::current_exe().unwrap());
        command.args([CHILD, "--exact", "--ignored", "--nocapture", "--test-threads=1"]).env(DIR, dir.path());
        let outcome = command.output().expect("this test needs the program unshare: install util-linux");
        let said = format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
        (outcome, said)
    };
    let (mut outcome, mut said) = child(&["--mount", "--map-root-user"]);
    if said.contains("unshare:") {
        // Root inside a container may mount without a user namespace, and often may not make one.
        (outcome, said) = child(&["--mount"]);
    }
    assert!(!said.contains("unshare:"), "this test mounts a small disk: run it as root, or allow user namespaces\n{said}");
    assert!(outcome.status.success() && said.contains("the disk was full and all was well"), "{said}");
}

#[tokio::test]
#[ignore = "the child of the test above"]
async fn deliveries_meet_a_full_disk() {
    const EVENTS: usize = 200;
    let disk = std::env::var_os(DIR).map(PathBuf::from).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).arg(&disk).status().unwrap();
    assert!(mounted.success(), "cannot mount a small disk");
    let receiver = Receiver::start(|_, _| Act::SayWhenLet(200)).await;
    let ground = Ground::at(&disk, DispatcherConfig { timeout: Duration::from_secs(15), ..hurried() }).await;
    let id = ground.add(receiver.url()).await;
    let event = Event::ChannelDeleted { channel: channel(1), name: "Front desk".into() };
    ground.ledger.append(vec![event; EVENTS], now()).await.unwrap();
    ground.until(id, |all| all.len() == EVENTS).await;
    receiver.wait_for(1).await;

    let ballast = disk.join("ballast");
    let mut file = fs::File::create(&ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    drop(file);
    // The log of the ledger has pages to spare; they too fill up in the end.
    for size in [4000, 1] {
        let url = "x".repeat(size);
        let event = Event::WebhookResumed { endpoint: EndpointId::new(Timestamp::EPOCH, 1), url, since: now() };
        let refused = loop {
            match ground.ledger.append(vec![event.clone()], now()).await {
                Ok(_) => {}
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused, LedgerError::Full);
    }

    receiver.let_go(10 * EVENTS);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let sent = receiver.requests().len();
    assert!(sent <= 70, "{sent} were sent, none of them written down");

    fs::remove_file(&ballast).unwrap();
    let deliveries = ground.settled(id, EVENTS).await;
    assert_eq!(receiver.seqs(), deliveries.iter().map(|d| d.seq).collect::<Vec<_>>(), "in order, and none of them twice");
    ground.end().await;
    println!("the disk was full and all was well");
}
