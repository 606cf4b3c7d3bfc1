//! What whatsapp-rust says, told on in our words.

use super::super::ear::Heard;
use super::super::pairing::{self, Step};
use super::super::{inbound, now, receipt};
use super::{LAST_WORDS, Life, Phase};
use crate::people;
use domain::Identity;
use socket::{Close, SocketEvent};
use std::sync::Arc;
use wacore::types::events::{Event, PairSuccess};

impl Life {
    /// One event of whatsapp-rust.
    #[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
    pub(super) async fn hear(&mut self, Heard { event, kept }: Heard) {
        let event = &*event;
        self.shared.event_left();
        if let Some(close) = pairing::verdict(&self.shared, event) {
            self.shared.decide(close);
            return;
        }
        match event {
            Event::Connected(_) => self.opened().await,
            Event::PairSuccess(success) => self.linked(success).await,
            Event::SelfPushNameUpdated(update) if self.phase == Phase::Open && !update.new_name.is_empty() => {
                self.tell(SocketEvent::PushName { name: update.new_name.clone() }).await;
            }
            Event::ServerAck(ack) => {
                if let Some(told) = receipt::server_ack(ack, now()) {
                    self.tell(told).await;
                }
            }
            Event::Receipt(receipt) => match receipt::receipt(&self.client, receipt, &kept).await {
                Some(told) => self.tell(told).await,
                None => kept.settle(),
            },
            Event::Messages(batch) => inbound::past_the_hook(&self.client, &self.opening.inbox, &self.shared, batch).await,
            Event::UndecryptableMessage(lost) => {
                inbound::undecryptable(&self.client, &self.opening.inbox, &self.shared, lost).await;
            }
            other if !self.traces.just_paired => self.linking(other).await,
            _ => {}
        }
    }

    async fn linking(&mut self, event: &Event) {
        let shows = matches!(event, Event::PairingQrCode(_) | Event::PairPasskeyRequest(_));
        if shows && self.phase != Phase::Pairing {
            // The event may overtake our look at the connection.
            if self.phase == Phase::Connecting {
                self.traces.handshaken = true;
                self.tell(SocketEvent::Handshaken).await;
            }
            self.enter(Phase::Pairing);
        }
        match pairing::step(&self.shared, event) {
            Step::Tell(told) => self.tell(told).await,
            Step::End(close) => self.shared.decide(close),
            Step::RequestCode(phone) => {
                let (client, shared) = (Arc::clone(&self.client), Arc::clone(&self.shared));
                self.tasks.spawn(async move {
                    // A refusal is told as an event of its own, unless the connection went away.
                    if let Err(e) = pairing::ask(&client, &phone).await {
                        tracing::debug!(channel.id = %shared.channel, error = %e, "no pairing code");
                    }
                });
            }
            Step::Nothing => {}
        }
    }

    async fn linked(&mut self, success: &PairSuccess) {
        // The engine may rely on it from the moment it hears of it.
        if let Err(e) = self.persistence.flush().await {
            tracing::error!(channel.id = %self.shared.channel, error = %e, "the new link could not be stored");
            self.shared.storage_failed();
            return;
        }
        self.parts.auth_states.sync(self.shared.channel).await;
        self.traces.just_paired = true;
        self.enter(Phase::Paired);
        let name = Some(success.business_name.clone()).filter(|n| !n.is_empty());
        let identity = Identity { phone: people::phone(&success.id), lid: people::lid(&success.lid), push_name: name };
        self.tell(SocketEvent::Paired { identity }).await;
    }

    pub(super) async fn opened(&mut self) {
        if self.phase == Phase::Open {
            return;
        }
        if !self.traces.handshaken {
            self.traces.handshaken = true;
            self.tell(SocketEvent::Handshaken).await;
        }
        self.enter(Phase::Open);
        self.shared.set_open();
        let identity = Identity {
            phone: self.client.pn().as_ref().and_then(people::phone),
            lid: self.client.lid().as_ref().and_then(people::lid),
            push_name: Some(self.client.push_name()).filter(|n| !n.is_empty()),
        };
        self.tell(SocketEvent::Opened { identity }).await;
    }

    /// Tells the engine, waiting for room. An engine that is gone ends the session.
    pub(super) async fn tell(&mut self, event: SocketEvent) {
        if self.deaf {
            return;
        }
        let told = self.opening.events.send(event);
        tokio::pin!(told);
        let taken = tokio::select! {
            taken = &mut told => taken.is_ok(),
            () = self.shared.asked_to_end() => match tokio::time::timeout(LAST_WORDS, told).await {
                Ok(taken) => taken.is_ok(),
                Err(_) => {
                    tracing::warn!(channel.id = %self.shared.channel, "the engine takes no events; the last ones are lost");
                    self.deaf = true;
                    true
                }
            },
        };
        if !taken {
            self.shared.decide(Close::Asked);
        }
    }
}
