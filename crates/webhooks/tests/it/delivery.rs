use crate::ground::{Ground, channel, hurried, now};
use crate::receiver::{Act, Receiver};
use domain::{Event, EventFilter};
use ledger::EventQuery;
use standardwebhooks::Webhook;
use webhooks::DispatcherConfig;

#[tokio::test]
async fn every_event_arrives_once_in_order_signed_and_as_the_event_stream_tells_it() {
    let receiver = Receiver::start(|_, _| Act::Say(204)).await;
    let ground = Ground::hurried().await;
    let id = ground
        .create(ledger::Endpoint { headers: vec![("x-tenant".into(), "acme".into())], ..ground.draft(receiver.url()) })
        .await;
    ground.emit(30).await;
    let deliveries = ground.settled(id, 30).await;
    assert!(deliveries.iter().all(|d| d.attempts == 1 && d.finished_at.is_some()), "{deliveries:?}");
    let requests = receiver.requests();
    assert_eq!(receiver.seqs(), deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    assert_eq!(receiver.connections(), 1, "a connection serves many deliveries");

    let logged = ground.ledger.events(&EventQuery { limit: 1000, ..EventQuery::default() }).await.unwrap();
    for request in &requests {
        Webhook::new(&ground.secret).unwrap().verify(request.body.as_bytes(), &request.headers()).unwrap();
        let event = logged.iter().find(|e| e.seq == request.seq()).unwrap();
        assert_eq!(request.header("webhook-id"), Some(event.id.to_string().as_str()));
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(request.header("x-tenant"), Some("acme"));
        assert!(request.header("user-agent").unwrap().starts_with("WhatIsUp/"));
        assert!(request.head.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{}", request.head);
        let told = serde_json::json!({
            "id": event.id.to_string(), "seq": event.seq, "type": event.kind, "timestamp": event.at.to_string(),
            "channel_id": event.channel.map(|c| c.to_string()),
            "data": serde_json::from_str::<serde_json::Value>(event.data.get()).unwrap(),
        });
        assert_eq!(serde_json::from_str::<serde_json::Value>(&request.body).unwrap(), told);
    }
    let attempts = ground.attempts(deliveries[0].id).await;
    assert_eq!((attempts.len(), attempts[0].http_status, attempts[0].delivered), (1, Some(204), true));
    let numbers = ground.handle.numbers().remove(&id).unwrap();
    assert_eq!((numbers.attempts["delivered"], numbers.in_flight, numbers.latency.count), (30, 0, 30));
    ground.end().await;
}

#[tokio::test]
async fn a_flaky_receiver_gets_every_event_in_order_without_a_hole() {
    let receiver = Receiver::start(|n, _| match n % 7 {
        1 => Act::Say(500),
        3 => Act::Cut,
        5 => Act::SayAndHangUp(200),
        _ => Act::Say(200),
    })
    .await;
    let ground = Ground::hurried().await;
    let id = ground.add(receiver.url()).await;
    ground.emit(40).await;
    let deliveries = ground.settled(id, 40).await;
    let mut seen = receiver.seqs();
    assert!(seen.is_sorted(), "a failed one holds up those after it: {seen:?}");
    seen.dedup();
    assert_eq!(seen, deliveries.iter().map(|d| d.seq).collect::<Vec<_>>());
    ground.end().await;
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asked_for_from_when_it_was_made() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let ground = Ground::hurried().await;
    ground.emit(3).await;
    let filter = EventFilter { channels: vec![channel(2)], kinds: vec!["channel.deleted".into()] };
    let id = ground.create(ledger::Endpoint { filter, ..ground.draft(receiver.url()) }).await;
    ground.emit(3).await;
    let event = Event::ChannelDeleted { channel: channel(2), name: "Other desk".into() };
    let seq = ground.ledger.append(vec![event], now()).await.unwrap();
    ground.settled(id, 1).await;
    assert_eq!(receiver.seqs(), [seq]);
    ground.end().await;
}

#[tokio::test]
async fn with_more_at_once_as_many_are_under_way() {
    let receiver = Receiver::start(|_, _| Act::SayWhenLet(200)).await;
    let ground = Ground::new(DispatcherConfig { timeout: std::time::Duration::from_secs(15), ..hurried() }).await;
    let id = ground.create(ledger::Endpoint { concurrency: 3, ..ground.draft(receiver.url()) }).await;
    ground.emit(5).await;
    receiver.wait_for(3).await;
    assert_eq!(ground.handle.in_flight(), 3);
    receiver.let_go(1);
    receiver.wait_for(4).await;
    receiver.let_go(4);
    ground.settled(id, 5).await;
    ground.end().await;
}

#[tokio::test]
async fn one_dead_endpoint_holds_no_other_up() {
    let receiver = Receiver::start(|_, _| Act::Say(200)).await;
    let dead = Receiver::start(|_, _| Act::DripHead).await;
    let ground = Ground::hurried().await;
    ground.add(dead.url()).await;
    let id = ground.add(receiver.url()).await;
    ground.emit(20).await;
    ground.settled(id, 20).await;
    ground.end().await;
}
