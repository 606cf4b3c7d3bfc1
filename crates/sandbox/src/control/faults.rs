//! Faults: what goes wrong, for everybody, one phone's companions, or one device.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wacore_binary::Jid;

use super::body::Body;
use super::problem::Problem;
use crate::network::{Fault, Network, Target, Way};
use crate::phone::Phones;

/// What goes wrong. The lasting ones stay until `DELETE /faults`, or for `seconds`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Once: the TCP connection is cut.
    Drop,
    /// Lasting: connections open and then nothing answers.
    Hang,
    /// Once: the server stops reading and writing, the connection stays open.
    HalfOpen,
    /// Lasting: new connections are closed at once; `count` says how many.
    Refuse,
    /// Lasting: HTTP 503 and stream error 503.
    Unavailable,
    /// Lasting: every frame waits `latency_ms` (default 500); `bytes_per_second` limits the rate.
    Slow,
    /// Once: as when the same credentials log in elsewhere.
    Replaced,
    /// Lasting: temporary ban for `seconds` (default 60).
    Banned,
    /// Lasting: logins are told that the client is too old.
    Outdated,
    /// Lasting: new companions are asked for a passkey instead of being shown a code.
    Passkey,
    /// Lasting: logins fail with `code`.
    LoginFailure,
    /// Once: stream error `code`.
    StreamError,
    /// Lasting: clients that resume are turned to a full handshake (XXfallback).
    NoResumption,
    /// Lasting: messages of clients are refused with `code`; `count` says how many (all).
    Nack,
    /// Lasting: messages of clients are delivered, their senders hear nothing of it; `count` says how many (all).
    SwallowAcks,
    /// Lasting: the ack of a client's message comes `latency_ms` later (default 500); `count` says how many (all).
    DelayAcks,
    /// Lasting: the connection is cut when a message has arrived, before its ack; `count` says how often (1), `delivered`
    /// whether the message goes on to its recipients (true).
    DropBeforeAck,
    /// Lasting: stanzas vanish on their `way`; `tag` says which (all), `count` how many (1).
    Swallow,
    /// Lasting: stanzas come `latency_ms` later (default 500), overtaken by others; `way`, `tag`, `count` (1).
    Delay,
}

/// Which way a stanza goes, seen from the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WayIn {
    FromClient,
    ToClient,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultIn {
    pub kind: FaultKind,
    /// One companion, by its address.
    #[schema(example = "15550100101:1@s.whatsapp.net")]
    pub device: Option<String>,
    /// All companions of this phone. Neither: every socket.
    pub number: Option<String>,
    /// How long a lasting fault lasts.
    pub seconds: Option<u64>,
    /// `refuse`: how many connections. `nack`, `swallow_acks`, `delay_acks`, `drop_before_ack`: how many messages.
    /// `swallow`, `delay`: how many stanzas.
    pub count: Option<u32>,
    /// `slow`, `delay_acks`, `delay`: how long everything waits.
    pub latency_ms: Option<u64>,
    /// `slow`: bytes per second in each direction.
    pub bytes_per_second: Option<u32>,
    /// `login_failure`, `stream_error`, `nack`: the code.
    pub code: Option<u16>,
    /// `drop_before_ack`: whether the message goes on to its recipients (it does).
    pub delivered: Option<bool>,
    /// `swallow`, `delay`: which way (default `to_client`).
    pub way: Option<WayIn>,
    /// `swallow`, `delay`: only stanzas with this tag (`message`, `receipt`, `ack`, `iq`, `notification`, …).
    pub tag: Option<String>,
}

/// A lasting fault in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct FaultOut {
    pub kind: FaultKind,
    /// The device it hits; missing: everybody.
    pub device: Option<String>,
}

/// WebAuthn request options that a companion may show; nothing here verifies the answer.
const PASSKEY_OPTIONS: &str = r#"{"challenge":"c2FuZGJveC1jaGFsbGVuZ2U","rpId":"sandbox.invalid","timeout":60000,"userVerification":"preferred","allowCredentials":[]}"#;

