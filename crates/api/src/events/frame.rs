use bytes::Bytes;
use ledger::LoggedEvent;
use serde::Serialize;
use serde_json::value::RawValue;

/// What keeps a silent connection from being taken for a dead one.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b": heartbeat\n\n");
/// How soon a browser comes back when the stream ends, in milliseconds.
pub(super) const RETRY: Bytes = Bytes::from_static(b"retry: 1000\n\n");

/// An event as JSON, its data untouched. The same fields as `wire::EventOut`, without a copy of each.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    id: String,
    seq: u64,
    #[serde(rename = "type")]
    kind: &'a str,
    timestamp: String,
    channel_id: Option<String>,
    data: &'a RawValue,
}

impl<'a> From<&'a LoggedEvent> for Envelope<'a> {
    fn from(e: &'a LoggedEvent) -> Self {
        Envelope {
            id: e.id.to_string(),
            seq: e.seq,
            kind: &e.kind,
            timestamp: e.at.to_string(),
            channel_id: e.channel.map(|c| c.to_string()),
            data: &e.data,
        }
    }
}

/// The same, to be kept within another answer.
pub(crate) fn envelope(e: LoggedEvent) -> wire::EventOut {
    wire::EventOut {
        id: e.id.to_string(),
        seq: e.seq,
        kind: e.kind,
        timestamp: e.at.to_string(),
        channel_id: e.channel.map(|c| c.to_string()),
        data: e.data,
    }
}

/// One server-sent event. JSON has no line breaks of its own, so one `data` line holds it.
pub(super) fn event(logged: &LoggedEvent) -> Bytes {
    named(&logged.kind, Some(logged.seq), &Envelope::from(logged))
}

pub(super) fn named(kind: &str, id: Option<u64>, body: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(body).expect("these structs have only string keys and plain values");
    // A frozen value may have been written over several lines, which would end the event early.
    let json = if json.contains(['\n', '\r']) { json.replace(['\n', '\r'], " ") } else { json };
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("{id}event: {kind}\ndata: {json}\n\n"))
}
