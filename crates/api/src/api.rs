use crate::connection::Crowd;
use crate::events::Feed;
use crate::far_end::Looks;
use crate::guard::Auditor;
use crate::key::Hashed;
use crate::limits::Standing;
use crate::messages::InFlight;
use crate::moving::Movers;
use crate::ops::info::VaultStanding;
use crate::ops::requests::Requests;
use crate::problem::Problem;
use crate::serve::About;
use crate::serve::doors::Doors;
use crate::session::{Sessions, Tickets};
use crate::settings::Settings;
use crate::tickets::Passes;
use access::Access;
use bytes::Bytes;
use domain::{ChannelId, ChannelView, Overview, Timestamp};
use engine::{Clock, Engine};
use ledger::Ledger;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What every route works with.
#[derive(Clone)]
pub(crate) struct Api(pub Arc<Parts>);

pub(crate) struct Parts {
    pub engine: Engine,
    pub ledger: Ledger,
    /// The admin key.
    pub key: Hashed,
    /// The apps: who they are, and what they may do.
    pub access: Access,
    pub auditor: Auditor,
    pub tickets: Tickets,
    /// The tickets that stand in for a key in a URL.
    pub passes: Passes,
    /// When the programs of those who ask to be let in were looked for.
    pub looks: Looks,
    pub sessions: Sessions,
    pub settings: watch::Sender<Settings>,
    pub feed: Arc<Feed>,
    pub vault: watch::Receiver<VaultStanding>,
    /// How this process stands among other workers; `None` where one process has all channels.
    pub cluster: Option<watch::Receiver<cluster::Standing>>,
    pub about: About,
    pub addresses: Vec<SocketAddr>,
    pub doors: Doors,
    pub limits: Standing,
    pub crowd: Arc<Crowd>,
    pub started_at: Timestamp,
    pub clock: Clock,
    pub requests: Requests,
    /// The idempotency keys of sends that are being carried out.
    pub in_flight: InFlight,
    pub webhooks: webhooks::Handle,
    pub movers: Arc<dyn Movers>,
    /// For bodies with a session in them, which are large.
    pub room_for_sessions: Arc<tokio::sync::Semaphore>,
    /// Held while a session comes in.
    pub importing: tokio::sync::Mutex<()>,
    /// The OpenAPI document.
    pub document: Bytes,
    pub shutdown: CancellationToken,
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Parts {
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn port(&self) -> u16 {
        self.addresses.first().map_or(0, SocketAddr::port)
    }

    /// The address to show to people.
    pub fn base_url(&self) -> String {
        self.addresses.first().map_or_else(String::new, |a| format!("http://{a}"))
    }

    pub fn overview(&self) -> Arc<Overview> {
        self.engine.overview().borrow().clone()
    }

    /// The channel as it is now.
    pub fn channel(&self, id: ChannelId) -> Result<ChannelView, Problem> {
        self.overview().get(id).cloned().ok_or_else(|| Problem::no_such("channel"))
    }
}
