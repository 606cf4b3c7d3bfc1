//! Linking and unlinking companions.

use std::time::Duration;

use wacore_binary::Jid;
use wacore_binary::builder::NodeBuilder;

use super::companion::{CompanionOffer, vouch};
use super::keys::{bytes_node, iq};
use super::link_code::{CodeExchange, normalise};
use super::memory::{CodePairing, Memory, seconds};
use super::{Phone, PhoneError, history, outbound};
use crate::network::{DeviceView, PairingAnswer};

/// A companion answers the phone's side of a code within this or not at all (its own PBKDF2 included).
const FINISH_DEADLINE: Duration = Duration::from_secs(30);

impl Phone {
    /// Scans the QR code of a companion. Returns its device jid when it has countersigned; it logs in right after.
    pub async fn scan(&self, qr_text: &str) -> Result<Jid, PhoneError> {
        let offer = CompanionOffer::from_qr(qr_text)?;
        if !self.is_online() {
            return Err(PhoneError::Offline);
        }
        self.link(offer).await
    }

    /// Waits until a companion asks to be linked to this number by code.
    pub async fn wait_for_code_request(&self, deadline: Duration) -> Result<(), PhoneError> {
        self.wait_in(deadline, |memory| matches!(memory.code, CodePairing::Requested { .. }).then_some(())).await
    }

    /// Types the code that a companion shows, after it has asked to be linked to this number.
    pub async fn enter_code(&self, code: &str) -> Result<Jid, PhoneError> {
        let code = normalise(code)?;
        if !self.is_online() {
            return Err(PhoneError::Offline);
        }
        let (reference, wrapped) = match &self.memory().await.code {
            CodePairing::Requested { reference, wrapped_ephemeral } => (reference.clone(), wrapped_ephemeral.clone()),
            CodePairing::Idle | CodePairing::Answered | CodePairing::Finished { .. } => {
                return Err(PhoneError::NoCodeRequested);
            }
        };
        // Deriving the key takes a good part of a second of pure computing.
        let (exchange, answer) = tokio::task::spawn_blocking(move || {
            let exchange = CodeExchange::begin(&wrapped, &code)?;
            let answer = exchange.answer(&code)?;
            Ok::<_, PhoneError>((exchange, answer))
        })
        .await
        .map_err(|error| PhoneError::Protocol(error.to_string()))??;
        self.answer_code(&reference, answer).await?;
        let (bundle, identity) = self.wait_for_bundle(&reference).await?;
        let offer = {
            let mut memory = self.memory().await;
            memory.code = CodePairing::Idle;
            let reference =
                String::from_utf8(reference).map_err(|_| PhoneError::Protocol("pairing reference is not text".to_owned()))?;
            exchange.finish(&memory.keys, reference, &bundle, &identity)?
        };
        self.link(offer).await
    }

    async fn answer_code(&self, reference: &[u8], wrapped_ephemeral: Vec<u8>) -> Result<(), PhoneError> {
        let mut memory = self.memory().await;
        memory.code = CodePairing::Answered;
        let hello = NodeBuilder::new("link_code_companion_reg")
            .attr("jid", &self.account().pn)
            .attr("stage", "primary_hello")
            .children([
                bytes_node("link_code_pairing_wrapped_primary_ephemeral_pub", wrapped_ephemeral),
                bytes_node("primary_identity_pub", memory.keys.identity_public()),
                bytes_node("link_code_pairing_ref", reference),
            ])
            .build();
        self.line().ask(iq("set", "md", vec![hello])).await.map(drop)
    }

    async fn wait_for_bundle(&self, wanted: &[u8]) -> Result<(Vec<u8>, Vec<u8>), PhoneError> {
        self.wait_in(FINISH_DEADLINE, |memory| match &memory.code {
            CodePairing::Finished { reference, bundle, identity } if reference == wanted => {
                Some((bundle.clone(), identity.clone()))
            }
            CodePairing::Idle | CodePairing::Requested { .. } | CodePairing::Answered | CodePairing::Finished { .. } => None,
        })
        .await
        .map_err(|_| PhoneError::Pairing("it did not answer; was the code typed right?".to_owned()))
    }

