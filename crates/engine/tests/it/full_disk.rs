//! The engine on a disk that is full: sessions stay up, programs are told, nothing that was answered for is lost.

use crate::rig::{Rig, inbound, is, sent, text};
use domain::{Cause, StateKind};
use engine::CommandError;
use ledger::LedgerError;
use socket::{Close, SocketEvent};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const DIR: &str = "ENGINE_TEST_DIR";
const CHILD: &str = "full_disk::the_engine_meets_a_full_disk";

/// A disk of 4 MiB is mounted in a mount namespace of the child's own, which needs no root where user namespaces are allowed.
#[test]
fn a_full_disk_stops_no_session_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let child = |flags: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(flags).arg("--").arg(std::env::current_exe().unwrap());
        command.args([CHILD, "--exact", "--ignored", "--nocapture", "--test-threads=1"]).env(DIR, dir.path());
        let outcome = command.output().expect("this test needs the program unshare: install util-linux");
        let said = format!("{}{}", String::from_utf8_lossy(&outcome.stdout), String::from_utf8_lossy(&outcome.stderr));
        (outcome, said)
    };
    // Root inside a container may mount without a user namespace, and often may not make one.
    let (mut outcome, mut said) = child(&["--mount", "--map-root-user"]);
    if said.contains("unshare:") {
        (outcome, said) = child(&["--mount"]);
    }
    assert!(
        !said.contains("unshare:"),
        "this test mounts a small disk: run it as root, or allow user namespaces \
         (sysctl kernel.unprivileged_userns_clone=1; with AppArmor also kernel.apparmor_restrict_unprivileged_userns=0)\n{said}"
    );
    assert!(outcome.status.success() && said.contains("the disk was full and all was well"), "{said}");
}

#[tokio::test]
#[ignore = "the child of a_full_disk_stops_no_session_and_loses_nothing"]
async fn the_engine_meets_a_full_disk() {
    let Some(disk) = std::env::var_os(DIR).map(PathBuf::from) else { return };
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&disk).status().unwrap();
    assert!(mounted.success(), "cannot mount a small disk");
    let mut rig = Rig::at(&disk.join("data")).await;
    let (id, socket) = rig.connected().await;
    rig.until_logged("channel.connected", 1).await;
    let ballast = disk.join("ballast");
    fill(&ballast);
    // The log of the ledger has pages to spare; they too fill up in the end.
    let long = "words ".repeat(500);
    let refused = loop {
        match rig.engine.send(id, text(&long)).await {
            Ok(_) => continue,
            Err(refused) => break refused,
        }
    };
    assert_eq!(refused, CommandError::Storage(LedgerError::Full));
    assert_eq!(*rig.engine.ledger_trouble().borrow(), Some(LedgerError::Full));

    // What comes in is not acknowledged.
    assert!(socket.opening.inbox.commit(vec![inbound("IN1", "are you there?")]).await.is_err());
    // A command that could not be written is not carried out.
    assert_eq!(rig.engine.stop(id).await, Err(CommandError::Storage(LedgerError::Full)));
    assert!(is(StateKind::Connected)(&rig.engine.channel(id).unwrap()));
    // What happens happens, and the session comes back all the same.
    socket.says(SocketEvent::Closed(Close::Lost(Cause::ConnectionLost))).await;
    rig.until(id, is(StateKind::Reconnecting)).await;
    let socket = rig.socket_within(id, Duration::from_millis(500)).await;
    rig.log_in(&socket).await;

    fs::remove_file(&ballast).unwrap();
    let mut trouble = rig.engine.ledger_trouble();
    while trouble.borrow_and_update().is_some() {
        rig.pass(Duration::from_secs(5)).await;
        rig.breathe().await;
    }
    rig.pass(Duration::from_secs(40)).await;
    rig.until_logged("channel.connected", 2).await;
    socket.opening.inbox.commit(vec![inbound("IN1", "are you there?")]).await.unwrap();
    let told: Vec<_> = rig.events(Some(id)).await.into_iter().filter(|k| k.starts_with("channel.")).collect();
    assert_eq!(told[told.len() - 2..], ["channel.reconnecting", "channel.connected"], "{told:?}");
    // And programs are served again: by itself, nobody restarted anything.
    rig.engine.send(id, text("again")).await.unwrap();
    rig.in_time("the send", || sent(&socket).last().is_some_and(|last| last == "again")).await;
    rig.end().await;
    println!("the disk was full and all was well");
}

fn fill(ballast: &Path) {
    let mut file = fs::File::create(ballast).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
}
