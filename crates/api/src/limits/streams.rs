//! Open event streams. Apps never take the last of them: a person's dashboard opens one too.

use super::standing::Owner;
use crate::problem::{Code, Problem};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(crate) struct Streams {
    most: usize,
    per_key: usize,
    open: Mutex<HashMap<Option<Owner>, usize>>,
}

/// One open stream, until it is dropped.
#[derive(Debug)]
pub(super) struct Stream {
    of: Arc<Streams>,
    owner: Option<Owner>,
}

impl Streams {
    pub fn new(most: usize, per_key: usize) -> Arc<Self> {
        Arc::new(Streams { most, per_key, open: Mutex::default() })
    }

    /// `None` is who has no key: those who wait for an answer to their request for access.
    pub fn open(self: &Arc<Self>, owner: Option<Owner>) -> Result<Stream, Problem> {
        let mut open = self.locked();
        let all: usize = open.values().sum();
        let person = owner.is_some_and(Owner::is_person);
        let mine = open.get(&owner).copied().unwrap_or(0);
        if !person && mine >= self.per_key {
            let detail = format!("{mine} streams are open with this key, which is the most. Close one, or filter less finely.");
            return Err(Problem::new(Code::TooManyStreams, detail));
        }
        let apps: usize = open.iter().filter(|(owner, _)| !owner.is_some_and(Owner::is_person)).map(|(_, count)| count).sum();
        if all >= self.most || (!person && apps >= self.most - self.most / 4) {
            return Err(Problem::of(Code::Overloaded));
        }
        *open.entry(owner).or_default() += 1;
        drop(open);
        Ok(Stream { of: self.clone(), owner })
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Option<Owner>, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.of.locked();
        if let Some(count) = open.get_mut(&self.owner) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.owner);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use domain::{KeyId, Timestamp};

    fn key(n: u128) -> Option<Owner> {
        Some(Owner::Key(KeyId::new(Timestamp::EPOCH, n)))
    }

    #[test]
    fn a_key_has_its_share_and_a_person_finds_room_when_apps_have_theirs() {
        let streams = Streams::new(8, 4);
        let code = |owner| streams.open(owner).map_err(|p| p.code());
        let mut open: Vec<Stream> = (0..4).map(|_| code(key(1)).unwrap()).collect();
        assert_eq!(code(key(1)).unwrap_err(), Code::TooManyStreams);
        open.extend((0..2).map(|_| code(key(2)).unwrap()));
        assert_eq!(code(key(2)).unwrap_err(), Code::Overloaded);
        open.extend((0..2).map(|_| code(Some(Owner::Browsers)).unwrap()));
        assert_eq!(code(Some(Owner::Admin)).unwrap_err(), Code::Overloaded);
        open.remove(0);
        assert!(code(Some(Owner::Admin)).is_ok());
        drop(open);
        assert!(streams.locked().is_empty());
    }
}
