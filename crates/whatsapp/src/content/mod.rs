//! A message's body in our words.

mod amendment;
mod kind;

use domain::Content;
use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp::Message;
use waproto::whatsapp::message::protocol_message::Type;

/// What the message says to a person; `None` for what only concerns the protocol (keys, sync notices).
pub(crate) fn content(message: &Message) -> Option<Content> {
    let outer = unwrapped(message);
    // What is about another message must not pass for one of its own.
    if let Some(amendment) = amendment::amendment(outer) {
        return Some(amendment);
    }
    if outer.edited_message.is_set() {
        return Some(unsupported("editedMessage"));
    }
    if let Some(protocol) = outer.protocol_message.as_option() {
        // What devices of one account and WhatsApp's services tell each other.
        let between_devices = matches!(
            protocol.r#type,
            Some(
                Type::EPHEMERAL_SYNC_RESPONSE
                    | Type::HISTORY_SYNC_NOTIFICATION
                    | Type::APP_STATE_SYNC_KEY_SHARE
                    | Type::APP_STATE_SYNC_KEY_REQUEST
                    | Type::MSG_FANOUT_BACKFILL_REQUEST
                    | Type::INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC
                    | Type::APP_STATE_FATAL_EXCEPTION_NOTIFICATION
                    | Type::PEER_DATA_OPERATION_REQUEST_MESSAGE
                    | Type::PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE
                    | Type::CLOUD_API_THREAD_CONTROL_NOTIFICATION
                    | Type::LID_MIGRATION_MAPPING_SYNC
                    | Type::AI_PSI_METADATA
                    | Type::AI_QUERY_FANOUT
                    | Type::AI_METADATA_OPERATION
            )
        );
        return if between_devices { None } else { Some(unsupported("protocolMessage")) };
    }
    if let Some(text) = outer.text_content() {
        return Some(Content::Text { text: text.to_owned() });
    }
    // The innermost name: a view-once picture is an `imageMessage`.
    kind::kind(outer.get_base_message()).or_else(|| kind::kind(outer)).map(unsupported)
}

fn unsupported(kind: &str) -> Content {
    Content::Unsupported { kind: kind.to_owned() }
}

/// Without the wrappers that say how a message came or how long it stays.
fn unwrapped(message: &Message) -> &Message {
    let mut current = message;
    if let Some(inner) = current.device_sent_message.as_option().and_then(|sent| sent.message.as_option()) {
        current = inner;
    }
    if let Some(inner) = current.ephemeral_message.as_option().and_then(|wrapper| wrapper.message.as_option()) {
        current = inner;
    }
    current
}

#[cfg(test)]
mod tests {
    use super::*;
    use buffa::MessageField;
    use waproto::whatsapp::message::{ExtendedTextMessage, FutureProofMessage, ImageMessage, ProtocolMessage};

    fn text(text: &str) -> Message {
        Message { conversation: Some(text.into()), ..Default::default() }
    }

    #[test]
    fn a_text_is_a_text_in_each_of_its_forms() {
        let long = Message {
            extended_text_message: MessageField::some(ExtendedTextMessage { text: Some("hello".into()), ..Default::default() }),
            ..Default::default()
        };
        let fleeting = Message {
            ephemeral_message: MessageField::some(FutureProofMessage { message: MessageField::some(text("hello")) }),
            ..Default::default()
        };
        for message in [text("hello"), long, fleeting] {
            assert_eq!(content(&message), Some(Content::Text { text: "hello".into() }));
        }
    }

    #[test]
    fn a_kind_not_modelled_yet_keeps_whatsapps_name() {
        let picture = Message { image_message: MessageField::some(ImageMessage::default()), ..Default::default() };
        assert_eq!(content(&picture), Some(unsupported("imageMessage")));
        let once = Message {
            view_once_message_v2: MessageField::some(FutureProofMessage { message: MessageField::some(picture) }),
            ..Default::default()
        };
        assert_eq!(content(&once), Some(unsupported("imageMessage")));
    }

    #[test]
    fn an_edit_that_names_no_message_does_not_pass_for_one_of_its_own() {
        let edit = Message {
            edited_message: MessageField::some(FutureProofMessage { message: MessageField::some(text("new")) }),
            ..Default::default()
        };
        assert_eq!(content(&edit), Some(unsupported("editedMessage")));
        let deletion = Message {
            protocol_message: MessageField::some(ProtocolMessage { r#type: Some(Type::REVOKE), ..Default::default() }),
            ..Default::default()
        };
        assert_eq!(content(&deletion), Some(unsupported("protocolMessage")));
    }

    #[test]
    fn what_only_concerns_the_protocol_is_no_message() {
        let keys = Message {
            protocol_message: MessageField::some(ProtocolMessage {
                r#type: Some(Type::APP_STATE_SYNC_KEY_SHARE),
                ..Default::default()
            }),
            ..Default::default()
        };
        assert_eq!(content(&keys), None);
        assert_eq!(content(&Message::default()), None);
    }
}
