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
