use crate::child;
use crate::ground::{self, add_channel, all_events, assert_no_hole, inbound, open, outbound, t, text};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

/// Writes as fast as it can and says which messages were answered for, until it is killed.
#[test]
#[ignore = "the child of what_was_answered_for_survives_a_kill"]
fn writes_until_killed() {
    let Some(dir) = child::dir() else { return };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let ledger = open(&dir).await;
        let id = ledger.channels().await.unwrap()[0].id;
        let began = *ledger.tip().borrow();
        let writers = (0..8u128).map(|writer| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    let n = u128::from(began) * 1_000_000 + writer * 100_000 + n;
                    ledger.insert_inbound(vec![inbound(id, n, &format!("W{n}"), text("x"))], t(2)).await.unwrap();
                    promise(&format!("W{n}"));
                }
            })
        });
        let senders = (0..4u128).map(|writer| {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                for n in 0.. {
                    let n = u128::from(began) * 1_000_000 + 900_000 + writer * 10_000 + n;
                    let key = ledger::Idempotency { key: format!("K{n}"), fingerprint: [1; 32] };
                    ledger.insert_outbound(outbound(id, n, &format!("O{n}")), Some(key), Some(100_000)).await.unwrap();
                    promise(&format!("O{n}"));
                    ledger.mark_sending(id, None, vec![ground::message_id(n)], t(3)).await.unwrap();
                }
            })
        });
        let planner = {
            let ledger = ledger.clone();
            tokio::spawn(async move {
                loop {
                    ledger.plan_deliveries(t(3), 20).await.unwrap();
                }
            })
        };
        futures::future::join_all(writers.chain(senders).chain([planner])).await;
    });
}

fn promise(name: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "stored {name}.").unwrap();
    out.flush().unwrap();
}

#[tokio::test]
async fn what_was_answered_for_survives_a_kill() {
    let dir = ground::Home::new();
    let ledger = open(dir.path()).await;
    add_channel(&ledger, 1).await;
    let hook = crate::webhooks::add(&ledger, 1, &[]).await;
    ledger.close().await;

    let mut promised = Vec::new();
    for round in 1..=3 {
        let mut child = child::of("kill::writes_until_killed", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let enough = promised.len() + 40 * round;
        while promised.len() < enough {
            let line = said.next().expect("the child goes on until it is killed").unwrap();
            promised.extend(line.strip_prefix("stored ").map(|name| name.trim_end_matches('.').to_owned()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had said before it died was promised as well; the last line may be half a line.
        promised
            .extend(said.map_while(Result::ok).filter_map(|l| Some(l.strip_prefix("stored ")?.strip_suffix('.')?.to_owned())));
    }

    let ledger = ground::open(dir.path()).await;
    assert_no_hole(&ledger).await;
    let log: Vec<_> = all_events(&ledger).await.iter().map(|e| (e.kind.clone(), e.data.get().to_owned())).collect();
    for name in &promised {
        let told = log.iter().filter(|(kind, data)| kind != "message.sending" && data.contains(&format!("\"{name}\""))).count();
        assert_eq!(told, 1, "{name} was answered for");
    }
    crate::webhooks::plan(&ledger).await;
    let owed = ledger.pending_counts().await.unwrap()[0].pending;
    assert_eq!(owed, *ledger.tip().borrow() - 1, "each event after the first is owed once");
    let first: Vec<u64> = crate::webhooks::seqs(&ledger, hook).await;
    assert_eq!(first, (2..2 + first.len() as u64).collect::<Vec<_>>());
    ledger.close().await;
}
