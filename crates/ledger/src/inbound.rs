use crate::messages::{self, Ours as _};
use crate::writer::Batch;
use crate::{Ledger, LedgerError, receipts};
use domain::{Content, Event, Message, Person, Timestamp};

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

impl Ledger {
    /// Stores messages that came in, all or none, with their events. Idempotent on (channel, chat, sender, WhatsApp id): `id` of a
    /// message counts only when it is new. `NoSuchChannel` when its channel was deleted meanwhile.
    pub async fn insert_inbound(&self, messages: Vec<Message>, at: Timestamp) -> Result<Vec<Inbound>, LedgerError> {
        self.write(move |batch| {
            Box::pin(async move {
                let mut outcomes = Vec::with_capacity(messages.len());
                for message in messages {
                    outcomes.push(take(batch, message, at).await?);
                }
                Ok(outcomes)
            })
        })
        .await
    }
}

async fn take(batch: &mut Batch, message: Message, at: Timestamp) -> Result<Inbound, LedgerError> {
    let known = messages::of_whatsapp_id(batch, message.channel, &message.whatsapp_id).await?;
    let Some(mut known) = known.into_iter().find(|known| is_same(known, &message)) else {
        messages::insert(batch, &message).await?;
        batch.log(&Event::MessageReceived { message: message.clone() }, at).await?;
        if let Some(joined) = receipts::join(batch, &message).await? {
            batch.log(&Event::MessageProgress { message: joined.clone() }, at).await?;
            return Ok(Inbound::Inserted(joined));
        }
        return Ok(Inbound::Inserted(message));
    };
    if known.content != Content::Undecryptable || message.content == Content::Undecryptable {
        return Ok(Inbound::Duplicate(known));
    }
    known.content = message.content;
    known.sender = merge(known.sender, message.sender);
    messages::touch(&mut known, at);
    messages::update(batch, &known).await?;
    batch.log(&Event::MessageResolved { message: known.clone() }, at).await?;
    Ok(Inbound::Resolved(known))
}

/// Of one channel and WhatsApp id already. A sender is the same by either address; when the two have no kind of address in
/// common, a one-to-one chat leaves no doubt who it is.
fn is_same(known: &Message, other: &Message) -> bool {
    if known.chat != other.chat || known.is_ours() != other.is_ours() {
        return false;
    }
    if known.is_ours() {
        return true;
    }
    let (a, b) = (&known.sender, &other.sender);
    match (&a.lid, &b.lid, &a.phone, &b.phone) {
        (Some(x), Some(y), _, _) => x == y,
        (_, _, Some(x), Some(y)) => x == y,
        _ => matches!(known.chat.server(), "s.whatsapp.net" | "lid"),
    }
}

/// What was known, completed by what is known now.
fn merge(before: Person, now: Person) -> Person {
    Person { phone: now.phone.or(before.phone), lid: now.lid.or(before.lid), name: now.name.or(before.name) }
}
