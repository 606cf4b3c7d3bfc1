use super::secret;
use crate::key::Hashed;
use domain::Timestamp;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How long a sign-in link is good.
const LIFE: Duration = Duration::from_secs(5 * 60);
/// How many may wait to be used; a further one voids the oldest.
const MOST: usize = 32;

/// The sign-in links that have not been used.
#[derive(Debug, Default)]
pub(crate) struct Tickets(Mutex<VecDeque<(Hashed, Timestamp)>>);

impl Tickets {
    /// A new ticket, and until when it is good.
    pub fn issue(&self, now: Timestamp) -> (String, Timestamp) {
        let (ticket, until) = (secret(), now.plus(LIFE));
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, until)| now < *until);
        if waiting.len() == MOST {
            waiting.pop_front();
        }
        waiting.push_back((Hashed::of(&ticket), until));
        (ticket, until)
    }

    /// Uses a ticket up; whether it was good.
    pub fn redeem(&self, ticket: &str, now: Timestamp) -> bool {
        let given = Hashed::of(ticket);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = waiting.iter().position(|(hashed, _)| hashed.same(&given)) else { return false };
        waiting.remove(at).is_some_and(|(_, until)| now < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    #[test]
    fn a_ticket_is_good_once_and_for_five_minutes() {
        let tickets = Tickets::default();
        let (ticket, until) = tickets.issue(NOW);
        assert_eq!(until, NOW.plus(LIFE));
        assert!(!tickets.redeem("", NOW) && !tickets.redeem("guess", NOW));
        assert!(tickets.redeem(&ticket, NOW));
        assert!(!tickets.redeem(&ticket, NOW), "used twice");
        let (late, until) = tickets.issue(NOW);
        assert!(!tickets.redeem(&late, until), "used after its end");
    }

    #[test]
    fn the_oldest_ticket_gives_way() {
        let tickets = Tickets::default();
        let (first, _) = tickets.issue(NOW);
        let (second, _) = tickets.issue(NOW);
        for _ in 0..MOST - 1 {
            tickets.issue(NOW);
        }
        assert!(!tickets.redeem(&first, NOW));
        assert!(tickets.redeem(&second, NOW));
    }
}
