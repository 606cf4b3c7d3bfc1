//! What a person writes on a phone: texts, many texts, and what there is to say about earlier messages.

use wacore_binary::Jid;

use super::conversation::{Content, Direction, MessageStatus, PhoneMessage};
use super::letter::{Letter, Remark};
use super::memory::{Memory, now};
use super::{Phone, PhoneError, PhoneEvent, outbound, peers};

impl Phone {
    /// Writes a text to a number, in any usual form, or a jid. Returns the message's id once the network has it.
    pub async fn send_text(&self, to: &str, text: &str) -> Result<String, PhoneError> {
        let chat = self.chat_with(to, text)?;
        let mut memory = self.memory().await;
        self.send_with(&mut memory, &chat, text).await
    }

    /// Writes many texts to one chat, as fast as it goes. Returns their ids, in the same order, once the network has them all.
    pub async fn send_texts(&self, to: &str, texts: &[String]) -> Result<Vec<String>, PhoneError> {
        let Some(first) = texts.iter().find(|text| text.is_empty()).or(texts.first()) else { return Ok(Vec::new()) };
        let chat = self.chat_with(to, first)?;
        let mut memory = self.memory().await;
        self.must_be_online()?;
        let audience = outbound::audience(self.line(), &mut memory, self.account(), &chat).await?;
        let mut waiting = Vec::with_capacity(texts.len());
        for text in texts {
            let id = outbound::message_id();
            self.note(&mut memory, &chat, &id, Content::Text(text.clone()));
            let (line, own) = (self.line(), self.account());
            let stanza = outbound::compose(line, &mut memory, own, &chat, &audience, &id, Letter::text(text)).await?;
            waiting.push((self.line().begin(&id, stanza)?, id));
        }
        let mut ids = Vec::with_capacity(waiting.len());
        for (answer, id) in waiting {
            let outcome = self.line().finish(&id, answer).await.and_then(|ack| outbound::accepted(&ack));
            self.settle(&mut memory, &id, outcome)?;
            ids.push(id);
        }
        Ok(ids)
    }

    /// Writes and encrypts a text, and keeps it back until [`Self::release`]: what is sent meanwhile overtakes it.
    pub async fn hold_text(&self, to: &str, text: &str) -> Result<String, PhoneError> {
        let chat = self.chat_with(to, text)?;
        let mut memory = self.memory().await;
        self.must_be_online()?;
        let id = outbound::message_id();
        self.note(&mut memory, &chat, &id, Content::Text(text.to_owned()));
        let audience = outbound::audience(self.line(), &mut memory, self.account(), &chat).await?;
        let (line, own) = (self.line(), self.account());
        let stanza = outbound::compose(line, &mut memory, own, &chat, &audience, &id, Letter::text(text)).await?;
        memory.held.insert(id.clone(), stanza);
        Ok(id)
    }

    /// Sends a text that was held back.
    pub async fn release(&self, id: &str) -> Result<(), PhoneError> {
        let mut memory = self.memory().await;
        self.must_be_online()?;
        let stanza = memory.held.remove(id).ok_or_else(|| PhoneError::NoSuchMessage(id.to_owned()))?;
        let outcome = self.line().send(id, stanza).await.and_then(|ack| outbound::accepted(&ack));
        self.settle(&mut memory, id, outcome)
    }

    /// Puts another text in place of a message's. Returns the id of the edit itself. That a phone edits only what it wrote
    /// is not enforced here: receivers must not believe anything else.
    pub async fn edit(&self, id: &str, text: &str) -> Result<String, PhoneError> {
        if text.is_empty() {
            return Err(PhoneError::EmptyText);
        }
        self.remark(id, Remark::Edit(text.to_owned())).await
    }

    /// Deletes a message for everyone. Returns the id of the deletion itself; see [`Self::edit`].
    pub async fn revoke(&self, id: &str) -> Result<String, PhoneError> {
        self.remark(id, Remark::Revoke).await
    }

    /// Reacts to a message; an empty emoji takes the reaction back. Returns the id of the reaction itself.
    pub async fn react(&self, id: &str, emoji: &str) -> Result<String, PhoneError> {
        self.remark(id, Remark::Reaction(emoji.to_owned())).await
    }

    async fn remark(&self, target: &str, remark: Remark) -> Result<String, PhoneError> {
        let mut memory = self.memory().await;
        let messages = &memory.messages;
        let found = messages.find(target, Direction::Out).or_else(|| messages.find(target, Direction::In));
        let target = found.cloned().ok_or_else(|| PhoneError::NoSuchMessage(target.to_owned()))?;
        let letter = remark.letter(&target);
        self.write(&mut memory, &target.chat, letter, remark.content(&target)).await
    }

    pub(super) async fn send_with(&self, memory: &mut Memory, chat: &Jid, text: &str) -> Result<String, PhoneError> {
        self.write(memory, chat, Letter::text(text), Content::Text(text.to_owned())).await
    }

    async fn write(&self, memory: &mut Memory, chat: &Jid, letter: Letter, content: Content) -> Result<String, PhoneError> {
        self.must_be_online()?;
        let id = outbound::message_id();
        self.note(memory, chat, &id, content);
        let outcome = self.deliver(memory, chat, &id, letter).await;
        self.settle(memory, &id, outcome)?;
        Ok(id)
    }

    /// To all devices of the recipient, and to the own companions. Returns when the network has it.
    async fn deliver(&self, memory: &mut Memory, chat: &Jid, id: &str, letter: Letter) -> Result<(), PhoneError> {
        let (line, own) = (self.line(), self.account());
        let audience = outbound::audience(line, memory, own, chat).await?;
        let stanza = outbound::compose(line, memory, own, chat, &audience, id, letter).await?;
        outbound::accepted(&line.send(id, stanza).await?)
    }

    /// Shows the message in its chat, on its way.
    fn note(&self, memory: &mut Memory, chat: &Jid, id: &str, content: Content) {
        let message = PhoneMessage {
            id: id.to_owned(),
            chat: chat.clone(),
            from: self.account().pn.clone(),
            direction: Direction::Out,
            by_companion: false,
            offline: false,
            content,
            at: now(),
            status: MessageStatus::Pending,
            arrivals: 0,
        };
        self.record(memory, message);
    }

    fn settle(&self, memory: &mut Memory, id: &str, outcome: Result<(), PhoneError>) -> Result<(), PhoneError> {
        match &outcome {
            Ok(()) => self.raise(memory, id, Direction::Out, MessageStatus::Sent),
            Err(_) => {
                memory.messages.fail(id);
                let (phone, id, status) = (self.jid(), id.to_owned(), MessageStatus::Failed);
                self.announce(PhoneEvent::Status { phone, id, status });
            }
        }
        outcome
    }

    fn chat_with(&self, to: &str, text: &str) -> Result<Jid, PhoneError> {
        if text.is_empty() {
            return Err(PhoneError::EmptyText);
        }
        Ok(peers::resolve(&self.line().network, to)?.pn)
    }

    fn must_be_online(&self) -> Result<(), PhoneError> {
        if self.is_online() { Ok(()) } else { Err(PhoneError::Offline) }
    }
}
