//! A connection that is not a device yet: it is shown references, a phone answers one of them, the companion
//! countersigns, and is sent away with 515 to come back as a device.

use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;
use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::account::Device;
use super::event::{NetworkEvent, SocketEnd};
use super::fault::Verdict;
use super::identity::countersigned;
use super::keys::{Keys, SignedPreKey};
use super::socket::Holder;
use super::stanza::{self, bytes, child, child_content, is, refusal, result, server_jid, stream_error, text};
use super::world::{World, is_answer};
use super::{PairError, PairingAnswer, SocketId};

/// References shown to one connection.
const REFERENCES: u32 = 6;
/// Companions besides the phone.
const MAX_COMPANIONS: usize = 4;

/// What an unpaired client says about itself.
#[derive(Clone, Debug)]
pub struct Registration {
    pub noise_key: [u8; 32],
    pub registration: u32,
    pub identity: [u8; 32],
    pub signed: SignedPreKey,
    /// For people: `Chrome (Linux)`.
    pub platform: String,
}

/// An unpaired connection.
#[derive(Debug)]
pub struct Candidate {
    registration: Registration,
    references: Vec<Reference>,
    pub(super) code: Option<CodePairing>,
    offer: Option<Offer>,
    pub(super) passkey: Option<super::passkey::Stage>,
    expires: SystemTime,
}

#[derive(Debug)]
struct Reference {
    text: String,
    from: SystemTime,
    until: SystemTime,
}

/// Pairing by code in progress.
#[derive(Debug)]
pub struct CodePairing {
    pub account: usize,
    pub reference: String,
}

/// The phone's answer, waiting for the companion's signature.
#[derive(Debug)]
struct Offer {
    account: usize,
    device: u16,
    answer: PairingAnswer,
    iq: String,
    reply: Option<oneshot::Sender<Result<Jid, PairError>>>,
}

#[derive(Debug)]
pub struct Pairings {
    pub first: Duration,
    pub later: Duration,
    /// Asked of new candidates instead of showing references.
    pub passkey_options: Option<String>,
    /// Unguessable part of references: they look like WhatsApp's, `2@…`.
    pub salt: u64,
}

impl Default for Pairings {
    fn default() -> Self {
        Self { first: Duration::from_secs(60), later: Duration::from_secs(20), passkey_options: None, salt: rand::random() }
    }
}

impl World {
    /// Opens the socket of an unpaired client and shows it references (or asks for a passkey).
    pub fn register(&mut self, registration: Registration) -> SocketId {
        let candidate =
            Candidate { registration, references: Vec::new(), code: None, offer: None, passkey: None, expires: self.now };
        let socket = self.open(Holder::Candidate(Box::new(candidate)), false);
        if let Some(pace) = self.troubles.pace(None) {
            self.outbox.push((socket, super::Delivery::Pace(Some(pace))));
        }
        // A ban of everyone is a ban of accounts; newcomers only meet what is about the client or the server.
        if let Verdict::Fail { stanza, fault } = self.troubles.at_login(&Jid::default(), self.now)
            && matches!(fault, super::Fault::Outdated | super::Fault::Unavailable)
        {
            self.hit(None, &fault);
            self.finish(socket, Some(stanza), SocketEnd::ByFault);
            return socket;
        }
        match self.pairings.passkey_options.clone() {
            Some(options) => self.demand_passkey(socket, &options),
            None => self.show_references(socket),
        }
        self.tell(NetworkEvent::AwaitingPairing { socket: socket.0 });
        socket
    }

    /// `pair-device` with all references; the client shows one after the other.
    pub(super) fn show_references(&mut self, socket: SocketId) {
        let mut from = self.now;
        let mut references = Vec::new();
        for place in 0..REFERENCES {
            let life = if place == 0 { self.pairings.first } else { self.pairings.later };
            let text = self.fresh_reference();
            references.push(Reference { text, from, until: from + life });
            from += life;
        }
        let id = self.fresh_id();
        let content = references.iter().map(|reference| bytes("ref", reference.text.as_bytes()));
        let iq = NodeBuilder::new("iq")
            .attr("from", server_jid())
            .attr("type", "set")
            .attr("xmlns", "md")
            .attr("id", id)
            .children([NodeBuilder::new("pair-device").children(content).build()])
            .build();
        self.outbox.push((socket, super::Delivery::Stanza(iq)));
        if let Some(candidate) = self.candidate_mut(socket) {
            candidate.references = references;
            candidate.expires = from;
        }
    }

