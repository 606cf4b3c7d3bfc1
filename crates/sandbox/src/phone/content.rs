//! Reading a decrypted `Message`: what it is, whose chat it belongs to, and what the phone itself must act on.

use buffa::Message as _;
use waproto::tags::message as field;
use waproto::whatsapp as wa;

use super::PhoneError;
use super::conversation::Content;

/// A decrypted message, unwrapped from what a companion of the same account wraps around it.
pub(super) enum Opened {
    /// Something for a chat. `sent_to` is set when a companion of this account sent it there.
    Chat { content: Content, sent_to: Option<String> },
    /// A companion asks for app-state keys.
    KeyRequest(Vec<Vec<u8>>),
    /// Anything else that devices of one account tell each other, by kind.
    Internal(String),
}

/// Decodes the plaintext of an `<enc>` after its padding came off.
pub(super) fn open(plaintext: &[u8]) -> Result<Opened, PhoneError> {
    let message = decode(plaintext)?;
    if let Some(sent) = message.device_sent_message.as_option() {
        let Some(inner) = sent.message.as_option() else {
            return Ok(Opened::Internal("device_sent_without_message".to_owned()));
        };
        return Ok(match open_plain(inner, &inner.encode_to_vec()) {
            Opened::Chat { content, .. } => Opened::Chat { content, sent_to: sent.destination_jid.clone() },
            inner @ (Opened::KeyRequest(_) | Opened::Internal(_)) => inner,
        });
    }
    Ok(open_plain(&message, plaintext))
}

fn decode(bytes: &[u8]) -> Result<wa::Message, PhoneError> {
    waproto::codec::message_decode(bytes).map_err(|error| PhoneError::Protocol(format!("message: {error}")))
}

fn open_plain(message: &wa::Message, bytes: &[u8]) -> Opened {
    let chat = |content| Opened::Chat { content, sent_to: None };
    if let Some(text) = text(message) {
        return chat(Content::Text(text));
    }
    if let Some(reaction) = message.reaction_message.as_option() {
        let emoji = reaction.text.clone().unwrap_or_default();
        return chat(Content::Reaction { target: target(reaction.key.as_option()), emoji });
    }
    // On the wire an edit is a protocol message; kept ones have it in a wrapper.
    let wrapped = message.edited_message.as_option().and_then(|wrapper| wrapper.message.as_option());
    let inner = wrapped.unwrap_or(message);
    if let Some(protocol) = inner.protocol_message.as_option() {
        return open_protocol(protocol);
    }
    match kind(bytes) {
        Some(kind) => chat(Content::Other(kind)),
        None => Opened::Internal("empty".to_owned()),
    }
}

fn open_protocol(protocol: &wa::message::ProtocolMessage) -> Opened {
    use wa::message::protocol_message::Type;
    if let Some(request) = protocol.app_state_sync_key_request.as_option() {
        return Opened::KeyRequest(request.key_ids.iter().filter_map(|id| id.key_id.clone()).collect());
    }
    let target = target(protocol.key.as_option());
    // Of the protocol messages only these two show in a chat.
    let content = match protocol.r#type {
        Some(Type::REVOKE) => Content::Revoke { target },
        Some(Type::MESSAGE_EDIT) => {
            let text = protocol.edited_message.as_option().and_then(text).unwrap_or_default();
            Content::Edit { target, text }
        }
        other => {
            return Opened::Internal(other.map_or_else(|| "protocol".to_owned(), |kind| format!("{kind:?}").to_lowercase()));
        }
    };
    Opened::Chat { content, sent_to: None }
}

fn target(key: Option<&wa::MessageKey>) -> String {
    key.and_then(|key| key.id.clone()).unwrap_or_default()
}

/// A text in either of its forms.
fn text(message: &wa::Message) -> Option<String> {
    let extended = || message.extended_text_message.as_option().and_then(|extended| extended.text.clone());
    message.conversation.clone().filter(|text| !text.is_empty()).or_else(extended)
}

