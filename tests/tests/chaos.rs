//! Whatever dies, nothing is lost, nothing is doubled, and order holds. `make chaos` runs the long form.
#![allow(clippy::unwrap_used)]

use acceptance::chaos::{judge, plan, run};

/// Of the short form. The long one (`make chaos`) sets `CHAOS_KILLS`.
const KILLS: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_dies_nothing_is_lost_or_doubled() {
    let plan = plan(KILLS);
    println!("CHAOS_SEED={} CHAOS_KILLS={}", plan.seed, plan.kills);
    let evidence = run(&plan).await.unwrap();
    println!(
        "{} kills; {} sends accepted, {} texts written by phones, {} events, {} webhook deliveries",
        evidence.restarts,
        evidence.accepted.len(),
        evidence.written.len(),
        evidence.log.len(),
        evidence.heard.iter().map(|h| h.seqs.len()).sum::<usize>()
    );
    let found = judge(&evidence);
    assert!(found.is_empty(), "seed {}: {} faults, such as {:#?}", plan.seed, found.len(), &found[..found.len().min(20)]);
}

/// The test must be able to fail: this program tells WhatsApp that it has a message before it has written it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_acks_before_it_commits_is_caught() {
    let plan = acceptance::chaos::Plan { defect: Some("ack-before-commit"), ..plan(KILLS) };
    let found = judge(&run(&plan).await.unwrap());
    assert!(found.iter().any(|f| f.starts_with("text ") && f.ends_with("was lost")), "nothing was lost; found {found:#?}");
    // And nothing else is wrong with it.
    let other: Vec<_> = found.iter().filter(|f| !f.starts_with("text ")).collect();
    assert!(other.is_empty(), "{other:#?}");
}
