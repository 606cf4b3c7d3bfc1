//! Three workers share sixty channels: whatever happens to one of them or to a store, nothing is lost, nothing is doubled, and
//! no channel is ever held by two.
#![allow(clippy::unwrap_used)]

use acceptance::failover::{Plan, judge, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_a_worker_the_channels_go_on_and_nobody_holds_one_twice() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    let plan =
        Plan { seed: number("CHAOS_SEED").unwrap_or_else(|| u64::from(rand::random::<u32>())), workers: 3, channels: 60 };
    println!("CHAOS_SEED={}", plan.seed);
    let outcome = run(&plan).await.unwrap();
    println!(
        "{} sends accepted, {} texts written by phones, {} events, {} webhook deliveries",
        outcome.evidence.accepted.len(),
        outcome.evidence.written.len(),
        outcome.evidence.log.len(),
        outcome.evidence.heard.iter().map(|h| h.seqs.len()).sum::<usize>()
    );
    for (blow, took) in &outcome.whole_after {
        println!("{blow:?}: whole after {took:.1?}; held {:?}", outcome.held_after.get(blow));
    }
    println!("{} logins replaced a socket of a paused worker", outcome.replaced.len());
    let found = judge(&outcome);
    assert!(found.is_empty(), "seed {}: {} faults, such as {:#?}", plan.seed, found.len(), &found[..found.len().min(20)]);
}
