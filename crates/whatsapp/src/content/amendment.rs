//! Messages that are about another one: edits, deletions, reactions.

use domain::Content;
use wacore::proto_helpers::MessageExt as _;
use waproto::whatsapp::message::ProtocolMessage;
use waproto::whatsapp::message::protocol_message::Type;
use waproto::whatsapp::{Message, MessageKey};

/// What the message changes about another; `None` when it changes nothing, or does not say of which.
pub(super) fn amendment(message: &Message) -> Option<Content> {
    if let Some(reaction) = message.reaction_message.as_option() {
        // Without a text it is the same as with an empty one: taken back.
        let emoji = reaction.text.clone().unwrap_or_default();
        return Some(Content::Reaction { target: target(reaction.key.as_option())?, emoji });
    }
    // On the wire an edit is a protocol message; in older clients and in the history it stands in a wrapper.
    let wrapped = message.edited_message.as_option().and_then(|wrapper| wrapper.message.as_option());
    of_protocol(wrapped.unwrap_or(message).protocol_message.as_option()?)
}

fn of_protocol(protocol: &ProtocolMessage) -> Option<Content> {
    let target = target(protocol.key.as_option())?;
    if protocol.r#type == Some(Type::REVOKE) {
        return Some(Content::Revoke { target });
    }
    if protocol.r#type != Some(Type::MESSAGE_EDIT) {
        return None;
    }
    let edited = protocol.edited_message.as_option()?;
    let text = edited.text_content().or_else(|| edited.get_caption())?;
    Some(Content::Edit { target, text: text.to_owned() })
}

fn target(key: Option<&MessageKey>) -> Option<String> {
    key?.id.clone().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::content;
    use super::*;
    use buffa::MessageField;
    use waproto::whatsapp::message::{DeviceSentMessage, FutureProofMessage, ImageMessage, ReactionMessage};

    const TARGET: &str = "3EB0AAAAAAAAAAAAAAAA01";

    fn key() -> MessageField<MessageKey> {
        MessageField::some(MessageKey { id: Some(TARGET.into()), ..Default::default() })
    }

    fn edit(new: Message) -> Message {
        Message {
            protocol_message: MessageField::some(ProtocolMessage {
                key: key(),
                r#type: Some(Type::MESSAGE_EDIT),
                edited_message: MessageField::some(new),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn text(text: &str) -> Message {
        Message { conversation: Some(text.into()), ..Default::default() }
    }

    #[test]
    fn an_edit_names_its_message_and_the_new_text_in_each_of_its_forms() {
        let plain = edit(text("better"));
        let wrapped = Message {
            edited_message: MessageField::some(FutureProofMessage { message: MessageField::some(plain.clone()) }),
            ..Default::default()
        };
        let from_ourselves = Message {
            device_sent_message: MessageField::some(DeviceSentMessage {
                message: MessageField::some(plain.clone()),
                ..Default::default()
            }),
            ..Default::default()
        };
        let picture = ImageMessage { caption: Some("better".into()), ..Default::default() };
        let caption = edit(Message { image_message: MessageField::some(picture), ..Default::default() });
        for message in [plain, wrapped, from_ourselves, caption] {
            assert_eq!(content(&message), Some(Content::Edit { target: TARGET.into(), text: "better".into() }));
        }
    }

    #[test]
    fn an_edit_of_something_else_than_words_keeps_whatsapps_name() {
        let picture = edit(Message { image_message: MessageField::some(ImageMessage::default()), ..Default::default() });
        assert_eq!(content(&picture), Some(Content::Unsupported { kind: "protocolMessage".into() }));
    }

    #[test]
    fn a_deletion_names_its_message() {
        let protocol = ProtocolMessage { key: key(), r#type: Some(Type::REVOKE), ..Default::default() };
        let message = Message { protocol_message: MessageField::some(protocol), ..Default::default() };
        assert_eq!(content(&message), Some(Content::Revoke { target: TARGET.into() }));
    }

    #[test]
    fn a_reaction_names_its_message_and_one_that_is_taken_back_is_empty() {
        for (said, emoji) in [(Some("👍"), "👍"), (Some(""), ""), (None, "")] {
            let reaction = ReactionMessage { key: key(), text: said.map(str::to_owned), ..Default::default() };
            let message = Message { reaction_message: MessageField::some(reaction), ..Default::default() };
            assert_eq!(content(&message), Some(Content::Reaction { target: TARGET.into(), emoji: emoji.into() }));
        }
        let nameless = ReactionMessage { text: Some("👍".into()), ..Default::default() };
        let message = Message { reaction_message: MessageField::some(nameless), ..Default::default() };
        assert_eq!(content(&message), Some(Content::Unsupported { kind: "reactionMessage".into() }));
    }
}
