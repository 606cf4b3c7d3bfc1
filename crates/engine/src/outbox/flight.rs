//! The messages of a channel that are on their way: marked as being sent, but what became of them is not in the ledger yet.
//! Pure: times are arguments (of the monotonic clock). It outlives the connection, as WhatsApp's last words may come after it.

use domain::{ChatId, Message, MessageId};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Shared by a channel's driver and its courier. Locked for a moment at a time, never across an await; no other lock is
/// taken under it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedFlight(Arc<Mutex<Flight>>);

impl SharedFlight {
    pub fn lock(&self) -> MutexGuard<'_, Flight> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Flight {
    aboard: HashMap<MessageId, Passenger>,
    by_whatsapp_id: HashMap<String, MessageId>,
    /// Settled since the present look at the ledger began, which may have missed it.
    gone: HashSet<MessageId>,
    /// Chats of which an earlier message is to be tried again, and the look after which the ledger holds them back itself;
    /// `None` until it knows of the retry.
    held: HashMap<ChatId, Option<Look>>,
    look: u64,
    /// What was picked in this look or before must not leave any more: something before it was turned back.
    spoiled: u64,
    /// What was first without an answer when the last connections were lost, and how many of them in a row.
    suspect: Option<(MessageId, u32)>,
}

/// So many connections in a row are lost with the same message first before it is suspected of ending them.
const LOSSES: u32 = 5;

/// Which look at the ledger a batch of messages comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Look(u64);

/// Batches that may lie between a look and the wire.
const BATCHES_BETWEEN: u64 = 4;

/// What the driver needs to know of a message on which there is word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub id: MessageId,
    pub chat: ChatId,
    /// Tries that came to nothing before this one.
    pub attempts: u32,
}

#[derive(Debug)]
struct Passenger {
    ticket: Ticket,
    whatsapp_id: String,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Marked; not on the wire yet.
    Boarded,
    /// On the wire since then; WhatsApp's word is awaited.
    Written(Duration),
    /// What became of it is known, and being written to the ledger.
    Judged,
}

impl Flight {
    /// A look at the ledger begins: what was settled before it, it does not show any more.
    pub fn begin_look(&mut self) -> Look {
        self.look += 1;
        self.gone.clear();
        let oldest = Look(self.look.saturating_sub(BATCHES_BETWEEN));
        self.held.retain(|_, until| until.is_none_or(|until| until >= oldest));
        Look(self.look)
    }

    /// The first `wanted` of what the ledger said in that look is due, less what is on its way already, and less what would
    /// overtake one of its chat that came to nothing before and is being tried again: until there is word on that one, the chat
    /// waits. And what is left of `due` for the next time; nothing, when some of it had to be passed over.
    pub fn choose(&self, look: Look, due: Vec<Message>, wanted: usize) -> (Vec<Message>, Vec<Message>) {
        let trying = self.aboard.values().filter(|p| p.ticket.attempts > 0 && p.stage != Stage::Judged);
        let mut waiting: HashSet<ChatId> = trying.map(|p| p.ticket.chat.clone()).collect();
        let mut chosen = Vec::with_capacity(wanted);
        let mut passed_over = false;
        let mut due = due.into_iter();
        while chosen.len() < wanted
            && let Some(message) = due.next()
        {
            if self.holds(message.id) {
                continue;
            }
            if waiting.contains(&message.chat) || !self.may_leave(&message.chat, look) {
                passed_over = true;
                continue;
            }
            if message.outbox.attempts > 0 {
                waiting.insert(message.chat.clone());
            }
            chosen.push(message);
        }
        (chosen, if passed_over { Vec::new() } else { due.collect() })
    }

    /// Whether the ledger's row is to be left alone, though it says that the message waits.
    fn holds(&self, id: MessageId) -> bool {
        self.aboard.contains_key(&id) || self.gone.contains(&id)
    }

    pub fn len(&self) -> usize {
        self.aboard.len()
    }

    /// How many are without WhatsApp's word.
    pub fn unanswered(&self) -> usize {
        self.aboard.values().filter(|p| p.stage != Stage::Judged).count()
    }