/// The kind of a message by the first field it carries; unknown fields by their number.
fn kind(bytes: &[u8]) -> Option<String> {
    let number = fields(bytes)
        .find(|number| !matches!(*number, field::MESSAGE_CONTEXT_INFO | field::SENDER_KEY_DISTRIBUTION_MESSAGE))?;
    let name = match number {
        field::IMAGE_MESSAGE => "image",
        field::CONTACT_MESSAGE | field::CONTACTS_ARRAY_MESSAGE => "contact",
        field::LOCATION_MESSAGE => "location",
        field::LIVE_LOCATION_MESSAGE => "live_location",
        field::DOCUMENT_MESSAGE | field::DOCUMENT_WITH_CAPTION_MESSAGE => "document",
        field::AUDIO_MESSAGE => "audio",
        field::VIDEO_MESSAGE => "video",
        field::STICKER_MESSAGE => "sticker",
        field::REACTION_MESSAGE | field::ENC_REACTION_MESSAGE => "reaction",
        field::POLL_CREATION_MESSAGE
        | field::POLL_CREATION_MESSAGE_V2
        | field::POLL_CREATION_MESSAGE_V3
        | field::POLL_CREATION_MESSAGE_V5 => "poll_creation",
        field::POLL_UPDATE_MESSAGE => "poll_update",
        field::EDITED_MESSAGE => "edit",
        field::VIEW_ONCE_MESSAGE | field::VIEW_ONCE_MESSAGE_V2 => "view_once",
        field::EPHEMERAL_MESSAGE => "ephemeral",
        field::GROUP_INVITE_MESSAGE => "group_invite",
        field::CALL => "call",
        other => return Some(format!("field_{other}")),
    };
    Some(name.to_owned())
}

/// The numbers of the top-level protobuf fields, in the order they stand.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let tag = varint(&mut bytes)?;
        let length = match tag & 7 {
            0 => {
                varint(&mut bytes)?;
                0
            }
            1 => 8,
            2 => usize::try_from(varint(&mut bytes)?).ok()?,
            5 => 4,
            _ => return None,
        };
        bytes = bytes.get(length..)?;
        u32::try_from(tag >> 3).ok()
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use buffa::MessageField;

    use super::*;

    fn content(message: &wa::Message) -> Content {
        match open(&message.encode_to_vec()).unwrap() {
            Opened::Chat { content, .. } => content,
            Opened::KeyRequest(_) | Opened::Internal(_) => panic!("not for a chat"),
        }
    }

    #[test]
    fn both_forms_of_a_text_are_read() {
        let plain = wa::Message { conversation: Some("hi".to_owned()), ..Default::default() };
        assert_eq!(content(&plain), Content::Text("hi".to_owned()));
        let extended = wa::Message {
            extended_text_message: MessageField::some(wa::message::ExtendedTextMessage {
                text: Some("ho".to_owned()),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(content(&extended), Content::Text("ho".to_owned()));
    }

    #[test]
    fn a_kind_without_a_model_keeps_its_name() {
        let image = wa::Message {
            image_message: MessageField::some(wa::message::ImageMessage {
                caption: Some("x".to_owned()),
                ..Default::default()
            }),
            message_context_info: MessageField::some(wa::MessageContextInfo::default()),
            ..Default::default()
        };
        assert_eq!(content(&image), Content::Other("image".to_owned()));
        // A field that no version of the schema knows: number 999, four bytes.
        let unknown = [0xba, 0x3e, 4, 1, 2, 3, 4];
        let Opened::Chat { content, .. } = open(&unknown).unwrap() else { panic!("not for a chat") };
        assert_eq!(content, Content::Other("field_999".to_owned()));
    }

    #[test]
    fn what_a_companion_sent_is_unwrapped_with_its_destination() {
        let message = wa::Message {
            device_sent_message: MessageField::some(wa::message::DeviceSentMessage {
                destination_jid: Some("15550100102@s.whatsapp.net".to_owned()),
                message: MessageField::some(wa::Message { conversation: Some("hi".to_owned()), ..Default::default() }),
                phash: None,
            }),
            ..Default::default()
        };
        let Opened::Chat { content, sent_to } = open(&message.encode_to_vec()).unwrap() else { panic!("not for a chat") };
        assert_eq!(content, Content::Text("hi".to_owned()));
        assert_eq!(sent_to.as_deref(), Some("15550100102@s.whatsapp.net"));
    }
}
