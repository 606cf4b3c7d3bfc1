//! What waits for a device: everything it must acknowledge, in order, until it has.
//!
//! A live device is sent each entry once. One that comes back is told how much waits (`offline_preview`), pulls it in
//! batches, and is told the end (`offline`); what arrives meanwhile waits behind it.

use std::collections::{HashMap, VecDeque};

use wacore_binary::Node;

/// One stanza that must be acknowledged.
#[derive(Debug)]
struct Waiting {
    class: Class,
    id: String,
    stanza: Node,
    /// In this connection.
    sent: bool,
    /// Ever.
    attempts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Message,
    Receipt,
    Notification,
    Call,
}

impl Class {
    pub fn of(tag: &str) -> Option<Self> {
        match tag {
            "message" => Some(Self::Message),
            "receipt" => Some(Self::Receipt),
            "notification" => Some(Self::Notification),
            "call" => Some(Self::Call),
            _ => None,
        }
    }
}

/// What waits, by kind; the content of an `offline_preview`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub messages: usize,
    pub receipts: usize,
    pub notifications: usize,
    pub calls: usize,
}

impl Preview {
    pub fn total(&self) -> usize {
        self.messages + self.receipts + self.notifications + self.calls
    }
}

/// How far a connection is with what had waited for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nobody there, or still passive.
    Held,
    /// `announced` had waited, `left` of them are not sent yet.
    Draining {
        announced: usize,
        left: usize,
        batch: usize,
    },
    Live,
}

#[derive(Debug)]
pub struct Backlog {
    waiting: VecDeque<Waiting>,
    /// How many of `waiting` there are of each.
    copies: HashMap<(Class, String), u32>,
    phase: Phase,
}

impl Default for Backlog {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), copies: HashMap::new(), phase: Phase::Held }
    }
}

/// What to send now, and whether the backlog's end is reached with it.
#[derive(Debug, Default, PartialEq)]
pub struct Outgoing {
    pub stanzas: Vec<Node>,
    /// How many had been announced, when the last of them is among these or had been sent before.
    pub finished: Option<usize>,
    /// How many of them had been sent in an earlier connection already.
    pub repeated: usize,
}

impl Backlog {
    /// Keeps a stanza; returns it if it should go out at once.
    pub fn add(&mut self, class: Class, id: String, stanza: Node) -> Option<Node> {
        let live = self.phase == Phase::Live;
        let now = live.then(|| stanza.clone());
        *self.copies.entry((class, id.clone())).or_default() += 1;
        self.waiting.push_back(Waiting { class, id, stanza, sent: live, attempts: u32::from(live) });
        now
    }

    /// The device acknowledged; true if something had waited under this id.
    pub fn take(&mut self, class: Class, id: &str) -> bool {
        let key = (class, id.to_owned());
        let Some(copies) = self.copies.get(&key).copied() else { return false };
        // Only what has been sent can be acknowledged: a later copy under the same id stays. Acknowledgements come about in
        // the order of what was sent, so what is looked for stands near the front, and rarely more than once.
        let mut taken = 0;
        let mut place = 0;
        let mut seen = 0;
        while seen < copies {
            let Some(entry) = self.waiting.get(place) else { break };
            if entry.class == class && entry.id == id {
                seen += 1;
                if entry.sent {
                    self.waiting.remove(place);
                    taken += 1;
                    continue;
                }
            }
            place += 1;
        }
        if taken == copies {
            self.copies.remove(&key);
        } else if let Some(left) = self.copies.get_mut(&key) {
            *left -= taken;
        }
        taken > 0
    }

    /// The connection went away.
    pub fn hold(&mut self) {
        self.phase = Phase::Held;
        for entry in &mut self.waiting {
            entry.sent = false;
        }
    }

    /// The device is active now. Returns what waits; batches follow by [`Self::pull`].
    pub fn announce(&mut self) -> Preview {
        let mut preview = Preview::default();
        for entry in &self.waiting {
            match entry.class {
                Class::Message => preview.messages += 1,
                Class::Receipt => preview.receipts += 1,
                Class::Notification => preview.notifications += 1,
                Class::Call => preview.calls += 1,
            }
        }
        let announced = preview.total();
        self.phase = Phase::Draining { announced, left: announced, batch: 0 };
        preview
    }

    /// The device asked for so many, or is simply given them.
    pub fn pull(&mut self, count: usize) -> Outgoing {
        let Phase::Draining { announced, left, .. } = self.phase else { return Outgoing::default() };
        let count = count.min(left);
        let mut out = Outgoing::default();
        for (place, entry) in self.waiting.iter_mut().filter(|entry| !entry.sent).take(count).enumerate() {
            out.repeated += usize::from(entry.attempts > 0);
            entry.sent = true;
            entry.attempts += 1;
            let mut stanza = entry.stanza.clone();
            stanza.attrs.insert("offline", (announced - left + place).to_string());
            out.stanzas.push(stanza);
        }
        self.phase = Phase::Draining { announced, left: left - count, batch: count };
        if left == count {
            out.finished = Some(announced);
            self.phase = Phase::Live;
        }
        out
    }