    pub fn board(&mut self, message: &Message) {
        let ticket = Ticket { id: message.id, chat: message.chat.clone(), attempts: message.outbox.attempts };
        self.by_whatsapp_id.insert(message.whatsapp_id.clone(), message.id);
        let passenger = Passenger { ticket, whatsapp_id: message.whatsapp_id.clone(), stage: Stage::Boarded };
        self.aboard.insert(message.id, passenger);
    }

    /// Whether a message of this look may be written, or waits behind an earlier one of its chat.
    pub fn may_leave(&self, chat: &ChatId, look: Look) -> bool {
        if look.0 <= self.spoiled {
            return false;
        }
        match self.held.get(chat) {
            Some(Some(until)) => look > *until,
            Some(None) => false,
            None => true,
        }
    }

    /// On the wire. WhatsApp's word may have come even before this.
    pub fn written(&mut self, id: MessageId, now: Duration) {
        if let Some(passenger) = self.aboard.get_mut(&id)
            && passenger.stage == Stage::Boarded
        {
            passenger.stage = Stage::Written(now);
        }
    }

    /// There is word on this one, once; from now on only the ledger has to learn of it.
    pub fn judge(&mut self, id: MessageId) -> Option<Ticket> {
        let passenger = self.aboard.get_mut(&id).filter(|p| p.stage != Stage::Judged)?;
        passenger.stage = Stage::Judged;
        Some(passenger.ticket.clone())
    }

    /// As [`Flight::judge`], by the id on the wire. `None`: it is not on its way (any more).
    pub fn answered(&mut self, whatsapp_id: &str) -> Option<Ticket> {
        let id = *self.by_whatsapp_id.get(whatsapp_id)?;
        self.judge(id)
    }

    /// Those written so long ago that they count as not answered.
    pub fn overdue(&self, now: Duration, deadline: Duration) -> Vec<MessageId> {
        let late = |p: &&Passenger| matches!(p.stage, Stage::Written(at) if now.saturating_sub(at) >= deadline);
        self.aboard.values().filter(late).map(|p| p.ticket.id).collect()
    }

    /// Its tries before this one.
    pub fn attempts(&self, id: MessageId) -> u32 {
        self.aboard.get(&id).map_or(0, |p| p.ticket.attempts)
    }

    /// When the first of them left that is not answered yet.
    pub fn first_written(&self) -> Option<Duration> {
        let written = self.aboard.values().filter_map(|p| match p.stage {
            Stage::Written(at) => Some(at),
            Stage::Boarded | Stage::Judged => None,
        });
        written.min()
    }

    /// An earlier message of this chat will be tried again: nothing of the chat leaves until the ledger knows.
    pub fn hold(&mut self, chat: &ChatId) {
        self.held.insert(chat.clone(), None);
    }

    /// The ledger knows that this one waits for its next try, and holds its chat back by itself.
    pub fn requeued(&mut self, id: MessageId, chat: &ChatId) {
        self.settled(id);
        self.held.insert(chat.clone(), Some(Look(self.look)));
    }

    /// The ledger knows what became of it (or will never know: then it goes out again, under the same id).
    pub fn settled(&mut self, id: MessageId) {
        self.leave(id);
        self.gone.insert(id);
    }

    /// It did not get onto the wire; a later look finds it again.
    pub fn held_back(&mut self, id: MessageId) {
        if self.aboard.get(&id).is_some_and(|p| p.stage != Stage::Judged) {
            self.leave(id);
        }
    }

    /// The socket took these no more. Whatever was picked after them is held back too, so that they are found in their order.
    pub fn turned_back(&mut self, ids: impl IntoIterator<Item = MessageId>) {
        self.spoiled = self.look;
        ids.into_iter().for_each(|id| self.held_back(id));
    }

    /// Whether what was turned back is still being gathered: a look would miss some of it.
    pub fn is_turning_back(&self) -> bool {
        self.spoiled == self.look && self.aboard.values().any(|p| p.stage == Stage::Boarded)
    }