    async fn link(&self, offer: CompanionOffer) -> Result<Jid, PhoneError> {
        // One linking at a time, so that two companions never get the same key index.
        let _turn = self.linking().lock().await;
        let now = u64::try_from(seconds()).unwrap_or_default();
        let (roster, answer) = {
            let memory = self.memory().await;
            let (roster, key_index) = memory.roster.admit();
            let answer = PairingAnswer {
                reference: offer.reference.clone(),
                device_identity: vouch(&memory.keys, &offer, roster.raw_id(), key_index, now)?,
                key_index,
                key_index_list: roster.signed(&memory.keys, now)?,
                client_props: None,
            };
            (roster, answer)
        };
        let device = self
            .line()
            .network
            .accept_pairing(&self.account().pn, answer)
            .await
            .map_err(|error| PhoneError::Pairing(error.to_string()))?;
        self.memory().await.roster = roster;
        self.tick();
        Ok(device)
    }

    /// Companions of this account, with the state of their sockets.
    pub fn linked_devices(&self) -> Vec<DeviceView> {
        let devices = self.line().network.devices(&self.account().pn);
        devices.into_iter().filter(|view| view.device.device != 0).collect()
    }

    /// Logs a companion out, as a person does in the list of linked devices.
    pub async fn unlink(&self, device: &Jid) -> Result<(), PhoneError> {
        let _turn = self.linking().lock().await;
        let linked = self.linked_devices();
        let view = linked
            .iter()
            .find(|view| view.device == *device || view.lid == *device)
            .ok_or_else(|| PhoneError::NoSuchDevice(device.to_string()))?;
        let list = self.dismiss(view.key_index, &view.device).await?;
        self.line().network.unlink(&view.device, Some(list)).map_err(|error| PhoneError::Refused(error.to_string()))
    }

    /// A companion has logged itself out: the phone's signed list must no longer name it.
    pub(super) async fn companion_left(&self, device: &Jid) -> Result<(), PhoneError> {
        let _turn = self.linking().lock().await;
        let key_indexes: Vec<u32> = self.linked_devices().iter().map(|view| view.key_index).collect();
        let gone: Vec<u32> = {
            let indexes = self.memory().await.roster.indexes();
            indexes.into_iter().filter(|index| *index != 0 && !key_indexes.contains(index)).collect()
        };
        for index in gone {
            let list = self.dismiss(index, device).await?;
            self.line()
                .network
                .publish_key_index_list(&self.account().pn, list)
                .map_err(|error| PhoneError::Refused(error.to_string()))?;
        }
        Ok(())
    }

    async fn dismiss(&self, key_index: u32, device: &Jid) -> Result<Vec<u8>, PhoneError> {
        let mut memory = self.memory().await;
        memory.roster.dismiss(key_index);
        memory.welcomed.remove(device);
        let peer = super::peers::address(&self.line().network, device);
        memory.sessions.forget(&peer);
        memory.roster.signed(&memory.keys, u64::try_from(seconds()).unwrap_or_default())
    }

    /// Gives companions that can be written to and have not been welcomed the app-state key and the history.
    pub(super) async fn welcome_companions(&self) -> Result<(), PhoneError> {
        for view in self.linked_devices() {
            let mut memory = self.memory().await;
            if view.pre_keys_left > 0 && memory.welcomed.insert(view.device.clone()) {
                let outcome = self.welcome(&mut memory, &view.device).await;
                if outcome.is_err() {
                    memory.welcomed.remove(&view.device);
                }
                outcome?;
            }
        }
        Ok(())
    }

    async fn welcome(&self, memory: &mut Memory, device: &Jid) -> Result<(), PhoneError> {
        let share = memory.app_state.key_share(&memory.roster, None, seconds());
        outbound::deliver_to_companion(self.line(), &mut memory.sessions, device, &share).await?;
        let history = history::bootstrap(self.account(), &memory.push_name)?;
        outbound::deliver_to_companion(self.line(), &mut memory.sessions, device, &history).await
    }
}
