//! A sandbox with phones, and its events as they come.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, clippy::disallowed_methods, dead_code)]

use sandbox::phone::{Phone, Phones};
use sandbox::{Handshake, Network, NetworkEvent, Sandbox, SandboxConfig};
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;
use wacore_binary::Jid;

use crate::client::{Client, PATIENCE};

pub struct House {
    pub sandbox: Sandbox,
    pub phones: Phones,
    events: Receiver<NetworkEvent>,
}

impl House {
    pub async fn open() -> Self {
        Self::with(SandboxConfig::default()).await
    }

    pub async fn with(config: SandboxConfig) -> Self {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
        let sandbox = Sandbox::start(config).await.unwrap();
        let events = sandbox.network().events();
        Self { phones: Phones::new(sandbox.network().clone()), sandbox, events }
    }

    pub fn network(&self) -> &Network {
        self.sandbox.network()
    }

    pub async fn two_people(&self) -> (Phone, Phone) {
        let ada = self.phones.add(Some("Ada"), Some("15550100001")).await.unwrap();
        let bea = self.phones.add(Some("Bea"), Some("15550100002")).await.unwrap();
        (ada, bea)
    }

    /// The newest companion of this phone.
    pub fn device(&self, phone: &Phone) -> Jid {
        self.network().devices(&phone.account().pn).pop().unwrap().device
    }

    pub async fn until<T>(&mut self, what: &str, mut find: impl FnMut(NetworkEvent) -> Option<T>) -> T {
        let search = async {
            loop {
                if let Some(found) = find(self.events.recv().await.unwrap()) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, search).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    pub async fn login(&mut self, wanted: &Jid) -> Option<Handshake> {
        self.until("login", |event| match event {
            NetworkEvent::LoggedIn { device, handshake } if device == *wanted => Some(handshake),
            _ => None,
        })
        .await
    }

    pub async fn taken(&mut self, what: &str, mut count: usize) {
        self.until(what, |event| {
            count -= usize::from(matches!(event, NetworkEvent::MessageTaken { .. }));
            (count == 0).then_some(())
        })
        .await;
    }

    /// What has happened so far is of no interest.
    pub fn forget(&mut self) {
        self.events = self.network().events();
    }
}

impl Client {
    /// A client linked to this phone and connected.
    pub async fn paired(house: &House, phone: &Phone) -> Self {
        let mut client = Self::start(house.sandbox.url()).await;
        phone.scan(&client.qr_code().await).await.unwrap();
        client.connected().await;
        client
    }
}

pub fn jid(number: &str) -> Jid {
    Jid::pn(number)
}

/// What a good client never causes.
pub fn assert_good(house: &House) {
    let counters = house.network().counters();
    assert_eq!(counters.devices_left_out, 0, "{counters:#?}");
    assert_eq!(counters.unknown_stanzas, 0, "{counters:#?}");
    assert_eq!(counters.bundles_without_one_time_key, 0, "{counters:#?}");
    assert_eq!(counters.nacks, 0, "{counters:#?}");
    assert_eq!(counters.nacks_from_clients, 0, "{counters:#?}");
    assert_eq!(counters.malformed, 0, "{counters:#?}");
    assert_eq!(counters.unroutable, 0, "{counters:#?}");
    assert_eq!(counters.max_simultaneous_logins, 1, "{counters:#?}");
}
