use crate::ground::{add_channel, t};
use crate::shared::two;
use std::collections::BTreeSet;

#[tokio::test]
async fn each_order_is_taken_once_by_a_holder_of_its_channel() {
    let (_home, a, b, id) = two().await;
    let other = add_channel(&a, 2).await;
    let mut placed = BTreeSet::new();
    for n in 0..40 {
        placed.insert(a.place_order(id, format!("{{\"n\":{n}}}"), t(1)).await.unwrap());
    }
    let elsewhere = a.place_order(other, "{}".into(), t(1)).await.unwrap();
    let take = |ledger: ledger::Ledger| async move {
        let mut taken = Vec::new();
        loop {
            let orders = ledger.take_orders(&[id], 3).await.unwrap();
            if orders.is_empty() {
                return taken;
            }
            taken.extend(orders);
        }
    };
    let (one, two, three) = tokio::join!(take(a.clone()), take(b.clone()), take(b.clone()));
    let all: Vec<_> = [one, two, three].concat();
    assert_eq!(all.len(), 40, "none was taken twice");
    assert_eq!(all.iter().map(|order| order.n).collect::<BTreeSet<_>>(), placed);
    assert!(all.iter().all(|order| order.channel == id && order.what.contains("\"n\":")));
    assert_eq!(a.take_orders(&[], 9).await.unwrap(), []);

    assert_eq!(a.order_answer(all[0].n).await.unwrap(), None);
    b.answer_order(all[0].n, "{\"ok\":true}".into()).await.unwrap();
    assert_eq!(a.order_answer(all[0].n).await.unwrap().as_deref(), Some("{\"ok\":true}"));

    assert!(a.withdraw_order(elsewhere).await.unwrap());
    assert!(!a.withdraw_order(all[1].n).await.unwrap(), "it was taken");
    assert_eq!(b.take_orders(&[other], 9).await.unwrap(), []);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn an_order_that_nobody_took_in_time_is_not_carried_out_and_old_ones_go() {
    let (home, a, b, id) = two().await;
    let n = a.place_order(id, "{}".into(), t(1)).await.unwrap();
    home.psql("UPDATE orders SET offered = offered - interval '16 seconds'");
    assert_eq!(b.take_orders(&[id], 9).await.unwrap(), []);
    b.answer_order(n, "too late".into()).await.unwrap();
    a.place_order(id, "{}".into(), t(3600)).await.unwrap();
    assert!(a.order_answer(n).await.unwrap().is_some());
    a.place_order(id, "{}".into(), t(3602)).await.unwrap();
    assert_eq!(a.order_answer(n).await.unwrap(), None, "forgotten after an hour");
    a.close().await;
    b.close().await;
}
