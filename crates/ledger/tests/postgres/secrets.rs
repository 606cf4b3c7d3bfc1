//! Whoever can read the database must not be able to harm others with what he reads.

use crate::ground::{Home, t};
use crate::shared::two;
use crate::webhooks;
use domain::{ChannelId, Event, PairingPrompt, State};
use ledger::{ChannelPatch, TransitionRecord};

fn pairing(channel: ChannelId, prompt: PairingPrompt) -> TransitionRecord {
    TransitionRecord {
        channel,
        state: State::Pairing { since: t(1), prompt, round: 1 },
        stuck_since: None,
        desired: domain::Desired::Running,
        paired: false,
        identity: None,
        events: Vec::<Event>::new(),
        at: t(1),
        fence: None,
    }
}

/// Everything that the database holds, as text.
fn dump(home: &Home) -> String {
    let tables = home.psql("SELECT string_agg(tablename, ' ') FROM pg_tables WHERE schemaname = 'public'");
    tables.split(' ').map(|table| home.psql(&format!("SELECT x::text FROM {table} x")) + "\n").collect()
}

#[tokio::test]
async fn secrets_of_receivers_proxies_and_pairing_do_not_stand_in_the_database() {
    let (home, a, b, id) = two().await;
    let hook = webhooks::add(&a, 1, &[]).await;
    let proxy: domain::Proxy = "socks5://ada:pr0xyword@127.0.0.1:9050".parse().unwrap();
    a.update_channel(id, ChannelPatch { name: None, proxy: Some(Some(proxy.clone())) }, vec![], t(1)).await.unwrap();
    let prompt = PairingPrompt::Qr { code: "2@linkme".into(), expires_at: t(20) };
    a.transition(pairing(id, prompt.clone())).await.unwrap();
    let n = a.place_order(id, "{\"phone\":\"15550100188\"}".into(), t(1)).await.unwrap();
    a.answer_order(n, "{\"code\":\"ABCD1234\"}".into()).await.unwrap();

    let all = dump(&home);
    assert!(all.contains("Front desk 1") && all.contains("sealed:"), "there is something to look at");
    for secret in ["whsec_", "k3y", "hook/1", "token=x", "pr0xyword", "2@linkme", "15550100188", "ABCD1234"] {
        assert!(!all.contains(secret), "{secret}");
        let sealed_plainly = hex::encode(secret);
        assert!(!all.contains(&sealed_plainly), "{secret} in hex");
    }

    // The other process has the key, and shows what the first one holds.
    let endpoint = b.endpoint(hook).await.unwrap().unwrap();
    assert_eq!((endpoint.headers, endpoint.secrets.len()), (vec![("x-api-key".into(), "k3y".into())], 1));
    let view = b.channel(id).await.unwrap().unwrap();
    assert_eq!(view.proxy, Some(proxy));
    let State::Pairing { prompt: shown, .. } = view.state else { panic!("it pairs") };
    assert!(shown == prompt);
    assert_eq!(b.order_answer(n).await.unwrap().as_deref(), Some("{\"code\":\"ABCD1234\"}"));

    // And nothing of it stays when it is over.
    let scanned = PairingPrompt::Scanned { method: domain::PairingMethod::Qr };
    a.transition(pairing(id, scanned.clone())).await.unwrap();
    let State::Pairing { prompt: shown, .. } = b.channel(id).await.unwrap().unwrap().state else { panic!("it pairs") };
    assert!(shown == scanned);
    assert_eq!(home.psql("SELECT prompt IS NULL FROM channels"), "t");
    a.close().await;
    b.close().await;
}

#[tokio::test]
async fn a_secret_that_was_moved_to_another_row_does_not_open() {
    let (home, a, b, _) = two().await;
    webhooks::add(&a, 1, &[]).await;
    webhooks::add(&a, 2, &[]).await;
    home.psql("UPDATE endpoints SET secrets = (SELECT secrets FROM endpoints WHERE n = 1)");
    assert!(matches!(b.endpoints().await, Err(ledger::LedgerError::Damaged(_))));
    a.close().await;
    b.close().await;
}
