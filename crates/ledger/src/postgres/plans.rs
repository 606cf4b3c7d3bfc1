//! As `crate::plans`, on Postgres: what is asked often walks an index, even when the planner knows nothing of the values.
#![allow(clippy::unwrap_used)]

use crate::dialect::for_postgres;
use crate::{
    AuditQuery, DeliveryQuery, DeliveryStatus, EventQuery, OutboxPart, OutboxQuery, Postgres, PostgresConfig, accept, asking,
    audit, events, messages, outbox, progress, second_try, shut_out, webhooks,
};
use domain::{AppId, ChannelId, EndpointId, Timestamp};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The plan for a statement whose values are not known. Scans of all rows and sorts are forbidden where there is another way.
async fn plan(connection: &mut PgConnection, sql: &str) -> String {
    let values = (1..100).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; values].join(", ");
    let call = if values == 0 { String::new() } else { format!("({nulls})") };
    let mut lines = Vec::new();
    for step in [format!("PREPARE asked AS {sql}"), format!("EXPLAIN EXECUTE asked{call}"), "DEALLOCATE asked".to_owned()] {
        let rows =
            sqlx::raw_sql(AssertSqlSafe(step)).fetch_all(&mut *connection).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        lines.extend(rows.iter().map(|row| sqlx::Row::get::<String, _>(row, 0)));
    }
    lines.join("\n")
}

async fn check(connection: &mut PgConnection, sql: &str, walks: &str) {
    let plan = plan(connection, sql).await;
    assert!(plan.contains(walks), "{sql}\nshould walk {walks}\n{plan}");
    for bad in ["Seq Scan on audit", "Seq Scan on messages", "Seq Scan on events", "Seq Scan on deliveries"] {
        assert!(!plan.contains(bad), "{sql}\n{plan}");
    }
}

/// Enough that walking through all of it would cost.
const FILL: &str = "
INSERT INTO channels (id, name, created_at, desired, paired, state, state_since, state_detail)
    SELECT 'ch_' || n, 'x', 0, 'running', true, 'connected', 0, '{}' FROM generate_series(1, 50) n;
INSERT INTO messages (id, channel_id, whatsapp_id, chat, direction, from_me, content, status, at, updated_at, position, due_at,
                      expires_at, next_attempt_at)
    SELECT 'msg_' || n, 'ch_' || 1 + n % 50, 'W' || n, 'c' || n % 1000, 'outbound', true, '{}',
           CASE n % 20 WHEN 0 THEN 'queued' WHEN 1 THEN 'sending' WHEN 2 THEN 'failed' ELSE 'read' END, n, n, n,
           CASE WHEN n % 200 = 0 THEN n ELSE 0 END, CASE WHEN n % 100 = 0 THEN n END, CASE WHEN n % 200 = 0 THEN n END
    FROM generate_series(1, 20000) n;
INSERT INTO events (seq, id, kind, at, channel_id, data)
    SELECT n, 'evt_' || n, 'message.sent', n, 'ch_' || 1 + n % 50, '{}' FROM generate_series(1, 20000) n;
INSERT INTO endpoints (id, url, description, channels, kinds, headers, secrets, concurrency, status, planned_through, created_at,
                       updated_at)
    SELECT 'wh_' || n, '', '', '[]', '[]', '[]', '[]', 1, 'active', 0, 0, 0 FROM generate_series(1, 20) n;
INSERT INTO deliveries (id, endpoint, seq, event_id, kind, status, created_at)
    SELECT 'dlv_' || n, 1 + n % 20, n, 'evt_' || n, 'message.sent', CASE n % 20 WHEN 3 THEN 'pending' ELSE 'delivered' END, 0
    FROM generate_series(1, 20000) n;
INSERT INTO audit (seq, at, actor, app_id, action, outcome, prev_hash, hash)
    SELECT n, n, 'app', 'app_' || n % 20, 'key.make', 'done', '', '' FROM generate_series(1, 20000) n";

#[tokio::test]
async fn what_is_asked_often_walks_an_index_on_postgres_too() {
    let server = servers::Postgres::start();
    let url = server.database();
    Postgres::connect(PostgresConfig::new(url.clone())).await.unwrap();
    let mut on = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(FILL).execute(&mut on).await.unwrap();
    sqlx::raw_sql("ANALYZE; SET plan_cache_mode = force_generic_plan").execute(&mut on).await.unwrap();

    check(&mut on, outbox::DUE, "messages_outbox").await;
    check(&mut on, outbox::NEXT_DUE, "messages_later").await;
    check(&mut on, second_try::EXPIRE, "messages_expiring").await;
    check(&mut on, asking::EXPIRE, "messages_asking").await;
    for sql in [asking::NEXT, asking::ASKS, shut_out::PROPOSED, asking::WITHDRAW, accept::ASKING] {
        check(&mut on, sql, "messages_asking").await;
    }
    check(&mut on, shut_out::QUEUED, "messages_leaving").await;
    let done = AuditQuery { before: Some(9), ..AuditQuery::default() };
    check(&mut on, &audit::page(&done).text_for_postgres(), "audit_pkey").await;
    let done = AuditQuery { app: Some(AppId::new(Timestamp::EPOCH, 1)), ..done };
    check(&mut on, &audit::page(&done).text_for_postgres(), "audit_").await;
    check(&mut on, &for_postgres(progress::SENDING), "messages_id_key").await;
    check(&mut on, messages::BY_ID, "messages_id_key").await;
    check(&mut on, &for_postgres(messages::OF_WHATSAPP_IDS), "messages_by_whatsapp_id").await;
    check(&mut on, webhooks::UNPLANNED, "events_pkey").await;
    check(&mut on, webhooks::IN_RANGE, "events_by_time").await;
    check(&mut on, webhooks::PENDING, "deliveries_owed").await;
    let channel = Some(ChannelId::new(Timestamp::EPOCH, 1));
    for status in [None, Some(OutboxPart::Queued), Some(OutboxPart::Scheduled), Some(OutboxPart::Failed)] {
        let query = OutboxQuery { channel: None, status, before: Some(9), limit: 10, now: Timestamp::EPOCH };
        for sql in outbox::pages(&query) {
            let index = if sql.text().contains("'failed'") { "messages_wedged" } else { "messages_leaving" };
            check(&mut on, &sql.text_for_postgres(), index).await;
        }
        for sql in outbox::pages(&OutboxQuery { channel, ..query }) {
            check(&mut on, &sql.text_for_postgres(), "Index").await;
        }
    }
    let query = EventQuery { after: 7, limit: 10, kinds: vec!["message.*".into()], ..EventQuery::default() };
    check(&mut on, &events::page(&query).text_for_postgres(), "events_pkey").await;
    check(&mut on, &events::page(&EventQuery { channel, ..query }).text_for_postgres(), "events_by_channel").await;
    let endpoint = Some(EndpointId::new(Timestamp::EPOCH, 1));
    let pending =
        DeliveryQuery { endpoint, status: Some(DeliveryStatus::Pending), before: Some(9), ..DeliveryQuery::default() };
    let mut sql = webhooks::page_sql(&pending);
    sql.push(" ORDER BY d.n DESC LIMIT 11");
    check(&mut on, &sql.text_for_postgres(), "deliveries_").await;
    on.close().await.unwrap();
}
