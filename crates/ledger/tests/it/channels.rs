use crate::ground::{self, channel, kinds, ledger, t};
use domain::{Cause, Desired, Event, Identity, Reason, State};
use ledger::{ChannelPatch, LedgerError, TransitionRecord};

fn connected(id: domain::ChannelId) -> TransitionRecord {
    let identity = Identity { phone: Some("15550100199".parse().unwrap()), lid: None, push_name: Some("Desk".into()) };
    TransitionRecord {
        channel: id,
        state: State::Connected { since: t(10), identity: identity.clone() },
        stuck_since: None,
        desired: Desired::Running,
        paired: true,
        identity: Some(identity),
        events: vec![],
        at: t(10),
        fence: None,
    }
}

#[tokio::test]
async fn a_channel_comes_back_as_it_was_recorded() {
    let (dir, ledger, id) = ledger().await;
    ledger.transition(connected(id)).await.unwrap();
    let patch =
        ChannelPatch { name: Some("Back door".into()), proxy: Some(Some("socks5://ada:pw@127.0.0.1:9050".parse().unwrap())) };
    ledger.update_channel(id, patch, vec![], t(11)).await.unwrap();
    let before = ledger.channels().await.unwrap();
    ledger.close().await;

    let ledger = ground::open(dir.path()).await;
    let after = ledger.channels().await.unwrap();
    assert_eq!(after, before);
    assert_eq!(after[0].name, "Back door");
    assert_eq!(after[0].proxy.as_ref().unwrap().credentials.as_ref().unwrap().password, "pw");
    assert_eq!((after[0].desired, after[0].paired), (Desired::Running, true));
    assert_eq!(after[0].state.since(), t(10));
    ledger.close().await;
}

#[tokio::test]
async fn a_transition_without_an_account_keeps_the_one_that_was_known() {
    let (_dir, ledger, id) = ledger().await;
    ledger.transition(connected(id)).await.unwrap();
    let lost = State::Reconnecting { since: t(20), attempt: 1, next_attempt_at: Some(t(21)), cause: Cause::ConnectionLost };
    ledger.transition(TransitionRecord { state: lost.clone(), identity: None, ..connected(id) }).await.unwrap();
    let channel = ledger.channels().await.unwrap().remove(0);
    assert_eq!(channel.state, lost);
    assert_eq!(channel.identity.unwrap().push_name.as_deref(), Some("Desk"));
    ledger.close().await;
}

#[tokio::test]
async fn the_timeline_has_a_line_for_each_state_that_began_and_none_for_each_attempt() {
    let (_dir, ledger, id) = ledger().await;
    ledger.transition(connected(id)).await.unwrap();
    for attempt in 1..=5 {
        let state = State::Reconnecting { since: t(20), attempt, next_attempt_at: None, cause: Cause::NoAnswer };
        ledger.transition(TransitionRecord { state, at: t(20 + i64::from(attempt)), ..connected(id) }).await.unwrap();
    }
    let stuck = State::Reconnecting { since: t(20), attempt: 5, next_attempt_at: None, cause: Cause::NoAnswer };
    ledger.transition(TransitionRecord { state: stuck, stuck_since: Some(t(50)), at: t(50), ..connected(id) }).await.unwrap();

    let lines = ledger.timeline(id, None, 100).await.unwrap();
    let told: Vec<_> = lines.iter().map(|l| (l.at, l.state.kind().as_str(), l.stuck_since.is_some())).collect();
    assert_eq!(
        told,
        [
            (t(50), "reconnecting", true),
            (t(21), "reconnecting", false),
            (t(10), "connected", false),
            (t(0), "disconnected", false)
        ]
    );
    assert_eq!(lines[3].sentence(), Reason::New.sentence());

    let page = ledger.timeline(id, Some(lines[1].n), 1).await.unwrap();
    assert_eq!(page, lines[2..3]);
    ledger.close().await;
}

#[tokio::test]
async fn a_channel_that_is_not_there_changes_nothing_and_tells_nothing() {
    let (_dir, ledger, _) = ledger().await;
    let stranger = channel(99);
    let events = vec![Event::ChannelUpdated { channel: stranger.clone() }];
    let update = ledger.update_channel(stranger.id, ChannelPatch::default(), events.clone(), t(1)).await;
    let transition = ledger.transition(TransitionRecord { events: events.clone(), ..connected(stranger.id) }).await;
    let delete = ledger.delete_channel(stranger.id, events, t(1)).await;
    assert_eq!(
        [update, transition, delete],
        [Err(LedgerError::NoSuchChannel), Err(LedgerError::NoSuchChannel), Err(LedgerError::NoSuchChannel)]
    );
    assert_eq!(kinds(&ledger).await, ["channel.created"]);
    ledger.close().await;
}

#[tokio::test]
async fn a_deleted_channel_takes_its_messages_along_and_leaves_the_log() {
    let (_dir, ledger, id) = ledger().await;
    let other = ground::add_channel(&ledger, 2).await;
    ledger
        .insert_inbound(
            vec![ground::inbound(id, 1, "A", ground::text("hi")), ground::inbound(other, 2, "B", ground::text("hi"))],
            t(2),
        )
        .await
        .unwrap();
    let name = "Front desk 1".to_owned();
    ledger.delete_channel(id, vec![Event::ChannelDeleted { channel: id, name }], t(3)).await.unwrap();

    let left: Vec<_> = ledger.channels().await.unwrap().into_iter().map(|c| c.id).collect();
    assert_eq!(left, [other]);
    assert_eq!(ledger.timeline(id, None, 10).await.unwrap(), []);
    assert_eq!(ledger.message(domain::MessageId::new(t(1), 1)).await.unwrap(), None);
    assert!(ledger.message(domain::MessageId::new(t(1), 2)).await.unwrap().is_some());
    assert_eq!(
        kinds(&ledger).await,
        ["channel.created", "channel.created", "message.received", "message.received", "channel.deleted"]
    );
    ledger.close().await;
}

#[tokio::test]
async fn an_id_is_given_once() {
    let (_dir, ledger, _) = ledger().await;
    assert_eq!(ledger.insert_channel(channel(1), vec![], t(1)).await, Err(LedgerError::AlreadyThere));
    ledger.close().await;
}
