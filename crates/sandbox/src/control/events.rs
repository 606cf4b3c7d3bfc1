//! What happens, as it happens: server-sent events from the network and from the phones.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::{Stream, StreamExt as _, stream};
use serde_json::{Value, json};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use super::view::MessageOut;
use crate::network::{Handshake, NetworkEvent, SocketEnd, Target};
use crate::phone::{PhoneEvent, Phones};

const HEARTBEAT: Duration = Duration::from_secs(15);

/// Events from now on: `paired`, `unlinked`, `login`, `closed`, `message`, `status` and more. The `event` field of each
/// is its type, `data` a JSON object. A reader that lags is told how many events it missed (`missed`).
#[utoipa::path(get, path = "/events", responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn stream(State(phones): State<Phones>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let network = BroadcastStream::new(phones.network().events()).map(|event| read(event, network_event));
    let people = BroadcastStream::new(phones.events()).map(|event| read(event, phone_event));
    let events = stream::select(network, people).map(|(kind, data)| {
        // Values made of strings and numbers always become JSON.
        Ok(Event::default().event(kind).data(data.to_string()))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

fn read<T>(event: Result<T, BroadcastStreamRecvError>, describe: fn(&T) -> (&'static str, Value)) -> (&'static str, Value) {
    match event {
        Ok(event) => describe(&event),
        Err(BroadcastStreamRecvError::Lagged(count)) => ("missed", json!({ "count": count })),
    }
}

fn phone_event(event: &PhoneEvent) -> (&'static str, Value) {
    match event {
        PhoneEvent::Message { phone, message } => {
            ("message", json!({ "phone": phone.user.as_str(), "message": MessageOut::from(message) }))
        }
        PhoneEvent::Status { phone, id, status } => {
            ("status", json!({ "phone": phone.user.as_str(), "id": id, "status": status }))
        }
    }
}

fn network_event(event: &NetworkEvent) -> (&'static str, Value) {
    let text = |jid: &wacore_binary::Jid| jid.to_string();
    let maybe = |jid: &Option<wacore_binary::Jid>| jid.as_ref().map(ToString::to_string);
    match event {
        NetworkEvent::AccountCreated { account } => ("account", json!({ "account": text(account) })),
        NetworkEvent::AwaitingPairing { socket } => ("awaiting_pairing", json!({ "socket": socket })),
        NetworkEvent::CodeRequested { account } => ("code_requested", json!({ "account": text(account) })),
        NetworkEvent::PasskeyAnswered { socket } => ("passkey_answered", json!({ "socket": socket })),
        NetworkEvent::DevicePaired { device } => ("paired", json!({ "device": text(device) })),
        NetworkEvent::LoggedIn { device, handshake } => {
            ("login", json!({ "device": text(device), "handshake": handshake.map(handshake_name) }))
        }
        NetworkEvent::Replaced { device, silent } => {
            ("replaced", json!({ "device": text(device), "silent_ms": u64::try_from(silent.as_millis()).unwrap_or(u64::MAX) }))
        }
        NetworkEvent::LoginRefused { device, code } => ("login_refused", json!({ "device": maybe(device), "code": code })),
        NetworkEvent::SocketClosed { device, end } => ("closed", json!({ "device": maybe(device), "by": end_name(*end) })),
        NetworkEvent::DeviceUnlinked { device } => ("unlinked", json!({ "device": text(device) })),
        NetworkEvent::MessageRouted { id, from, recipients } => {
            ("routed", json!({ "id": id, "from": text(from), "recipients": recipients }))
        }
        NetworkEvent::MessageRefused { id, from, code } => ("refused", json!({ "id": id, "from": text(from), "code": code })),
        NetworkEvent::MessageTaken { id, device } => ("taken", json!({ "id": id, "device": text(device) })),
        NetworkEvent::ReceiptRouted { id, from, kind } => ("receipt", json!({ "id": id, "from": text(from), "kind": kind })),
        NetworkEvent::PreKeysUploaded { device, count } => ("pre_keys", json!({ "device": text(device), "count": count })),
        NetworkEvent::PatchStored { account, collection, version } => {
            ("patch", json!({ "account": text(account), "collection": collection, "version": version }))
        }
        NetworkEvent::FaultHit { device, fault } => {
            ("fault", json!({ "device": maybe(device), "fault": format!("{fault:?}") }))
        }
        NetworkEvent::UnknownStanza { device, what } => ("unknown_stanza", json!({ "device": maybe(device), "what": what })),
        NetworkEvent::Healed { target } => {
            let device = match target {
                Target::Everyone => None,
                Target::Device(device) => Some(device.to_string()),
            };
            ("healed", json!({ "device": device }))
        }
    }
}

fn handshake_name(handshake: Handshake) -> &'static str {
    match handshake {
        Handshake::Xx => "xx",
        Handshake::Ik => "ik",
        Handshake::XxFallback => "xx_fallback",
    }
}

fn end_name(end: SocketEnd) -> &'static str {
    match end {
        SocketEnd::ByPeer => "peer",
        SocketEnd::ByNetwork => "network",
        SocketEnd::ByFault => "fault",
        SocketEnd::TooSlow => "too_slow",
    }
}
