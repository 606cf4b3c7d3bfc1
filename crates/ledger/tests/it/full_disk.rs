use crate::child;
use crate::ground::{self, KEY, add_channel, assert_no_hole, inbound, open, t, text};
use ledger::{Ledger, LedgerError, OpenError, OpenOptions};
use std::fs;
use std::process::Command;

/// Fills a disk of 4 MiB, on which the directory lies.
#[test]
#[ignore = "the child of a_full_disk_is_told_and_loses_nothing"]
fn fills_its_disk() {
    let Some(disk) = child::dir() else { return };
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(&disk).status().unwrap();
    assert!(mounted.success(), "cannot mount a small disk");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let home = disk.join("data");
        let ledger = open(&home).await;
        let id = add_channel(&ledger, 1).await;
        let ballast = disk.join("ballast");
        fs::write(&ballast, vec![1; 2 << 20]).unwrap();

        let big = "words ".repeat(2000);
        let mut stored = 0u128;
        let refused = loop {
            // Several at once, so that a whole group is refused together.
            let together = (0..4).map(|k| {
                ledger.insert_inbound(vec![inbound(id, stored * 10 + k, &format!("W{stored}-{k}"), text(&big))], t(2))
            });
            let outcomes = futures::future::join_all(together).await;
            if let Some(refused) = outcomes.into_iter().find_map(Result::err) {
                break refused;
            }
            stored += 1;
            assert!(stored < 1000, "a disk of 4 MiB is full at some time");
        };
        assert_eq!(refused, LedgerError::Full);
        assert!(
            ledger.events(&ledger::EventQuery { limit: 10, ..Default::default() }).await.is_ok(),
            "what is there can still be read"
        );
        assert_no_hole(&ledger).await;

        fs::remove_file(&ballast).unwrap();
        ledger.insert_inbound(vec![inbound(id, 999_999, "AFTER", text(&big))], t(3)).await.expect("there is room again");
        assert_no_hole(&ledger).await;
        let seqs = ground::all_events(&ledger).await;
        for n in 0..stored {
            for k in 0..4 {
                let name = format!("\"W{n}-{k}\"");
                assert_eq!(seqs.iter().filter(|e| e.data.get().contains(&name)).count(), 1, "{name} was answered for");
            }
        }
        ledger.close().await;

        // And at start.
        let elsewhere = disk.join("new");
        fs::write(&ballast, vec![]).unwrap();
        let mut filler = fs::OpenOptions::new().append(true).open(&ballast).unwrap();
        while std::io::Write::write_all(&mut filler, &[1; 4096]).is_ok() {}
        drop(filler);
        let told = Ledger::open(&elsewhere, &KEY, OpenOptions::default()).await.err();
        assert!(matches!(told, Some(OpenError::DiskFull)), "{told:?}");
        fs::remove_file(&ballast).unwrap();
        Ledger::open(&elsewhere, &KEY, OpenOptions::default()).await.expect("there is room again").close().await;
        let ledger = open(&home).await;
        assert_no_hole(&ledger).await;
        ledger.close().await;
    });
    println!("the disk was full and all was well");
}

/// The small disk is mounted in a mount namespace of the child's own, which needs no root where user namespaces are allowed.
#[test]
fn a_full_disk_is_told_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let child = |flags: &[&str]| {
        let mut command = std::process::Command::new("unshare");
        command
            .env(child::DIR, dir.path())
            .args(flags)
            .arg("--")
            .arg(std::env::current_exe().unwrap())
            .args(child::arguments("full_disk::fills_its_disk"));
        let output = command.output().expect("this test needs the program unshare: install util-linux");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output, said)
    };
    // Root inside a container may mount without a user namespace, and often may not make one.
    let (mut output, mut said) = child(&["--mount", "--map-root-user"]);
    if said.contains("unshare:") {
        (output, said) = child(&["--mount"]);
    }
    assert!(
        !said.contains("unshare:"),
        "this test mounts a small disk: run it as root, or allow user namespaces \
         (sysctl kernel.unprivileged_userns_clone=1; with AppArmor also kernel.apparmor_restrict_unprivileged_userns=0)\n{said}"
    );
    assert!(output.status.success() && said.contains("the disk was full and all was well"), "{said}");
}
