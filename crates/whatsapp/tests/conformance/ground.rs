//! Stores to try things on, each empty at first.
#![allow(dead_code)]

use domain::{ChannelId, Fence, Timestamp};
use keyspace::{Holdings, Keyspace, KeyspaceConfig};
use socket::Close;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vault::{Installation, Namespace, Scope, Vault};
use wacore::store::in_memory::InMemoryBackend;
use wacore::store::traits::Backend;
use whatsapp::AuthStore;

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::from_secs(1_700_000_000), n)
}

pub struct Ground {
    place: Place,
    next: AtomicU64,
    /// How sockets would have ended.
    pub ends: Arc<Mutex<Vec<Close>>>,
    pub dir: tempfile::TempDir,
}

enum Place {
    Memory,
    Disk(AuthStore),
    Redis { store: AuthStore, holdings: Holdings, keyspace: Keyspace },
}

impl Ground {
    fn with(place: impl FnOnce(&tempfile::TempDir) -> Place) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Ground { place: place(&dir), next: AtomicU64::new(1_000_000), ends: Arc::default(), dir }
    }

    pub fn memory() -> Self {
        Self::with(|_| Place::Memory)
    }

    pub fn disk() -> Self {
        Self::with(|dir| Place::Disk(AuthStore::disk(dir.path(), keys(dir))))
    }

    /// Another process on the same Redis, with keys of its own until it is given others (`with_keys_of`).
    pub fn redis(url: &str) -> Self {
        Self::with(|dir| redis(url, keys(dir)))
    }

    pub fn redis_with(url: &str, vault: Vault) -> Self {
        Self::with(|_| redis(url, vault))
    }

    pub fn vault(&self) -> Vault {
        keys(&self.dir)
    }

    pub fn store(&self) -> &AuthStore {
        match &self.place {
            Place::Memory => panic!("memory is no store of ours"),
            Place::Disk(store) | Place::Redis { store, .. } => store,
        }
    }

    pub fn keyspace(&self) -> &Keyspace {
        match &self.place {
            Place::Redis { keyspace, .. } => keyspace,
            _ => panic!("not in redis"),
        }
    }

    pub fn holdings(&self) -> &Holdings {
        match &self.place {
            Place::Redis { holdings, .. } => holdings,
            _ => panic!("not in redis"),
        }
    }

    /// One that nobody has used.
    pub async fn fresh(&self) -> Arc<dyn Backend> {
        self.open(channel(self.next.fetch_add(1, Ordering::Relaxed).into())).await
    }

    /// As the next socket of the channel finds it.
    pub async fn open(&self, id: ChannelId) -> Arc<dyn Backend> {
        self.try_open(id).await.unwrap()
    }

    pub async fn try_open(&self, id: ChannelId) -> Result<Arc<dyn Backend>, Close> {
        match &self.place {
            Place::Memory => Ok(Arc::new(InMemoryBackend::new())),
            Place::Disk(store) => store.open(id, self.on_end()).await,
            Place::Redis { store, holdings, .. } => {
                if holdings.get(id).is_none() {
                    self.take(id).await;
                }
                store.open(id, self.on_end()).await
            }
        }
    }

    /// Takes the channel over, as the one who keeps the leases does, and answers its fence.
    pub async fn take(&self, id: ChannelId) -> Fence {
        let keyspace = self.keyspace();
        let fence: u64 = keyspace.ask(keyspace::redis::cmd("INCR").arg(keyspace.key(id, keyspace::FENCE))).await.unwrap();
        self.holdings().set(id, Fence(fence));
        Fence(fence)
    }

    pub fn ends(&self) -> Vec<Close> {
        self.ends.lock().unwrap().clone()
    }

    fn on_end(&self) -> impl Fn(Close) + Send + Sync + 'static {
        let ends = Arc::clone(&self.ends);
        move |close| ends.lock().unwrap().push(close)
    }
}

fn redis(url: &str, vault: Vault) -> Place {
    let config = KeyspaceConfig { timeout: Duration::from_secs(2), ..KeyspaceConfig::new(url) };
    let (keyspace, holdings) = (Keyspace::connect(config).unwrap(), Holdings::new());
    Place::Redis { store: AuthStore::redis(keyspace.clone(), holdings.clone(), vault), holdings, keyspace }
}

fn keys(dir: &tempfile::TempDir) -> Vault {
    let scope = Scope { namespace: Namespace::Sandbox, installation: Installation::named("test") };
    Vault::key_file(dir.path().join("keys"), scope)
}
