use crate::people;
use domain::Timestamp;
use socket::{Kept, ReceiptKind, SocketEvent};
use wacore::types::events::{Receipt, ServerAck};
use wacore::types::presence::ReceiptType;
use whatsapp_rust::Client;

/// The server's word on a message of ours; acks of receipts and the like concern nobody.
pub(super) fn server_ack(ack: &ServerAck, now: Timestamp) -> Option<SocketEvent> {
    if ack.class.as_deref() != Some("message") {
        return None;
    }
    // A refusal in a form that we cannot read is still a refusal.
    let error = ack.error.as_deref().map(|code| code.parse().unwrap_or(0));
    let at = ack.timestamp.map_or(now, |t| Timestamp::from_millis(t.timestamp_millis()));
    Some(SocketEvent::ServerAck { whatsapp_id: ack.id.clone(), error, at })
}

/// What a recipient did with messages of ours. What our account's other devices did says nothing of the recipient.
#[allow(clippy::wildcard_enum_match_arm, reason = "whatsapp-rust's enums are open")]
pub(super) async fn receipt(client: &Client, receipt: &Receipt, kept: &Kept) -> Option<SocketEvent> {
    let kind = match receipt.r#type {
        ReceiptType::Delivered => ReceiptKind::Delivered,
        ReceiptType::Read => ReceiptKind::Read,
        ReceiptType::Played => ReceiptKind::Played,
        _ => return None,
    };
    let source = &receipt.source;
    let ours = |jid: &wacore_binary::Jid| {
        [client.pn(), client.lid()].iter().flatten().any(|own| own.user == jid.user && own.server == jid.server)
    };
    if ours(&source.sender) {
        return None;
    }
    let alternative = source.sender_alt.as_ref();
    let by = people::person(client, &source.sender, alternative, None).await;
    // In a group the alternative is the sender's, not the chat's.
    let chat_alternative = if source.is_group { None } else { alternative };
    let chat = people::chat(client, &source.chat, chat_alternative).await?;
    Some(SocketEvent::Receipt {
        chat,
        by,
        whatsapp_ids: receipt.message_ids.clone(),
        kind,
        at: Timestamp::from_millis(receipt.timestamp.timestamp_millis()),
        kept: kept.clone(),
    })
}