    /// After the end of the backlog: what had come in meanwhile.
    pub fn catch_up(&mut self) -> Vec<Node> {
        self.waiting
            .iter_mut()
            .filter(|entry| !entry.sent)
            .map(|entry| {
                entry.sent = true;
                entry.attempts += 1;
                entry.stanza.clone()
            })
            .collect()
    }

    /// How many to send without being asked: some clients ask once only and rely on more coming when they have
    /// acknowledged a whole batch.
    pub fn due(&self) -> Option<usize> {
        match self.phase {
            Phase::Draining { left, batch, .. } if batch > 0 && left > 0 => {
                (!self.waiting.iter().any(|entry| entry.sent)).then_some(batch)
            }
            Phase::Draining { .. } | Phase::Held | Phase::Live => None,
        }
    }

    /// All that waits, in order.
    pub fn entries(&self) -> impl Iterator<Item = (Class, &str, &Node)> {
        self.waiting.iter().map(|entry| (entry.class, entry.id.as_str(), &entry.stanza))
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    pub fn messages(&self) -> usize {
        self.waiting.iter().filter(|entry| entry.class == Class::Message).count()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use wacore_binary::builder::NodeBuilder;

    fn add(backlog: &mut Backlog, id: &str) -> Option<Node> {
        backlog.add(Class::Message, id.into(), NodeBuilder::new("message").attr("id", id).build())
    }

    fn ids(stanzas: &[Node]) -> Vec<String> {
        stanzas.iter().map(|stanza| stanza.attrs.get("id").unwrap().to_string()).collect()
    }

    #[test]
    fn what_waited_comes_in_batches_then_its_end_then_what_came_meanwhile() {
        let mut backlog = Backlog::default();
        for id in ["a", "b", "c"] {
            assert_eq!(add(&mut backlog, id), None);
        }
        assert_eq!(backlog.announce(), Preview { messages: 3, ..Preview::default() });
        assert_eq!(add(&mut backlog, "d"), None);

        let first = backlog.pull(2);
        assert_eq!((ids(&first.stanzas), first.finished), (vec!["a".into(), "b".into()], None));
        let second = backlog.pull(2);
        assert_eq!((ids(&second.stanzas), second.finished), (vec!["c".into()], Some(3)));
        assert!(second.stanzas[0].attrs.contains_key("offline"));
        assert_eq!(ids(&backlog.catch_up()), ["d"]);
        assert!(add(&mut backlog, "e").is_some());
    }

    #[test]
    fn what_is_not_acknowledged_comes_again_at_the_next_login() {
        let mut backlog = Backlog::default();
        backlog.announce();
        backlog.pull(0);
        add(&mut backlog, "a");
        add(&mut backlog, "b");
        assert!(backlog.take(Class::Message, "a"));
        assert!(!backlog.take(Class::Receipt, "b"));

        backlog.hold();
        assert!(!backlog.take(Class::Message, "b"), "nothing sent yet, so nothing to acknowledge");
        backlog.announce();
        let again = backlog.pull(10);
        assert_eq!((ids(&again.stanzas), again.repeated), (vec!["b".into()], 1));
    }

    #[test]
    fn of_copies_under_one_id_those_are_taken_that_were_sent() {
        let mut backlog = Backlog::default();
        backlog.announce();
        backlog.pull(0);
        for id in ["a", "b", "a"] {
            add(&mut backlog, id);
        }
        assert!(backlog.take(Class::Message, "a"));
        assert_eq!(backlog.len(), 1);
        assert!(!backlog.take(Class::Message, "a"));
        backlog.hold();
        add(&mut backlog, "b");
        backlog.announce();
        backlog.pull(1);
        assert!(backlog.take(Class::Message, "b"));
        assert_eq!(backlog.len(), 1, "the copy that was not sent yet stays");
    }

    #[test]
    fn an_empty_backlog_is_finished_at_once() {
        let mut backlog = Backlog::default();
        assert_eq!(backlog.announce().total(), 0);
        assert_eq!(backlog.pull(0).finished, Some(0));
    }

    #[test]
    fn a_batch_that_is_acknowledged_makes_the_next_one_due() {
        let mut backlog = Backlog::default();
        add(&mut backlog, "a");
        add(&mut backlog, "b");
        backlog.announce();
        backlog.pull(1);
        assert_eq!(backlog.due(), None);
        backlog.take(Class::Message, "a");
        assert_eq!(backlog.due(), Some(1));
    }
}
