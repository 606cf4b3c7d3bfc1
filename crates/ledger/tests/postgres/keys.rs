use crate::ground::Home;
use crate::home::connect;

#[tokio::test]
async fn a_vault_keeps_its_entries_there() {
    let home = Home::new();
    let (one, other) = (connect(home.url()).await.keys(), connect(home.url()).await.keys());
    assert_eq!(one.read("ledger").await.unwrap(), None);
    one.write("ledger", &[0, 1, 255]).await.unwrap();
    one.write("ledger", &[0, 2]).await.unwrap();
    one.write("check", b"x").await.unwrap();
    assert_eq!(other.read("ledger").await.unwrap(), Some(vec![0, 2]));
    assert_eq!(other.list().await.unwrap(), ["check", "ledger"]);
    assert!(other.delete("check").await.unwrap());
    assert!(!one.delete("check").await.unwrap());

    one.replace(vec![("a".into(), vec![1]), ("b".into(), vec![2])]).await.unwrap();
    assert_eq!(other.list().await.unwrap(), ["a", "b"]);
    // All or nothing: a name that comes twice is written once, and what came before it goes.
    other.replace(vec![("c".into(), vec![3]), ("c".into(), vec![4])]).await.unwrap();
    assert_eq!((one.list().await.unwrap(), one.read("c").await.unwrap()), (vec!["c".to_owned()], Some(vec![4])));
}
