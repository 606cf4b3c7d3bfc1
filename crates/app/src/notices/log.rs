//! What the event log tells: of webhooks, of messages that wait for a person, and of programs at the door.

use super::{About, News};
use domain::{Notice, Overview};
use futures::stream::{self, Stream, StreamExt as _};
use ledger::{EventQuery, Ledger, LoggedEvent};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How long after an event the log is read: under load one reading serves many of them.
const GATHER: Duration = Duration::from_millis(300);
/// Events of one reading; the next follows at once when there are more.
const PAGE: u32 = 200;
const KINDS: [&str; 6] =
    ["webhook.paused", "webhook.disabled", "message.failed", "message.asking", "app.requested", "access.attempts"];

/// The news that are logged from now on. Ends with the ledger.
pub(super) fn news(ledger: Ledger, overview: watch::Receiver<Arc<Overview>>) -> impl Stream<Item = News> + Send {
    let tip = ledger.tip();
    let after = *tip.borrow();
    let pages = stream::unfold((ledger, tip, after), |(ledger, mut tip, after)| async move {
        if *tip.borrow_and_update() <= after {
            tip.changed().await.ok()?;
            tokio::time::sleep(GATHER).await;
        }
        let newest = *tip.borrow_and_update();
        let kinds = KINDS.map(str::to_owned).to_vec();
        let query = EventQuery { after, limit: PAGE, kinds, ..EventQuery::default() };
        let found = match ledger.events(&query).await {
            Ok(found) => found,
            Err(ledger::LedgerError::Closed) => return None,
            Err(error) => {
                tracing::warn!(%error, "notifications about webhooks and messages may be missing");
                Vec::new()
            }
        };
        let read_to = match found.last() {
            Some(last) if found.len() == PAGE as usize => last.seq,
            Some(_) | None => newest.max(after),
        };
        Some((found, (ledger, tip, read_to)))
    });
    pages.flat_map(stream::iter).filter_map(move |event| {
        let told = of(&event, &overview.borrow());
        async move { told }
    })
}

fn of(event: &LoggedEvent, overview: &Overview) -> Option<News> {
    let data: Value = serde_json::from_str(event.data.get()).ok()?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named = |id| overview.channels.iter().find(|c| c.id == id).map(|c| c.name.clone()).unwrap_or_default();
    let notice = match event.kind.as_str() {
        // Who paused it by hand, or revoked its app, knows.
        "webhook.paused" if data["reason"] == "failing" => Notice::WebhookPaused,
        "webhook.disabled" => Notice::WebhookDisabled,
        "message.failed" => {
            let channel = event.channel?;
            let about =
                About::Message { channel, channel_name: named(channel), why: text(&data["message"]["failure"]["summary"]) };
            return Some(News { notice: Notice::MessageFailed, about });
        }
        "message.asking" => {
            let about = About::Ask { channel_name: named(event.channel?) };
            return Some(News { notice: Notice::MessageAsking, about });
        }
        "app.requested" => {
            let about = About::App { name: text(&data["app_name"]) };
            return Some(News { notice: Notice::AppRequested, about });
        }
        "access.attempts" => {
            let about = About::Attempts { summary: text(&data["summary"]) };
            return Some(News { notice: Notice::AccessAttempts, about });
        }
        _ => return None,
    };
    Some(News { notice, about: About::Webhook { id: data["webhook_id"].as_str()?.parse().ok()?, url: text(&data["url"]) } })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use domain::{AppRequestId, DoorKind, EndpointId, Event, PauseReason, Peer, Permit, Permits, Scope, Timestamp};
    use ledger::OpenOptions;

    #[tokio::test]
    async fn a_webhook_that_fails_is_news_and_one_that_was_paused_by_hand_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap();
        let endpoint = EndpointId::new(Timestamp::EPOCH, 1);
        let paused =
            |reason| Event::WebhookPaused { endpoint, url: "http://127.0.0.1/hook".into(), reason, since: Timestamp::EPOCH };
        ledger.append(vec![paused(PauseReason::Failing)], Timestamp::EPOCH).await.unwrap();
        let (_tell, overview) = watch::channel(Arc::new(Overview { channels: Vec::new() }));
        let mut news = Box::pin(news(ledger.clone(), overview));
        let disabled = Event::WebhookDisabled { endpoint, url: "http://127.0.0.1/hook".into(), since: Timestamp::EPOCH };
        ledger
            .append(vec![paused(PauseReason::ByHand), paused(PauseReason::Failing), disabled], Timestamp::EPOCH)
            .await
            .unwrap();
        let about = About::Webhook { id: endpoint, url: "http://127.0.0.1/hook".into() };
        for notice in [Notice::WebhookPaused, Notice::WebhookDisabled] {
            let told = tokio::time::timeout(Duration::from_secs(10), news.next()).await.unwrap();
            assert_eq!(told, Some(News { notice, about: about.clone() }), "and nothing of what was there before");
        }
        drop(news);
        ledger.close().await;
    }

    #[tokio::test]
    async fn a_program_that_asks_is_news_and_so_are_many_keys_that_open_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path(), &[7; 32], OpenOptions::default()).await.unwrap();
        let (_tell, overview) = watch::channel(Arc::new(Overview { channels: Vec::new() }));
        let mut news = Box::pin(news(ledger.clone(), overview));
        let peer = Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: None };
        let requested = Event::AppRequested {
            request: AppRequestId::new(Timestamp::EPOCH, 1),
            name: "Order bot".into(),
            permits: Permits::new([Permit::of(Scope::EventsRead)]),
            origin: None,
            peer: peer.clone(),
            expires_at: Timestamp::EPOCH,
        };
        let attempts = Event::AccessAttempts { peer, failures: 50, since: Timestamp::EPOCH };
        ledger.append(vec![requested, attempts], Timestamp::EPOCH).await.unwrap();
        let told = tokio::time::timeout(Duration::from_secs(10), news.next()).await.unwrap();
        assert_eq!(told, Some(News { notice: Notice::AppRequested, about: About::App { name: "Order bot".into() } }));
        let told = tokio::time::timeout(Duration::from_secs(10), news.next()).await.unwrap().unwrap();
        assert_eq!(told.notice, Notice::AccessAttempts);
        assert!(matches!(told.about, About::Attempts { summary } if summary.contains("50 tries")));
        drop(news);
        ledger.close().await;
    }
}
