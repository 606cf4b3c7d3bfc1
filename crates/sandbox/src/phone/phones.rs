//! All simulated phones of one network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use tokio_util::sync::{CancellationToken, DropGuard};
use wacore_binary::Jid;

use super::memory::Memory;
use super::peers::digits;
use super::{Phone, PhoneError, PhoneEvent};
use crate::network::{Account, Network, NetworkError};

/// Numbers from the range that is reserved for fiction, with names to go with them.
const FIRST_NUMBER: u64 = 15_550_100_101;
const NAMES: [&str; 8] = ["Ada", "Grace", "Mary", "Alan", "Edsger", "Barbara", "Donald", "Radia"];
/// What an account may have, as the app has it.
const MAX_COMPANIONS: usize = 4;
/// Events a slow reader may fall behind before it loses the oldest.
const EVENTS: usize = 1024;

/// Handle of the phones of one network. Cheap to clone; when the last handle of
/// it and of its phones goes, they go offline.
#[derive(Clone)]
pub struct Phones(Arc<Inner>);

struct Inner {
    network: Network,
    phones: Mutex<BTreeMap<String, Phone>>,
    news: broadcast::Sender<PhoneEvent>,
    stop: CancellationToken,
    switch_off: Arc<DropGuard>,
}

impl std::fmt::Debug for Phones {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Phones").field("count", &self.all().len()).finish()
    }
}

impl Phones {
    /// No phones yet.
    pub fn new(network: Network) -> Self {
        let stop = CancellationToken::new();
        Self(Arc::new(Inner {
            network,
            phones: Mutex::default(),
            news: broadcast::channel(EVENTS).0,
            switch_off: Arc::new(stop.clone().drop_guard()),
            stop,
        }))
    }

    /// So many phones with fictional numbers: Ada (+1 555 0100 101), Grace (… 102), and on.
    pub async fn with_people(network: Network, count: usize) -> Result<Self, PhoneError> {
        let phones = Self::new(network);
        for _ in 0..count {
            phones.add(None, None).await?;
        }
        Ok(phones)
    }

    pub fn network(&self) -> &Network {
        &self.0.network
    }

    /// Messages and their status on any phone, from now on.
    pub fn events(&self) -> broadcast::Receiver<PhoneEvent> {
        self.0.news.subscribe()
    }

    /// A new phone with an account of its own, online, with its keys published.
    pub async fn add(&self, name: Option<&str>, number: Option<&str>) -> Result<Phone, PhoneError> {
        let number = match number {
            Some(number) => digits(number)?,
            None => self.free_number(),
        };
        let index = self.all().len();
        let name = name.filter(|name| !name.is_empty()).unwrap_or(NAMES[index % NAMES.len()]);
        let account = self.0.network.create_account(&number, name).map_err(|error| match error {
            NetworkError::AccountExists => PhoneError::NumberTaken(number.clone()),
            NetworkError::BadNumber(number) => PhoneError::BadNumber(number),
            NetworkError::NoAccount | NetworkError::NoDevice | NetworkError::Primary | NetworkError::NotConnected => {
                PhoneError::Refused(error.to_string())
            }
        })?;
        let memory = Memory::new(&account.push_name)?;
        self.take_up(account, memory).await
    }

    /// A phone with an account that exists, and with this memory; online.
    pub(super) async fn take_up(&self, account: Account, memory: Memory) -> Result<Phone, PhoneError> {
        let number = account.pn.user.to_string();
        let (network, news) = (self.0.network.clone(), self.0.news.clone());
        let (stop, alive) = (self.0.stop.child_token(), Arc::clone(&self.0.switch_off));
        let phone = Phone::new(network, account, news, stop, alive, memory);
        phone.go_online().await?;
        self.phones().insert(number, phone.clone());
        Ok(phone)
    }

    /// All phones, by number.
    pub fn all(&self) -> Vec<Phone> {
        self.phones().values().cloned().collect()
    }

    /// The phone with this number, written in any usual way.
    pub fn get(&self, number: &str) -> Result<Phone, PhoneError> {
        let digits = digits(number)?;
        self.phones().get(&digits).cloned().ok_or_else(|| PhoneError::NoSuchPhone(number.to_owned()))
    }

    /// Scans a QR code with the phone of this number; with none given, the one with the fewest companions (one is made
    /// if none has room for another).
    pub async fn scan(&self, qr_text: &str, number: Option<&str>) -> Result<(Phone, Jid), PhoneError> {
        let phone = match number {
            Some(number) => self.get(number)?,
            None => {
                let online = self.all().into_iter().filter(Phone::is_online);
                let counted = online.map(|phone| (phone.linked_devices().len(), phone));
                match counted.min_by_key(|(companions, _)| *companions) {
                    Some((companions, phone)) if companions < MAX_COMPANIONS => phone,
                    Some(_) | None => self.add(None, None).await?,
                }
            }
        };
        let device = phone.scan(qr_text).await?;
        Ok((phone, device))
    }

    /// Back to a fresh start as far as it goes: faults healed, companions unlinked, chats emptied, everybody online.
    pub async fn reset(&self) -> Result<(), PhoneError> {
        self.0.network.heal_all();
        for phone in self.all() {
            phone.reset().await?;
        }
        Ok(())
    }

    fn free_number(&self) -> String {
        let taken = self.phones();
        (FIRST_NUMBER..)
            .map(|number| number.to_string())
            .find(|number| !taken.contains_key(number))
            .expect("there are more numbers than phones")
    }

    fn phones(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Phone>> {
        self.0.phones.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
