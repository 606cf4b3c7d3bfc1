//! How often keys are used, counted in memory until it is written down. Pure.

use domain::{Key, KeyId, Peer, Timestamp};
use ledger::KeyUse;
use std::collections::HashMap;

#[derive(Debug, Default)]
pub(crate) struct Usage(HashMap<(KeyId, i64), Count>);

#[derive(Debug)]
struct Count {
    at: Timestamp,
    peer: Option<Peer>,
    from: Option<String>,
    requests: u64,
}

impl Usage {
    pub fn count(&mut self, key: KeyId, peer: &Peer, now: Timestamp) {
        let count = self.0.entry((key, now.day())).or_insert(Count { at: now, peer: None, from: None, requests: 0 });
        count.requests += 1;
        count.at = count.at.max(now);
        // Most requests come from where the last one came from.
        if count.peer.as_ref() != Some(peer) {
            count.from = Some(peer.from_where());
            count.peer = Some(peer.clone());
        }
    }

    /// What is to be written down, days in their order.
    pub fn take(&mut self) -> Vec<KeyUse> {
        let of =
            |((key, _), count): ((KeyId, i64), Count)| KeyUse { key, at: count.at, from: count.from, requests: count.requests };
        let mut uses: Vec<KeyUse> = self.0.drain().map(of).collect();
        uses.sort_by_key(|used| (used.at, used.key));
        uses
    }

    /// It could not be written down.
    pub fn put_back(&mut self, uses: Vec<KeyUse>) {
        for KeyUse { key, at, from, requests } in uses {
            let count = self.0.entry((key, at.day())).or_insert(Count { at, peer: None, from: None, requests: 0 });
            count.requests += requests;
            count.at = count.at.max(at);
            count.from = count.from.take().or(from);
        }
    }

    /// The key, with what is not written down yet.
    pub fn added_to(&self, mut key: Key, now: Timestamp) -> Key {
        for ((_, day), count) in self.0.iter().filter(|((id, _), _)| *id == key.id) {
            if key.last_used_at.is_none_or(|at| at <= count.at) {
                key.last_used_at = Some(count.at);
                key.last_from = count.from.clone().or(key.last_from);
            }
            if *day == now.day() {
                key.requests_today = key.requests_on(now) + count.requests;
                key.day = *day;
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{AppId, DoorKind};

    fn from(address: &str) -> Peer {
        Peer { door: DoorKind::Tls, address: Some(address.into()), program: None }
    }

    fn id(n: u128) -> KeyId {
        KeyId::new(Timestamp::EPOCH, n)
    }

    #[test]
    fn requests_of_a_key_and_day_are_one_line_with_the_last_place() {
        let mut usage = Usage::default();
        let at = Timestamp::from_secs;
        usage.count(id(1), &from("192.0.2.1"), at(86_398));
        usage.count(id(1), &from("192.0.2.2"), at(86_399));
        usage.count(id(1), &from("192.0.2.2"), at(86_400));
        usage.count(id(2), &from("192.0.2.1"), at(86_400));
        let line = |key, secs, address: &str, requests| KeyUse { key, at: at(secs), from: Some(address.into()), requests };
        let lines =
            [line(id(1), 86_399, "192.0.2.2", 2), line(id(1), 86_400, "192.0.2.2", 1), line(id(2), 86_400, "192.0.2.1", 1)];
        assert_eq!(usage.take(), lines);
        assert_eq!(usage.take(), []);
        // What could not be written down is counted with what came after.
        usage.count(id(1), &from("192.0.2.3"), at(86_401));
        usage.put_back(lines.to_vec());
        assert_eq!(usage.take()[2], line(id(1), 86_401, "192.0.2.3", 2));
    }

    #[test]
    fn what_is_not_written_down_yet_is_shown() {
        let (mut usage, now) = (Usage::default(), Timestamp::from_secs(86_500));
        usage.count(id(1), &from("192.0.2.1"), now);
        let key = Key {
            id: id(1),
            app: AppId::new(now, 1),
            label: String::new(),
            made_at: Timestamp::EPOCH,
            expires_at: None,
            revoked_at: None,
            until_quit: false,
            replaces: None,
            last_used_at: Some(Timestamp::from_secs(5)),
            last_from: Some("192.0.2.9".into()),
            requests_today: 40,
            day: 0,
        };
        let shown = usage.added_to(key.clone(), now);
        assert_eq!((shown.requests_on(now), shown.last_used_at, shown.last_from.as_deref()), (1, Some(now), Some("192.0.2.1")));
        let shown = usage.added_to(Key { requests_today: 40, day: 1, ..key.clone() }, now);
        assert_eq!(shown.requests_on(now), 41);
        assert_eq!(usage.added_to(Key { id: id(2), ..key.clone() }, now), Key { id: id(2), ..key });
    }
}
