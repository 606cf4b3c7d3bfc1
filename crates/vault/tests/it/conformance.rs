//! What every store must do, seen from outside.

use domain::{ChannelId, Timestamp};
use vault::{Access, AdminKey, Installation, Namespace, Scope, Vault, VaultError};

pub fn scope(namespace: Namespace, installation: &str) -> Scope {
    Scope { namespace, installation: Installation::named(installation) }
}

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

/// `make` gives a vault over the same store for another scope.
pub async fn check(make: impl Fn(Scope) -> Vault) {
    let vault = make(scope(Namespace::Sandbox, "one"));
    assert_eq!(vault.access().await.unwrap(), Access::Open);
    assert!(vault.probe().await.unwrap().writable);

    // Nothing is there, and that is no error.
    assert_eq!(vault.ledger_key().await.unwrap(), None);
    assert!(vault.admin_key().await.unwrap().is_none());
    assert_eq!(vault.channel_key(channel(1)).await.unwrap(), None);
    vault.delete_channel_key(channel(1)).await.unwrap();

    // What is made is kept, apart from its neighbours.
    let one = vault.create_channel_key(channel(1)).await.unwrap();
    let two = vault.create_channel_key(channel(2)).await.unwrap();
    let ledger = vault.create_ledger_key().await.unwrap();
    assert!(one != two && two != ledger && one != ledger);
    let again = make(scope(Namespace::Sandbox, "one"));
    assert_eq!(again.channel_key(channel(1)).await.unwrap().as_ref(), Some(&one));
    assert_eq!(again.channel_key(channel(2)).await.unwrap().as_ref(), Some(&two));
    assert_eq!(again.ledger_key().await.unwrap().as_ref(), Some(&ledger));

    // A key that exists is never overwritten.
    assert_eq!(vault.create_ledger_key().await, Err(VaultError::AlreadyThere));
    assert_eq!(vault.create_channel_key(channel(1)).await, Err(VaultError::AlreadyThere));
    assert_eq!(vault.ledger_key().await.unwrap().as_ref(), Some(&ledger));

    // The admin key is replaced.
    for _ in 0..2 {
        let key = AdminKey::generate().unwrap();
        vault.set_admin_key(&key).await.unwrap();
        assert!(again.admin_key().await.unwrap().unwrap().matches(key.expose()));
    }

    // Neither another build nor another data directory sees any of it.
    for other in [scope(Namespace::Release, "one"), scope(Namespace::Dev, "one"), scope(Namespace::Sandbox, "two")] {
        let other = make(other);
        assert_eq!(other.ledger_key().await.unwrap(), None);
        assert_eq!(other.channel_key(channel(1)).await.unwrap(), None);
        let own = other.create_channel_key(channel(1)).await.unwrap();
        assert!(own != one);
        other.delete_channel_key(channel(1)).await.unwrap();
    }
    assert_eq!(vault.channel_key(channel(1)).await.unwrap().as_ref(), Some(&one));

    // What is deleted is gone, and only that.
    vault.delete_channel_key(channel(1)).await.unwrap();
    assert_eq!(again.channel_key(channel(1)).await.unwrap(), None);
    assert_eq!(again.channel_key(channel(2)).await.unwrap(), Some(two));

    // Many at once: each gets its own answer.
    let keys = futures::future::join_all((10..30).map(|n| {
        let vault = vault.clone();
        async move { (n, vault.create_channel_key(channel(n)).await.unwrap()) }
    }))
    .await;
    for (n, key) in keys {
        assert_eq!(again.channel_key(channel(n)).await.unwrap(), Some(key));
    }
}