    /// The connection is gone: what has no answer goes out again by the next one. Except a message that was the first without an
    /// answer when several connections in a row were lost: it may be what ends them. It stays, to be judged, so that the others
    /// are not held up by it for ever.
    pub fn grounded(&mut self) -> Option<Ticket> {
        let first = self.aboard.values().filter_map(|p| match p.stage {
            Stage::Written(at) => Some((at, p.ticket.id)),
            Stage::Boarded | Stage::Judged => None,
        });
        self.suspect = match (first.min(), self.suspect) {
            (Some((_, id)), Some((suspect, losses))) if id == suspect => Some((id, losses + 1)),
            (Some((_, id)), _) => Some((id, 1)),
            (None, _) => None,
        };
        let guilty = self.suspect.filter(|(_, losses)| *losses >= LOSSES).map(|(id, _)| id);
        let lost: Vec<_> = self.aboard.values().filter(|p| p.stage != Stage::Judged).map(|p| p.ticket.id).collect();
        for id in lost.into_iter().filter(|id| guilty != Some(*id)) {
            self.leave(id);
        }
        let ticket = self.aboard.get(&guilty?)?.ticket.clone();
        self.suspect = None;
        Some(ticket)
    }

    fn leave(&mut self, id: MessageId) {
        if let Some(passenger) = self.aboard.remove(&id) {
            self.by_whatsapp_id.remove(&passenger.whatsapp_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Amended, ChannelId, Content, Direction, MessageStatus, OutboxNote, Person, Timestamp};

    const T: Timestamp = Timestamp::EPOCH;

    fn message(n: u128, chat: &str) -> Message {
        Message {
            id: MessageId::new(T, n),
            channel: ChannelId::new(T, 0),
            whatsapp_id: format!("W{n}"),
            chat: format!("{chat}@s.whatsapp.net").parse().expect("a chat"),
            direction: Direction::Outbound,
            sender: Person::default(),
            from_me: true,
            content: Content::Text { text: "x".into() },
            status: MessageStatus::Sending,
            at: T,
            updated_at: T,
            outbox: OutboxNote::default(),
            amended: Amended::default(),
        }
    }

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn there_is_word_on_a_message_once() {
        let mut flight = Flight::default();
        let m = message(1, "15550100177");
        flight.board(&m);
        flight.written(m.id, secs(1));
        assert_eq!(flight.overdue(secs(40), secs(30)), [m.id]);
        assert_eq!(flight.answered("W1").map(|t| t.id), Some(m.id));
        assert_eq!((flight.answered("W1"), flight.judge(m.id), flight.answered("W2")), (None, None, None));
        assert!(flight.overdue(secs(40), secs(30)).is_empty());
        assert_eq!((flight.unanswered(), flight.holds(m.id)), (0, true), "the ledger does not know yet");
    }

    #[test]
    fn word_that_comes_before_the_write_is_noted_is_not_forgotten() {
        let mut flight = Flight::default();
        let m = message(1, "15550100177");
        flight.board(&m);
        assert!(flight.answered("W1").is_some());
        flight.written(m.id, secs(1));
        assert_eq!(flight.first_written(), None);
    }

    #[test]
    fn a_look_that_began_before_the_word_was_written_sends_nothing_twice() {
        let mut flight = Flight::default();
        let m = message(1, "15550100177");
        flight.board(&m);
        let _ = flight.answered("W1");
        flight.begin_look();
        flight.settled(m.id);
        assert!(flight.holds(m.id), "this look may show it as being sent");
        flight.begin_look();
        assert!(!flight.holds(m.id), "and the next one does not");
    }

    #[test]
    fn a_lost_connection_grounds_what_has_no_answer_only() {
        let mut flight = Flight::default();
        let (a, b, c) = (message(1, "15550100177"), message(2, "15550100177"), message(3, "15550100177"));
        for m in [&a, &b, &c] {
            flight.board(m);
        }
        flight.written(b.id, secs(1));
        let _ = flight.answered("W1");
        flight.grounded();
        assert_eq!([&a, &b, &c].map(|m| flight.holds(m.id)), [true, false, false]);
        assert_eq!(flight.answered("W2"), None);
    }

    #[test]
    fn a_message_that_seems_to_end_every_connection_is_judged_and_the_others_are_not() {
        let mut flight = Flight::default();
        let (bad, good) = (message(1, "15550100177"), message(2, "15550100188"));
        let mut fly = |with_bad: bool| {
            for (m, at) in [(&bad, 1), (&good, 2)].into_iter().filter(|(m, _)| with_bad || m.id != bad.id) {
                flight.board(m);
                flight.written(m.id, secs(at));
            }
            flight.grounded().map(|ticket| ticket.id)
        };
        assert_eq!([true; 4].map(&mut fly), [None; 4]);
        assert_eq!(fly(false), None, "another one was first: it was not that one's doing");
        assert_eq!([true; 4].map(&mut fly), [None; 4]);
        assert_eq!(fly(true), Some(bad.id));
        assert!(flight.holds(bad.id) && !flight.holds(good.id));
        assert!(flight.judge(bad.id).is_some());
    }

    #[test]
    fn a_message_that_is_tried_again_goes_alone_in_its_chat() {
        let mut flight = Flight::default();
        let (mut a1, a2, b) = (message(1, "15550100177"), message(2, "15550100177"), message(3, "15550100188"));
        a1.outbox.attempts = 1;
        let due = vec![a1.clone(), a2.clone(), b.clone()];
        let look = flight.begin_look();
        assert_eq!(ids(flight.choose(look, due.clone(), 10)), (vec![a1.id, b.id], vec![]));
        flight.board(&a1);
        flight.written(a1.id, secs(1));
        assert_eq!(ids(flight.choose(look, due.clone(), 10)), (vec![b.id], vec![]));
        assert!(flight.answered("W1").is_some());
        assert_eq!(ids(flight.choose(look, due, 1)), (vec![a2.id], vec![b.id]));
    }

    fn ids((chosen, left): (Vec<Message>, Vec<Message>)) -> (Vec<MessageId>, Vec<MessageId>) {
        let of = |messages: Vec<Message>| messages.into_iter().map(|m| m.id).collect();
        (of(chosen), of(left))
    }

    #[test]
    fn what_was_picked_after_something_that_was_turned_back_does_not_leave_before_it() {
        let mut flight = Flight::default();
        let (a, b) = (message(1, "15550100177"), message(2, "15550100177"));
        let first = flight.begin_look();
        flight.board(&a);
        let second = flight.begin_look();
        assert_eq!(ids(flight.choose(second, vec![a.clone(), b.clone()], 10)), (vec![b.id], vec![]));
        flight.board(&b);
        flight.turned_back([a.id]);
        assert!(!flight.may_leave(&b.chat, second) && !flight.may_leave(&a.chat, first));
        assert!(flight.is_turning_back(), "the second is still on its way to the wire");
        flight.held_back(b.id);
        assert!(!flight.is_turning_back());
        let third = flight.begin_look();
        assert_eq!(ids(flight.choose(third, vec![a.clone(), b.clone()], 10)), (vec![a.id, b.id], vec![]));
    }

    #[test]
    fn a_retry_holds_its_chat_until_a_look_that_knows_of_it() {
        let mut flight = Flight::default();
        let (a, other) = (message(1, "15550100177"), message(2, "15550100188"));
        let before = flight.begin_look();
        flight.board(&a);
        flight.hold(&a.chat);
        let during = flight.begin_look();
        assert_eq!([before, during].map(|look| flight.may_leave(&a.chat, look)), [false, false]);
        assert!(flight.may_leave(&other.chat, during), "only its own chat");
        flight.requeued(a.id, &a.chat);
        assert!(!flight.may_leave(&a.chat, during));
        let after = flight.begin_look();
        assert!(flight.may_leave(&a.chat, after));
        for _ in 0..10 {
            flight.begin_look();
        }
        assert!(flight.held.is_empty(), "nothing is remembered for ever");
    }
}
