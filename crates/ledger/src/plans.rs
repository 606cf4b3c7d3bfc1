//! What is asked often must not get slower as the ledger grows: each such query walks an index from where it begins, and
//! sorts nothing.
#![allow(clippy::unwrap_used)]

use crate::sql::QueryBuilder;
use crate::{
    AuditQuery, DeliveryQuery, DeliveryStatus, EventQuery, Ledger, OpenOptions, OutboxPart, OutboxQuery, accept, asking, audit,
    events, messages, outbox, progress, second_try, shut_out, webhooks,
};
use domain::{AppId, ChannelId, EndpointId, MessageId, Timestamp};

async fn plan(ledger: &Ledger, sql: &str) -> Vec<String> {
    let mut reader = ledger.reader().await.unwrap();
    let explain = QueryBuilder::new(&format!("EXPLAIN QUERY PLAN {sql}")).build();
    explain.fetch_all(&mut reader).await.unwrap().iter().map(|row| row.get("detail")).collect()
}

/// `walks`: what the plan must mention, in any of its lines.
async fn check(ledger: &Ledger, sql: &str, walks: &str) {
    let plan = plan(ledger, sql).await;
    assert!(plan.iter().any(|line| line.contains(walks)), "{sql}\nshould walk {walks}\n{plan:#?}");
    for line in &plan {
        let scans = line.starts_with("SCAN") && !line.contains(walks) && !line.contains("json_each") && !line.contains("told");
        assert!(!scans, "{sql}\n{plan:#?}");
        assert!(!line.contains("TEMP B-TREE"), "{sql}\nsorts\n{plan:#?}");
    }
}

async fn ledger() -> (tempfile::TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(dir.path(), &[3; 32], OpenOptions::default()).await.unwrap();
    (dir, ledger)
}

#[tokio::test]
async fn the_outbox_is_read_from_its_own_indices() {
    let (_dir, ledger) = ledger().await;
    check(&ledger, outbox::DUE, "INDEX messages_outbox (channel_id=?)").await;
    check(&ledger, outbox::DUE, "INDEX messages_held (channel_id=? AND chat=? AND position<?)").await;
    check(&ledger, outbox::NEXT_DUE, "INDEX messages_later (channel_id=? AND due_at>?)").await;
    check(&ledger, second_try::EXPIRE, "INDEX messages_expiring (expires_at").await;
    check(&ledger, progress::SENDING, "(id=?)").await;
    check(&ledger, asking::EXPIRE, "INDEX messages_asking (ask_until<?)").await;
    for sql in [asking::NEXT, asking::ASKS, shut_out::PROPOSED, asking::WITHDRAW, accept::ASKING] {
        check(&ledger, sql, "INDEX messages_asking").await;
    }
    check(&ledger, shut_out::QUEUED, "INDEX messages_leaving").await;
    let channel = Some(ChannelId::new(Timestamp::EPOCH, 1));
    let parts =
        [None, Some(OutboxPart::Queued), Some(OutboxPart::Sending), Some(OutboxPart::Scheduled), Some(OutboxPart::Failed)];
    for status in parts {
        let query = OutboxQuery { channel: None, status, before: Some(9), limit: 10, now: Timestamp::EPOCH };
        for sql in outbox::pages(&query) {
            let index = if sql.text().contains("'failed'") { "messages_wedged" } else { "messages_leaving" };
            check(&ledger, sql.text(), &format!("{index} (position<?)")).await;
        }
        for sql in outbox::pages(&OutboxQuery { channel, ..query }) {
            let index = if sql.text().contains("'failed'") { "messages_wedged_by_channel" } else { "messages_outbox" };
            check(&ledger, sql.text(), &format!("{index} (channel_id=? AND position<?)")).await;
        }
    }
    ledger.close().await;
}