/// Makes something go wrong.
#[utoipa::path(post, path = "/faults", request_body = FaultIn,
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn inject(State(phones): State<Phones>, Body(wish): Body<FaultIn>) -> Result<StatusCode, Problem> {
    let network = phones.network();
    let lasting = wish.seconds.map(Duration::from_secs);
    let Some(fault) = fault(&wish, lasting)? else {
        change(network, wish.kind, lasting);
        return Ok(StatusCode::NO_CONTENT);
    };
    for target in targets(&phones, &wish)? {
        network.inject(target.clone(), fault.clone());
        if !ends_by_itself(&fault) {
            later(network, lasting, move |network| network.heal(&target));
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends all lasting faults.
#[utoipa::path(delete, path = "/faults", responses((status = 204)))]
pub async fn heal(State(phones): State<Phones>) -> StatusCode {
    heal_all(phones.network());
    StatusCode::NO_CONTENT
}

/// Lasting faults in force.
#[utoipa::path(get, path = "/faults", responses((status = 200, body = Vec<FaultOut>)))]
pub async fn list(State(phones): State<Phones>) -> Json<Vec<FaultOut>> {
    Json(in_force(phones.network()))
}

pub fn heal_all(network: &Network) {
    network.heal_all();
    network.demand_passkey(None);
    network.refuse_resumption(false);
}

pub fn in_force(network: &Network) -> Vec<FaultOut> {
    let out = |(target, fault): (Target, Fault)| FaultOut {
        kind: kind(&fault),
        device: match target {
            Target::Everyone => None,
            Target::Device(device) => Some(device.to_string()),
        },
    };
    network.faults().into_iter().map(out).collect()
}

/// The kinds that are settings of the network rather than faults of a socket.
fn change(network: &Network, kind: FaultKind, lasting: Option<Duration>) {
    if kind == FaultKind::Passkey {
        network.demand_passkey(Some(PASSKEY_OPTIONS.to_owned()));
        later(network, lasting, |network| network.demand_passkey(None));
    } else if kind == FaultKind::NoResumption {
        network.refuse_resumption(true);
        later(network, lasting, |network| network.refuse_resumption(false));
    }
}

fn fault(wish: &FaultIn, lasting: Option<Duration>) -> Result<Option<Fault>, Problem> {
    let code = || {
        wish.code
            .ok_or_else(|| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "code_missing", "this kind of fault needs a code"))
    };
    let latency = Duration::from_millis(wish.latency_ms.unwrap_or(500));
    let (messages, once) = (wish.count, Some(wish.count.unwrap_or(1)));
    let way = match wish.way {
        Some(WayIn::FromClient) => Way::FromClient,
        Some(WayIn::ToClient) | None => Way::ToClient,
    };
    let tag = wish.tag.clone();
    Ok(Some(match wish.kind {
        FaultKind::Nack => Fault::Nack { code: code()?, messages },
        FaultKind::SwallowAcks => Fault::SwallowAcks { messages },
        FaultKind::DelayAcks => Fault::DelayAcks { delay: latency, messages },
        FaultKind::DropBeforeAck => Fault::DropBeforeAck { messages: once, delivered: wish.delivered.unwrap_or(true) },
        FaultKind::Swallow => Fault::SwallowStanzas { way, tag, stanzas: once },
        FaultKind::Delay => Fault::DelayStanzas { way, tag, delay: latency, stanzas: once },
        FaultKind::Drop => Fault::Drop,
        FaultKind::Hang => Fault::Hang,
        FaultKind::HalfOpen => Fault::HalfOpen,
        FaultKind::Refuse => Fault::Refuse { connections: wish.count, lasting },
        FaultKind::Unavailable => Fault::Unavailable,
        FaultKind::Slow => Fault::Slow { latency, bytes_per_second: wish.bytes_per_second },
        FaultKind::Replaced => Fault::Replaced,
        FaultKind::Banned => Fault::TemporaryBan { duration: lasting.unwrap_or(Duration::from_secs(60)) },
        FaultKind::Outdated => Fault::Outdated,
        FaultKind::LoginFailure => Fault::LoginFailure { code: code()? },
        FaultKind::StreamError => Fault::StreamError { code: code()? },
        FaultKind::Passkey | FaultKind::NoResumption => return Ok(None),
    }))
}

fn kind(fault: &Fault) -> FaultKind {
    match fault {
        Fault::Drop => FaultKind::Drop,
        Fault::HalfOpen => FaultKind::HalfOpen,
        Fault::Hang => FaultKind::Hang,
        Fault::Refuse { .. } => FaultKind::Refuse,
        Fault::Unavailable => FaultKind::Unavailable,
        Fault::Slow { .. } => FaultKind::Slow,
        Fault::Replaced => FaultKind::Replaced,
        Fault::TemporaryBan { .. } => FaultKind::Banned,
        Fault::Outdated => FaultKind::Outdated,
        Fault::LoginFailure { .. } => FaultKind::LoginFailure,
        Fault::StreamError { .. } => FaultKind::StreamError,
        Fault::Nack { .. } => FaultKind::Nack,
        Fault::SwallowAcks { .. } => FaultKind::SwallowAcks,
        Fault::DelayAcks { .. } => FaultKind::DelayAcks,
        Fault::DropBeforeAck { .. } => FaultKind::DropBeforeAck,
        Fault::SwallowStanzas { .. } => FaultKind::Swallow,
        Fault::DelayStanzas { .. } => FaultKind::Delay,
    }
}

fn ends_by_itself(fault: &Fault) -> bool {
    match fault {
        Fault::Drop
        | Fault::HalfOpen
        | Fault::Replaced
        | Fault::StreamError { .. }
        | Fault::Refuse { .. }
        | Fault::TemporaryBan { .. } => true,
        Fault::Hang
        | Fault::Unavailable
        | Fault::Slow { .. }
        | Fault::Outdated
        | Fault::LoginFailure { .. }
        | Fault::Nack { .. }
        | Fault::SwallowAcks { .. }
        | Fault::DelayAcks { .. }
        | Fault::DropBeforeAck { .. }
        | Fault::SwallowStanzas { .. }
        | Fault::DelayStanzas { .. } => false,
    }
}

fn targets(phones: &Phones, wish: &FaultIn) -> Result<Vec<Target>, Problem> {
    if let Some(device) = &wish.device {
        let unknown = || Problem::new(StatusCode::NOT_FOUND, "no_such_device", format!("no device {device}"));
        let jid: Jid = device.parse().map_err(|_| unknown())?;
        let devices = phones.network().devices(&jid.to_non_ad());
        let found = devices.into_iter().find(|view| view.device == jid || view.lid == jid).ok_or_else(unknown)?;
        return Ok(vec![Target::Device(found.device)]);
    }
    if let Some(number) = &wish.number {
        let devices = phones.get(number)?.linked_devices();
        return Ok(devices.into_iter().map(|view| Target::Device(view.device)).collect());
    }
    Ok(vec![Target::Everyone])
}

fn later(network: &Network, after: Option<Duration>, undo: impl FnOnce(&Network) + Send + 'static) {
    if let Some(after) = after {
        let network = network.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            undo(&network);
        });
    }
}