    pub(super) fn fresh_reference(&mut self) -> String {
        use base64::Engine as _;
        use sha2::Digest as _;
        let id = self.fresh_id();
        let digest = sha2::Sha256::new().chain_update(self.pairings.salt.to_be_bytes()).chain_update(id).finalize();
        format!("2@{}", base64::engine::general_purpose::STANDARD.encode(digest))
    }

    /// When this connection's last reference is spent; `None` for one that is not waiting to be paired.
    pub fn pairing_deadline(&self, socket: SocketId) -> Option<SystemTime> {
        match &self.sockets.get(&socket)?.holder {
            Holder::Candidate(candidate) => Some(candidate.expires),
            Holder::Device(_) | Holder::Nobody => None,
        }
    }

    /// The references are spent: the connection ends, the client comes back for fresh ones.
    pub fn pairing_expired(&mut self, socket: SocketId) {
        if self.pairing_deadline(socket).is_some_and(|deadline| deadline <= self.now) {
            self.finish(socket, None, SocketEnd::ByNetwork);
        }
    }

    /// The phone has signed. The answer arrives on the channel when the companion has.
    pub fn accept_pairing(&mut self, account: &Jid, answer: PairingAnswer) -> oneshot::Receiver<Result<Jid, PairError>> {
        let (reply, promise) = oneshot::channel();
        if let Err((reply, error)) = self.offer(account, answer, reply) {
            let _ = reply.send(Err(error));
        }
        promise
    }

    fn offer(
        &mut self,
        account: &Jid,
        answer: PairingAnswer,
        reply: oneshot::Sender<Result<Jid, PairError>>,
    ) -> Result<(), (oneshot::Sender<Result<Jid, PairError>>, PairError)> {
        let Some(account) = self.find(account) else { return Err((reply, PairError::NoAccount)) };
        let Some(socket) = self.waiting_for(&answer.reference, account) else {
            return Err((reply, PairError::UnknownReference));
        };
        let person = &mut self.accounts[account];
        if person.devices.len() > MAX_COMPANIONS {
            return Err((reply, PairError::TooManyDevices));
        }
        let device = person.next_device;
        person.next_device += 1;
        let mut content = vec![
            bytes("device-identity", answer.device_identity.clone()),
            NodeBuilder::new("biz").attr("name", "").build(),
            NodeBuilder::new("device").attr("jid", person.pn_jid(device)).attr("lid", person.lid_jid(device)).build(),
            NodeBuilder::new("platform").attr("name", "android").build(),
        ];
        content.extend(answer.client_props.clone().map(|props| bytes("client-props", props)));
        let iq_id = self.fresh_id();
        let iq = NodeBuilder::new("iq")
            .attr("from", server_jid())
            .attr("type", "set")
            .attr("xmlns", "md")
            .attr("id", iq_id.as_str())
            .attr("t", self.unix())
            .children([NodeBuilder::new("pair-success").children(content).build()])
            .build();
        if let Some(candidate) = self.candidate_mut(socket) {
            candidate.offer = Some(Offer { account, device, answer, iq: iq_id, reply: Some(reply) });
        }
        self.outbox.push((socket, super::Delivery::Stanza(iq)));
        Ok(())
    }

    /// The connection that was given this reference, while it is valid. A phone that scans in the last moment is
    /// still answered: a reference lives on while its successor is shown.
    fn waiting_for(&self, reference: &str, account: usize) -> Option<SocketId> {
        let grace = self.pairings.later;
        let shown = |known: &Reference| known.text == reference && known.from <= self.now && self.now < known.until + grace;
        self.sockets.iter().find_map(|(id, socket)| match &socket.holder {
            Holder::Candidate(candidate) if candidate.offer.is_none() => {
                let by_code = candidate.code.as_ref().is_some_and(|c| c.reference == reference && c.account == account);
                (by_code || candidate.references.iter().any(shown)).then_some(*id)
            }
            Holder::Candidate(_) | Holder::Device(_) | Holder::Nobody => None,
        })
    }

