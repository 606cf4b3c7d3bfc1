use crate::ground::{self, accept, add_channel, message_id, open, outbound, t};
use crate::shared::{two, worker};
use crate::webhooks;
use domain::{Fence, Identity, State};
use ledger::{Ledger, News, TransitionRecord};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;

/// Waits for news of this kind.
pub async fn hears(news: &mut Receiver<News>, wanted: &News) {
    let heard = async { while news.recv().await.expect("it goes on") != *wanted {} };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap_or_else(|_| panic!("{wanted:?} was not heard"));
}

#[tokio::test]
async fn what_one_process_does_the_others_hear_and_it_does_not_itself() {
    let (home, a, b, id) = two().await;
    let c = open(home.path()).await;
    let (mut own, mut news, mut others) = (a.news(), b.news(), c.news());
    let other = add_channel(&a, 2).await;
    hears(&mut news, &News::Channels(vec![other])).await;
    a.update_channel(id, ledger::ChannelPatch::default(), vec![], t(1)).await.unwrap();
    hears(&mut news, &News::Channels(vec![id])).await;
    accept(&a, outbound(id, 1, "W1")).await;
    hears(&mut news, &News::Outbox(vec![id])).await;
    a.hold(id, Fence(1), worker(1), t(2)).await.unwrap();
    hears(&mut news, &News::Channels(vec![id])).await;
    let connected = TransitionRecord {
        channel: id,
        state: State::Connected { since: t(3), identity: Identity::default() },
        stuck_since: None,
        desired: domain::Desired::Running,
        paired: true,
        identity: None,
        events: vec![],
        at: t(3),
        fence: Some(Fence(1)),
    };
    a.transition(connected).await.unwrap();
    hears(&mut news, &News::Channels(vec![id])).await;
    a.cancel(message_id(1), t(4)).await.unwrap();
    hears(&mut news, &News::Outbox(vec![id])).await;
    let n = a.place_order(id, "{}".into(), t(5)).await.unwrap();
    hears(&mut news, &News::Orders).await;
    hears(&mut others, &News::Orders).await;
    a.delete_channel(other, vec![], t(6)).await.unwrap();
    hears(&mut news, &News::Channels(vec![other])).await;

    // What the second says comes after all that, and is the first that the one who did it all hears.
    b.answer_order(n, "done".into()).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(20), own.recv()).await.unwrap().unwrap();
    assert_eq!(first, News::Orders, "nobody is told what he did himself");
    assert_eq!(a.order_answer(n).await.unwrap().as_deref(), Some("done"));
    for ledger in [a, b, c] {
        ledger.close().await;
    }
}

#[tokio::test]
async fn a_receiver_and_what_is_owed_to_it_are_known_to_all() {
    let (_home, a, b, id) = two().await;
    let (mut news, mut tip) = (b.news(), b.deliveries_tip());
    tip.mark_unchanged();
    let hook = webhooks::add(&a, 1, &[]).await;
    hears(&mut news, &News::Endpoints).await;
    assert!(tip.has_changed().unwrap());
    webhooks::receive(&a, id, 1, 2).await;
    // Whoever plans: both may, and each event is owed once; the other learns of it.
    assert_eq!(webhooks::plan(&a).await, 2);
    hears(&mut news, &News::Endpoints).await;
    assert_eq!(webhooks::plan(&b).await, 0);
    assert_eq!(webhooks::seqs(&b, hook).await, [2, 3]);
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn both_plan_at_once_and_each_event_is_owed_once() {
    let (_home, a, b, id) = two().await;
    let hooks = [webhooks::add(&a, 1, &[]).await, webhooks::add(&a, 2, &["message.received"]).await];
    let planner = |ledger: Ledger| async move {
        let mut made = 0;
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while ledger.pending_counts().await.unwrap().iter().any(|c| c.pending < 40) {
            assert!(tokio::time::Instant::now() < deadline);
            made += ledger.plan_deliveries(t(3), 7).await.unwrap().made;
        }
        made
    };
    let (_, from_a, from_b) = tokio::join!(
        async {
            for n in 0..20 {
                webhooks::receive(&a, id, 1000 + 2 * n, 2).await;
            }
        },
        planner(a.clone()),
        planner(b.clone())
    );
    assert_eq!(from_a + from_b, 80);
    for hook in hooks {
        let seqs = webhooks::seqs(&b, hook).await;
        assert_eq!(seqs.len(), seqs.iter().collect::<HashSet<_>>().len());
        assert_eq!(seqs, (2..42).collect::<Vec<_>>());
    }
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn a_ledger_of_one_file_has_no_news() {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), &ground::KEY, ledger::OpenOptions::default()).await.unwrap();
    let mut news = ledger.news();
    let id = add_channel(&ledger, 1).await;
    accept(&ledger, outbound(id, 1, "W1")).await;
    assert!(news.try_recv().is_err());
    ledger.close().await;
}
