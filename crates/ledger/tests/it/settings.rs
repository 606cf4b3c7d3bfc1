use crate::ground::{self, ledger};

#[tokio::test]
async fn settings_stay() {
    let (dir, ledger, _) = ledger().await;
    assert_eq!(ledger.setting::<Vec<String>>("muted").await.unwrap(), None);
    ledger.set_setting("muted", &vec!["stuck"]).await.unwrap();
    ledger.set_setting("muted", &vec!["stuck", "paired"]).await.unwrap();
    ledger.close().await;
    let ledger = ground::open(dir.path()).await;
    assert_eq!(ledger.setting::<Vec<String>>("muted").await.unwrap(), Some(vec!["stuck".into(), "paired".into()]));
    ledger.close().await;
}

#[tokio::test]
async fn a_setting_that_many_change_at_once_holds_what_each_of_them_did() {
    let (_dir, ledger, _) = ledger().await;
    let changes = (0..20u32).map(|n| {
        ledger.change_setting("numbers", move |known: Option<Vec<u32>>| {
            let mut known = known.unwrap_or_default();
            known.push(n);
            known
        })
    });
    for changed in futures::future::join_all(changes).await {
        assert!(!changed.unwrap().is_empty());
    }
    let mut numbers: Vec<u32> = ledger.setting("numbers").await.unwrap().unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    ledger.close().await;
}
