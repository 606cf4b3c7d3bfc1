use crate::amend::Target;
use crate::batch::Batch;
use crate::messages::{self, Ours as _};
use crate::stored::Reactions;
use crate::{Ledger, LedgerError, amendments, receipts};
use domain::{ChannelId, Content, Event, Message, Person, Timestamp};
use std::collections::{HashMap, HashSet};

/// What became of a message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// New: stored, and told by `message.received`.
    Inserted(Message),
    /// Known already (under the id of the one given here): nothing was written.
    Duplicate(Message),
    /// Known as undecryptable until now: completed under the id that it had, and told by `message.resolved`.
    Resolved(Message),
}

impl Inbound {
    /// The message as the ledger knows it.
    pub fn message(&self) -> &Message {
        match self {
            Inbound::Inserted(message) | Inbound::Duplicate(message) | Inbound::Resolved(message) => message,
        }
    }
}

/// Messages that came in together.
pub(crate) struct Arrival {
    pub messages: Vec<Message>,
    pub at: Timestamp,
}

impl Ledger {
    /// Stores messages that came in, all or none, with their events. Idempotent on (channel, chat, sender, WhatsApp id): `id` of a
    /// message counts only when it is new. `NoSuchChannel` when its channel was deleted meanwhile.
    ///
    /// An edit, a revoke or a reaction is stored like any other and applied to the message that it is about, which
    /// `message.edited`, `message.revoked` or `message.reaction` tells; when that message has not come yet, it is kept and
    /// applied when it comes.
    pub async fn insert_inbound(&self, messages: Vec<Message>, at: Timestamp) -> Result<Vec<Inbound>, LedgerError> {
        self.inner.writer.take(Arrival { messages, at }).await
    }
}

/// What is known of the messages that this transaction deals with.
#[derive(Default)]
pub(crate) struct Known {
    pub entries: Vec<Entry>,
    /// By channel and WhatsApp id.
    pub by_name: HashMap<(ChannelId, String), Vec<usize>>,
}

pub(crate) struct Entry {
    pub target: Target,
    pub is_new: bool,
    pub is_resolved: bool,
    pub is_amended: bool,
}

impl Known {
    fn add(&mut self, target: Target, is_new: bool) -> usize {
        let name = (target.message.channel, target.message.whatsapp_id.clone());
        self.by_name.entry(name).or_default().push(self.entries.len());
        self.entries.push(Entry { target, is_new, is_resolved: false, is_amended: false });
        self.entries.len() - 1
    }