#[tokio::test]
async fn messages_are_found_by_their_names() {
    let (_dir, ledger) = ledger().await;
    check(&ledger, messages::BY_ID, "(id=?)").await;
    let known = plan(&ledger, messages::OF_WHATSAPP_IDS).await;
    assert!(known.iter().any(|l| l.contains("messages_by_whatsapp_id (channel_id=? AND whatsapp_id=?)")), "{known:#?}");
    let bring = "UPDATE messages SET status = 'sent', updated_at = told.column2 FROM (VALUES ('a', 1, 'c')) AS told \
                 WHERE messages.channel_id = told.column3 AND messages.whatsapp_id = told.column1 \
                 AND (from_me OR direction = 'outbound') AND status IN ('queued', 'sending') RETURNING n";
    let plan = plan(&ledger, bring).await;
    assert!(plan.iter().any(|l| l.contains("messages_by_whatsapp_id (channel_id=? AND whatsapp_id=?)")), "{plan:#?}");
    ledger.close().await;
}

#[tokio::test]
async fn the_log_is_read_from_where_a_page_begins() {
    let (_dir, ledger) = ledger().await;
    let query = EventQuery { after: 7, limit: 10, ..EventQuery::default() };
    check(&ledger, events::page(&query).text(), "events USING PRIMARY KEY (seq>?)").await;
    let kinds = EventQuery { kinds: vec!["message.*".into(), "channel.created".into()], ..query.clone() };
    check(&ledger, events::page(&kinds).text(), "events USING PRIMARY KEY (seq>?)").await;
    let channel = EventQuery { channel: Some(ChannelId::new(Timestamp::EPOCH, 1)), ..query };
    check(&ledger, events::page(&channel).text(), "events_by_channel (channel_id=? AND seq>?)").await;
    let message = EventQuery { message: Some(MessageId::new(Timestamp::EPOCH, 1)), ..EventQuery::default() };
    check(&ledger, events::page(&message).text(), "events_by_time (at>?)").await;
    check(&ledger, webhooks::UNPLANNED_DATA, "events USING PRIMARY KEY (seq>?)").await;
    check(&ledger, webhooks::UNPLANNED, "events USING PRIMARY KEY (seq>?)").await;
    check(&ledger, webhooks::IN_RANGE, "events_by_time (at>? AND at<?)").await;
    ledger.close().await;
}

#[tokio::test]
async fn what_was_done_is_read_from_where_a_page_begins() {
    let (_dir, ledger) = ledger().await;
    let query = AuditQuery { before: Some(9), limit: 10, ..AuditQuery::default() };
    check(&ledger, audit::page(&query).text(), "audit USING PRIMARY KEY (seq<?)").await;
    let export = AuditQuery { before: None, after: Some(9), ..query.clone() };
    check(&ledger, audit::page(&export).text(), "audit USING PRIMARY KEY (seq>?)").await;
    check(&ledger, audit::NEXT, "audit USING PRIMARY KEY (seq>?)").await;
    let of_app = AuditQuery { app: Some(AppId::new(Timestamp::EPOCH, 1)), ..query };
    check(&ledger, audit::page(&of_app).text(), "audit_by_app (app_id=? AND seq<?)").await;
    ledger.close().await;
}

#[tokio::test]
async fn deliveries_are_read_from_where_a_page_begins() {
    let (_dir, ledger) = ledger().await;
    check(&ledger, webhooks::PENDING, "deliveries_owed (endpoint=?)").await;
    let endpoint = Some(EndpointId::new(Timestamp::EPOCH, 1));
    let query = DeliveryQuery { before: Some(9), limit: 10, ..DeliveryQuery::default() };
    let ordered = |query: &DeliveryQuery| {
        let mut sql = webhooks::page_sql(query);
        sql.push(" ORDER BY d.n DESC LIMIT 11");
        sql.text().to_owned()
    };
    check(&ledger, &ordered(&query), "INTEGER PRIMARY KEY (rowid<?)").await;
    let of_endpoint = DeliveryQuery { endpoint, ..query };
    check(&ledger, &ordered(&of_endpoint), "deliveries_by_endpoint (endpoint=? AND n<?)").await;
    let kind = DeliveryQuery { kind: Some("message.sent".into()), ..of_endpoint.clone() };
    check(&ledger, &ordered(&kind), "deliveries_by_endpoint (endpoint=? AND n<?)").await;
    let pending = DeliveryQuery { status: Some(DeliveryStatus::Pending), ..of_endpoint };
    check(&ledger, &ordered(&pending), "deliveries_owed_newest (endpoint=? AND n<?)").await;
    ledger.close().await;
}
