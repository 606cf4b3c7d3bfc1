use super::Limits;
use super::rates::{Level, Rate, Rates};
use super::streams::Streams;
use crate::guard::Caller;
use crate::problem::{Code, Problem};
use domain::{AppId, KeyId};
use governor::clock::MonotonicClock;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a known caller waits for its turn before it is told to come again.
const PATIENCE: Duration = Duration::from_secs(1);

/// How all limits stand just now.
#[derive(Debug)]
pub(crate) struct Standing {
    limits: Limits,
    rates: Rates<Bucket>,
    at_work: Arc<Semaphore>,
    pub(super) streams: Arc<Streams>,
}

/// Who shares a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Bucket {
    /// Everybody without a good key, together.
    Unknown,
    Known(Owner),
    Sends(Owner),
}

/// Whose requests and streams are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Owner {
    Admin,
    Browsers,
    Key(KeyId),
    /// An app that was let in by its program, without a key.
    App(AppId),
}

impl Owner {
    pub fn of(caller: &Caller) -> Self {
        match caller {
            Caller::Admin => Owner::Admin,
            Caller::Browser { .. } => Owner::Browsers,
            Caller::App(grantee) => grantee.key.map_or(Owner::App(grantee.app), Owner::Key),
        }
    }

    pub fn is_person(self) -> bool {
        match self {
            Owner::Admin | Owner::Browsers => true,
            Owner::Key(_) | Owner::App(_) => false,
        }
    }
}

impl Standing {
    pub fn new(limits: Limits) -> Self {
        Standing {
            rates: Rates::new(MonotonicClock),
            at_work: Arc::new(Semaphore::new(limits.requests)),
            streams: Streams::new(limits.streams, limits.streams_per_key),
            limits,
        }
    }

    /// One request of a caller without a good key.
    pub(super) fn unknown(&self) -> Level {
        let burst = self.limits.unknown.min(self.limits.burst.saturating_mul(super::count(5)));
        self.rates.take(Bucket::Unknown, Rate::new(self.limits.unknown, burst))
    }

    /// One request of a known caller; `None` when it has no limit.
    pub(super) fn known(&self, caller: &Caller) -> Option<Level> {
        let owner = Owner::of(caller);
        let usual = Rate::new(self.limits.per_key, self.limits.burst);
        let rate = match caller {
            // Of a person's limit a tenth may come at once: pages ask for much when they open.
            Caller::Admin | Caller::Browser { .. } => {
                let per_minute = self.limits.admin?;
                Rate::new(per_minute, self.limits.burst.max(per_minute.get().div_ceil(10).try_into().unwrap_or(per_minute)))
            }
            Caller::App(grantee) => grantee.limit.and_then(NonZeroU32::new).map_or(usual, |own| usual.scaled(own)),
        };
        Some(self.rates.take(Bucket::Known(owner), rate))
    }

    /// One message that an app wants to send.
    pub(super) fn send(&self, caller: &Caller) -> Option<Level> {
        let owner = Owner::of(caller);
        (!owner.is_person()).then(|| self.rates.take(Bucket::Sends(owner), Rate::new(self.limits.sends, self.limits.burst)))
    }

    /// A turn to work, for a known caller; waited for a little.
    pub(super) async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = tokio::time::timeout(PATIENCE, self.at_work.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or_else(|| Problem::of(Code::Overloaded))
    }

    /// A turn to work, if there is one just now; a part is kept for those who have a key.
    pub(super) fn turn_at_once(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if self.at_work.available_permits() <= self.limits.requests / 4 {
            return Err(Problem::of(Code::Overloaded));
        }
        self.at_work.clone().try_acquire_owned().map_err(|_| Problem::of(Code::Overloaded))
    }
}

impl Level {
    /// The refusal, when there was nothing left.
    pub(super) fn refusal(&self, what: &str) -> Option<Problem> {
        let wait = self.wait?.max(Duration::from_millis(1));
        let detail = format!(
            "More than {} {what} in a minute. Try again in {} s.",
            self.rate.per_minute(),
            super::fields::seconds(wait)
        );
        Some(Problem::new(Code::RateLimited, detail).after(wait))
    }
}
