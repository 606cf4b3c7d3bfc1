use crate::ground::t;
use crate::shared::{two, worker};
use crate::webhooks;
use domain::EndpointId;
use ledger::Ledger;
use std::collections::BTreeSet;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

async fn claim(ledger: &Ledger, n: u128) -> BTreeSet<EndpointId> {
    ledger.claim_endpoints(worker(n), t(0), LONG).await.unwrap().into_iter().collect()
}

#[tokio::test]
async fn receivers_are_shared_fairly_and_each_is_served_by_one() {
    let (_home, a, b, _) = two().await;
    let mut hooks = BTreeSet::new();
    for n in 1..=7 {
        hooks.insert(webhooks::add(&a, n, &[]).await);
    }
    assert_eq!(claim(&a, 1).await, hooks, "who is alone serves all");
    let mut news = a.news();
    assert_eq!(claim(&b, 2).await.len(), 0, "all are served, and the first does not know of the second yet");
    let first = claim(&a, 1).await;
    let second = claim(&b, 2).await;
    assert_eq!((first.len(), second.len()), (4, 3));
    assert_eq!(first.union(&second).copied().collect::<BTreeSet<_>>(), hooks);
    assert_eq!(claim(&a, 1).await, first, "who has them keeps them");

    b.release_endpoints(worker(2)).await.unwrap();
    crate::news::hears(&mut news, &ledger::News::Endpoints).await;
    assert_eq!(claim(&a, 1).await, hooks);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn many_that_claim_at_once_never_serve_one_receiver_together() {
    let (_home, a, b, _) = two().await;
    for n in 1..=9 {
        webhooks::add(&a, n, &[]).await;
    }
    for _ in 0..5 {
        let claims = (1..=6).map(|n| claim(if n % 2 == 0 { &a } else { &b }, n));
        futures::future::join_all(claims).await;
    }
    let settled = futures::future::join_all((1..=6).map(|n| claim(&a, n))).await;
    let served: usize = settled.iter().map(BTreeSet::len).sum();
    assert_eq!((served, settled.iter().flatten().collect::<BTreeSet<_>>().len()), (9, 9));
    assert!(settled.iter().all(|mine| mine.len() <= 2));
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn what_a_worker_served_that_died_is_taken_over_when_its_time_is_over() {
    let (_home, a, b, _) = two().await;
    let hook = webhooks::add(&a, 1, &[]).await;
    let short = Duration::from_millis(300);
    assert_eq!(a.claim_endpoints(worker(1), t(0), short).await.unwrap(), [hook]);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while claim(&b, 2).await.is_empty() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(claim(&a, 1).await.len(), 0, "it wakes up and finds that another serves it");
    a.close().await;
    b.close().await;
}