    /// Those that bear this name, in order of arrival.
    pub fn named(&self, channel: ChannelId, whatsapp_id: &str) -> &[usize] {
        self.by_name.get(&(channel, whatsapp_id.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// Reads those of `names` that are not there yet.
    pub async fn read(&mut self, batch: &mut Batch, names: &[(ChannelId, &str)]) -> Result<(), LedgerError> {
        let missing: HashSet<(ChannelId, &str)> =
            names.iter().filter(|(channel, id)| self.named(*channel, id).is_empty()).copied().collect();
        if missing.is_empty() {
            return Ok(());
        }
        let rows = messages::of_whatsapp_ids(batch, &missing.iter().copied().collect::<Vec<_>>()).await?;
        for row in &rows {
            let message = messages::message(row)?;
            if missing.contains(&(message.channel, message.whatsapp_id.as_str())) {
                let reactions = Reactions::from(row.get("reactions"))?;
                self.add(Target { message, reactions }, false);
            }
        }
        Ok(())
    }
}

enum Fate {
    Inserted(usize),
    Duplicate(Box<Message>),
    Resolved(usize),
}

/// Takes arrivals in order: an answer for each. Those of a deleted channel are refused before anything is written.
pub(crate) async fn all(
    batch: &mut Batch,
    arrivals: Vec<Arrival>,
) -> Result<Vec<Result<Vec<Inbound>, LedgerError>>, LedgerError> {
    let wanted: HashSet<ChannelId> = arrivals.iter().flat_map(|a| a.messages.iter().map(|m| m.channel)).collect();
    let channels: HashSet<ChannelId> = messages::channels_of(batch, wanted.into_iter().collect()).await?.into_iter().collect();
    let mut known = Known::default();
    let names: Vec<_> = arrivals.iter().flat_map(|a| &a.messages).map(|m| (m.channel, m.whatsapp_id.as_str())).collect();
    known.read(batch, &names).await?;

    let mut fates = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        if arrival.messages.iter().any(|m| !channels.contains(&m.channel)) {
            fates.push(Err(LedgerError::NoSuchChannel));
            continue;
        }
        let mut these = Vec::with_capacity(arrival.messages.len());
        for message in arrival.messages {
            these.push(take(batch, &mut known, message, arrival.at)?);
        }
        fates.push(Ok(these));
    }
    write(batch, &mut known).await?;
    amendments::apply(batch, &mut known).await?;

    let answer = |fate| match fate {
        Fate::Inserted(at) => Inbound::Inserted(known.entries[at].target.message.clone()),
        Fate::Duplicate(message) => Inbound::Duplicate(*message),
        Fate::Resolved(at) => Inbound::Resolved(known.entries[at].target.message.clone()),
    };
    Ok(fates.into_iter().map(|fate| fate.map(|these| these.into_iter().map(answer).collect())).collect())
}

fn take(batch: &mut Batch, known: &mut Known, message: Message, at: Timestamp) -> Result<Fate, LedgerError> {
    let same = known.named(message.channel, &message.whatsapp_id).iter().copied();
    let same = same.into_iter().find(|i| is_same(&known.entries[*i].target.message, &message));
    let Some(place) = same else {
        batch.log(&Event::MessageReceived { message: message.clone() }, at)?;
        return Ok(Fate::Inserted(known.add(Target { message, reactions: Reactions::default() }, true)));
    };
    let entry = &mut known.entries[place];
    let before = &mut entry.target.message;
    if before.content != Content::Undecryptable || message.content == Content::Undecryptable {
        return Ok(Fate::Duplicate(Box::new(before.clone())));
    }
    before.content = message.content;
    before.sender = merge(std::mem::take(&mut before.sender), message.sender);
    messages::touch(before, at);
    entry.is_resolved = true;
    batch.log(&Event::MessageResolved { message: before.clone() }, at)?;
    Ok(Fate::Resolved(place))
}

/// Writes what is new and what was resolved, and joins the receipts that waited for it.
async fn write(batch: &mut Batch, known: &mut Known) -> Result<(), LedgerError> {
    let new: Vec<usize> = (0..known.entries.len()).filter(|i| known.entries[*i].is_new).collect();
    let mut messages: Vec<Message> = new.iter().map(|i| known.entries[*i].target.message.clone()).collect();
    let inserted = messages::insert(batch, &messages.iter().collect::<Vec<_>>()).await?;
    if inserted < messages.len() as u64 {
        return Err(LedgerError::Io("an id was given to two messages".into()));
    }
    for entry in known.entries.iter().filter(|e| e.is_resolved && !e.is_new) {
        messages::update(batch, &entry.target.message).await?;
    }
    for joined in receipts::join(batch, &mut messages).await? {
        let at = joined.updated_at;
        batch.log(&Event::MessageProgress { message: joined }, at)?;
    }
    for (place, message) in new.into_iter().zip(messages) {
        known.entries[place].target.message = message;
    }
    Ok(())
}

/// Of one channel and WhatsApp id already. A sender is the same by either address; when the two have no kind of address in
/// common, a one-to-one chat leaves no doubt who it is.
fn is_same(known: &Message, other: &Message) -> bool {
    if known.chat != other.chat || known.is_ours() != other.is_ours() {
        return false;
    }
    known.is_ours()
        || same_person(&known.sender, &other.sender).unwrap_or(matches!(known.chat.server(), "s.whatsapp.net" | "lid"))
}

/// `None` when the two have no kind of address in common.
pub(crate) fn same_person(a: &Person, b: &Person) -> Option<bool> {
    match (&a.lid, &b.lid, &a.phone, &b.phone) {
        (Some(x), Some(y), _, _) => Some(x == y),
        (_, _, Some(x), Some(y)) => Some(x == y),
        _ => None,
    }
}

/// What was known, completed by what is known now.
fn merge(before: Person, now: Person) -> Person {
    Person { phone: now.phone.or(before.phone), lid: now.lid.or(before.lid), name: now.name.or(before.name) }
}
