//! What every test stands on.

use crate::home::Home;
use access::{
    Access, AccessDeps, By, Clock, ClockHand, Collected, Grantee, NewApp, NewKey, NewRequest, PollToken, RequestName,
};
use domain::{Actor, App, AppRequest, ChannelId, DoorKind, Peer, Permit, Permits, Program, Reach, Scope, Timestamp, Via};
use ledger::{AuditQuery, Audited, EventQuery, Ledger, LoggedEvent};
use std::sync::Arc;
use std::time::Duration;

pub struct Ground {
    pub home: Home,
    pub ledger: Ledger,
    pub access: Access,
    pub clock: Clock,
    hand: ClockHand,
}

pub fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

impl Ground {
    pub async fn new() -> Self {
        let home = Home::new();
        let ledger = home.open().await;
        let (clock, hand) = Clock::by_hand(Timestamp::from_secs(1_800_000_000));
        let access = open(&ledger, &clock).await;
        Ground { home, ledger, access, clock, hand }
    }

    /// The process quits and starts again.
    pub async fn restarted(self) -> Self {
        self.access.drain().await;
        self.crashed().await
    }

    /// The process dies and starts again.
    pub async fn crashed(self) -> Self {
        self.ledger.close().await;
        let ledger = self.home.open().await;
        let access = open(&ledger, &self.clock).await;
        Ground { ledger, access, ..self }
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn pass(&self, span: Duration) {
        self.hand.pass(span);
    }

    pub fn set_back(&self, span: Duration) {
        self.hand.set_back(span);
    }

    pub async fn ask(&self, of: u32, permits: Permits) -> (AppRequest, PollToken) {
        self.access.ask(wants(permits), peer(of)).await.unwrap()
    }

    /// Asked for, allowed and collected.
    pub async fn app(&self, permits: Permits, once: bool) -> (App, NewKey) {
        let (request, token) = self.ask(1, permits).await;
        let allowance = access::Allowance { once, ..access::Allowance::default() };
        self.access.allow(RequestName::Id(request.id), allowance, person()).await.unwrap();
        self.collect(&request, &token).await
    }

    /// Made by hand.
    pub async fn made(&self, new: NewApp) -> (App, NewKey) {
        self.access.create_app(new, person()).await.unwrap()
    }

    pub async fn collect(&self, request: &AppRequest, token: &PollToken) -> (App, NewKey) {
        match self.access.collect(request.id, token, &peer(1)).await.unwrap() {
            Collected::Allowed { app, key } => (app, key),
            other @ (Collected::Waiting | Collected::Denied | Collected::Expired | Collected::Collected) => panic!("{other:?}"),
        }
    }

    pub fn lets_in(&self, key: &NewKey) -> Result<Arc<Grantee>, access::Refusal> {
        self.access.authenticate(key.secret.expose(), self.now())
    }

    /// Waits until it is so; looks whenever something changed.
    pub async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        until(&self.access, what, so).await;
    }

    pub async fn events(&self) -> Vec<LoggedEvent> {
        self.ledger.events(&EventQuery { limit: 1000, ..EventQuery::default() }).await.unwrap()
    }

    pub async fn kinds(&self) -> Vec<String> {
        self.events().await.into_iter().map(|event| event.kind).collect()
    }

    /// The audit log, oldest first.
    pub async fn audit(&self) -> Vec<Audited> {
        let query = AuditQuery { after: Some(0), limit: 1000, ..AuditQuery::default() };
        self.ledger.audit_page(&query).await.unwrap().entries
    }

    pub async fn actions(&self) -> Vec<String> {
        self.audit().await.into_iter().map(|audited| audited.entry.action).collect()
    }
}

pub async fn until(access: &Access, what: &str, so: impl AsyncFn() -> bool) {
    let mut changed = access.changed();
    let wait = async {
        loop {
            changed.mark_unchanged();
            if so().await {
                return;
            }
            changed.changed().await.unwrap();
        }
    };
    tokio::time::timeout(secs(20), wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Waits until whoever was let in is told that it is over.
pub async fn goes(grantee: &Grantee) {
    tokio::time::timeout(secs(20), grantee.gone.cancelled()).await.expect("it is told that it is over");
}

pub async fn open(ledger: &Ledger, clock: &Clock) -> Access {
    Access::open(AccessDeps { ledger: ledger.clone(), clock: clock.clone() }).await.unwrap()
}

pub fn person() -> By {
    By::from(Actor::Person { via: Via::Desktop })
}

pub fn peer(n: u32) -> Peer {
    let program = Program { pid: n, path: format!("/usr/bin/program-{n}").into(), uid: 1000 };
    Peer { door: DoorKind::Tcp, address: Some("127.0.0.1".into()), program: Some(program) }
}

pub fn wants(permits: Permits) -> NewRequest {
    NewRequest { name: "Till".into(), reason: "to confirm orders".into(), permits, origin: None }
}

pub fn all_of(scopes: &[Scope]) -> Permits {
    Permits::new(scopes.iter().map(|scope| Permit::of(*scope)))
}

pub fn channel(n: u128) -> ChannelId {
    ChannelId::new(Timestamp::EPOCH, n)
}

pub fn on(scope: Scope, channels: &[u128]) -> Permits {
    Permits::new(Permit::new(scope, Reach::only(channels.iter().map(|n| channel(*n))), Reach::All))
}
