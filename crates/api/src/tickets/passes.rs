use super::target::Target;
use crate::guard::Caller;
use crate::key::Hashed;
use axum::http::Uri;
use domain::Timestamp;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a ticket waits to be used.
const LIFE: Duration = Duration::from_secs(60);
/// How many of one caller may wait; a further one voids the caller's oldest.
const MOST: usize = 32;

/// The tickets that have not been used.
#[derive(Debug, Default)]
pub(crate) struct Passes(Mutex<VecDeque<Pass>>);

#[derive(Debug)]
struct Pass {
    ticket: Hashed,
    caller: Caller,
    target: Target,
    until: Timestamp,
}

impl Passes {
    /// A new ticket for this address, and until when it is good.
    pub(super) fn issue(&self, caller: Caller, target: Target, now: Timestamp) -> (String, Timestamp) {
        let (ticket, until) = (crate::session::secret(), now.plus(LIFE));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|pass| now < pass.until);
        if waiting.iter().filter(|pass| pass.caller.same(&caller)).count() >= MOST
            && let Some(oldest) = waiting.iter().position(|pass| pass.caller.same(&caller))
        {
            waiting.remove(oldest);
        }
        waiting.push_back(Pass { ticket: Hashed::of(&ticket), caller, target, until });
        (ticket, until)
    }

    /// Uses a ticket up, also when it was for another address; who made it, when it was good.
    pub fn redeem(&self, ticket: &str, uri: &Uri, now: Timestamp) -> Option<Caller> {
        let given = Hashed::of(ticket);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|pass| pass.ticket.same(&given))?;
        let pass = waiting.remove(at)?;
        (now < pass.until && pass.target == Target::of(uri)).then_some(pass.caller)
    }
}