    pub(super) fn hear_candidate(&mut self, socket: SocketId, stanza: &Node) {
        match stanza.tag.as_ref() {
            "iq" if is_answer(stanza) => self.pairing_answered(socket, stanza),
            "iq" => {
                let answer = match text(stanza, "xmlns").as_deref() {
                    Some("md") => self.on_candidate_md(socket, stanza),
                    Some("w:p") => {
                        self.counters.pings += 1;
                        Some(result(stanza, []))
                    }
                    other => {
                        let what = format!("iq:{}:{} (unpaired)", other.unwrap_or(""), stanza::topic(stanza));
                        self.unknown(None, what);
                        Some(refusal(stanza, 501, "feature-not-implemented"))
                    }
                };
                self.outbox.extend(answer.map(|answer| (socket, super::Delivery::Stanza(answer))));
            }
            "ack" | "ib" | "presence" => {}
            tag => self.unknown(None, format!("{tag} (unpaired)")),
        }
    }

    fn on_candidate_md(&mut self, socket: SocketId, iq: &Node) -> Option<Node> {
        match stanza::topic(iq) {
            "link_code_companion_reg" => Some(self.on_companion_code(socket, iq)),
            "ref" | "passkey_request_options" | "passkey_prologue" | "companion_nonce" | "encrypted_pairing_request" => {
                Some(self.on_passkey(socket, iq))
            }
            topic => {
                self.unknown(None, format!("iq:md:{topic} (unpaired)"));
                Some(refusal(iq, 501, "feature-not-implemented"))
            }
        }
    }

    /// `pair-device-sign` or a refusal to our `pair-success`; other answers (to `pair-device`) need nothing.
    fn pairing_answered(&mut self, socket: SocketId, iq: &Node) {
        let Some(candidate) = self.candidate_mut(socket) else { return };
        let mine = text(iq, "id").is_some_and(|id| candidate.offer.as_ref().is_some_and(|offer| offer.iq == id));
        let Some(mut offer) = candidate.offer.take_if(|_| mine) else { return };
        let outcome = self.complete(socket, iq, &offer);
        let paired = outcome.is_ok();
        if let Some(reply) = offer.reply.take() {
            let _ = reply.send(outcome);
        }
        if paired {
            self.finish(socket, Some(stream_error(515)), SocketEnd::ByNetwork);
        }
    }

    fn complete(&mut self, socket: SocketId, iq: &Node, offer: &Offer) -> Result<Jid, PairError> {
        if is(iq, "type", "error") {
            let error = child(iq, "error");
            let code = error.and_then(|error| stanza::number(error, "code")).unwrap_or(0);
            let text = error.and_then(|error| text(error, "text")).unwrap_or_default().into_owned();
            return Err(PairError::Refused { code, text });
        }
        let signed = child(iq, "pair-device-sign")
            .and_then(|sign| child_content(sign, "device-identity"))
            .ok_or(PairError::Malformed("no device identity"))?;
        let registration = match self.candidate_mut(socket) {
            Some(candidate) => candidate.registration.clone(),
            None => return Err(PairError::Gone),
        };
        let identity = countersigned(&signed, &offer.answer.device_identity, &registration.identity)?;
        let now = self.unix();
        let person = &mut self.accounts[offer.account];
        person.key_index_list = Some(offer.answer.key_index_list.clone());
        person.list_time = now;
        person.devices.insert(
            offer.device,
            Device {
                key_index: offer.answer.key_index,
                noise_key: Some(registration.noise_key),
                identity: Some(identity),
                keys: Some(Keys {
                    registration: registration.registration,
                    identity: registration.identity,
                    signed: registration.signed,
                    one_time: Default::default(),
                }),
                platform: registration.platform,
                ..Device::default()
            },
        );
        let device = person.pn_jid(offer.device);
        self.tell(NetworkEvent::DevicePaired { device: device.clone() });
        self.tell_of_device("add", offer.account, offer.device, offer.answer.key_index);
        Ok(device)
    }

    pub(super) fn candidate_mut(&mut self, socket: SocketId) -> Option<&mut Candidate> {
        match &mut self.sockets.get_mut(&socket)?.holder {
            Holder::Candidate(candidate) => Some(candidate),
            Holder::Device(_) | Holder::Nobody => None,
        }
    }

    /// Dropping the candidate drops its offer's channel; the phone hears [`PairError::Gone`].
    pub(super) fn candidate_gone(&mut self, candidate: &Candidate) {
        tracing::debug!(paired = candidate.offer.is_none(), "an unpaired connection ended");
    }
}

impl Candidate {
    pub(super) fn noise_key(&self) -> [u8; 32] {
        self.registration.noise_key
    }

    pub(super) fn wait_until(&mut self, deadline: SystemTime) {
        self.expires = self.expires.max(deadline);
    }
}
