//! What WhatsApp calls the kinds of messages: the field of its `Message` that is set.

use waproto::whatsapp::Message;

macro_rules! kinds {
    ($($field:ident => $name:literal,)*) => {
        /// WhatsApp's name for what the message carries; `None` when it carries nothing that anybody could see.
        pub(super) fn kind(message: &Message) -> Option<&'static str> {
            $(if message.$field.is_set() { return Some($name); })*
            None
        }

        #[cfg(test)]
        const FIELDS: &[&str] = &[$(stringify!($field)),*];
    };
}

// In the order of the field numbers. Not here: text, and what accompanies another field (keys for a group, the
// context, the wrapper of messages from one's own other devices).
kinds! {
    image_message => "imageMessage",
    contact_message => "contactMessage",
    location_message => "locationMessage",
    extended_text_message => "extendedTextMessage",
    document_message => "documentMessage",
    audio_message => "audioMessage",
    video_message => "videoMessage",
    call => "call",
    chat => "chat",
    protocol_message => "protocolMessage",
    contacts_array_message => "contactsArrayMessage",
    highly_structured_message => "highlyStructuredMessage",
    send_payment_message => "sendPaymentMessage",
    live_location_message => "liveLocationMessage",
    request_payment_message => "requestPaymentMessage",
    decline_payment_request_message => "declinePaymentRequestMessage",
    cancel_payment_request_message => "cancelPaymentRequestMessage",
    template_message => "templateMessage",
    sticker_message => "stickerMessage",
    group_invite_message => "groupInviteMessage",
    template_button_reply_message => "templateButtonReplyMessage",
    product_message => "productMessage",
    list_message => "listMessage",
    view_once_message => "viewOnceMessage",
    order_message => "orderMessage",
    list_response_message => "listResponseMessage",
    ephemeral_message => "ephemeralMessage",
    invoice_message => "invoiceMessage",
    buttons_message => "buttonsMessage",
    buttons_response_message => "buttonsResponseMessage",
    payment_invite_message => "paymentInviteMessage",
    interactive_message => "interactiveMessage",
    reaction_message => "reactionMessage",
    sticker_sync_rmr_message => "stickerSyncRmrMessage",
    interactive_response_message => "interactiveResponseMessage",
    poll_creation_message => "pollCreationMessage",
    poll_update_message => "pollUpdateMessage",
    keep_in_chat_message => "keepInChatMessage",
    document_with_caption_message => "documentWithCaptionMessage",
    request_phone_number_message => "requestPhoneNumberMessage",
    view_once_message_v2 => "viewOnceMessageV2",
    enc_reaction_message => "encReactionMessage",
    edited_message => "editedMessage",
    view_once_message_v2_extension => "viewOnceMessageV2Extension",
    poll_creation_message_v2 => "pollCreationMessageV2",
    scheduled_call_creation_message => "scheduledCallCreationMessage",
    group_mentioned_message => "groupMentionedMessage",
    pin_in_chat_message => "pinInChatMessage",
    poll_creation_message_v3 => "pollCreationMessageV3",
    scheduled_call_edit_message => "scheduledCallEditMessage",
    ptv_message => "ptvMessage",
    bot_invoke_message => "botInvokeMessage",
    call_log_messsage => "callLogMesssage",
    message_history_bundle => "messageHistoryBundle",
    enc_comment_message => "encCommentMessage",
    bcall_message => "bcallMessage",
    lottie_sticker_message => "lottieStickerMessage",
    event_message => "eventMessage",
    enc_event_response_message => "encEventResponseMessage",
    comment_message => "commentMessage",
    newsletter_admin_invite_message => "newsletterAdminInviteMessage",
    placeholder_message => "placeholderMessage",
    secret_encrypted_message => "secretEncryptedMessage",
    album_message => "albumMessage",
    event_cover_image => "eventCoverImage",
    sticker_pack_message => "stickerPackMessage",
    status_mention_message => "statusMentionMessage",
    poll_result_snapshot_message => "pollResultSnapshotMessage",
    poll_creation_option_image_message => "pollCreationOptionImageMessage",
    associated_child_message => "associatedChildMessage",
    group_status_mention_message => "groupStatusMentionMessage",
    poll_creation_message_v4 => "pollCreationMessageV4",
    status_add_yours => "statusAddYours",
    group_status_message => "groupStatusMessage",
    rich_response_message => "richResponseMessage",
    status_notification_message => "statusNotificationMessage",
    limit_sharing_message => "limitSharingMessage",
    bot_task_message => "botTaskMessage",
    question_message => "questionMessage",
    message_history_notice => "messageHistoryNotice",
    group_status_message_v2 => "groupStatusMessageV2",
    bot_forwarded_message => "botForwardedMessage",
    status_question_answer_message => "statusQuestionAnswerMessage",
    question_reply_message => "questionReplyMessage",
    question_response_message => "questionResponseMessage",
    status_quoted_message => "statusQuotedMessage",
    status_sticker_interaction_message => "statusStickerInteractionMessage",
    poll_creation_message_v5 => "pollCreationMessageV5",
    newsletter_follower_invite_message_v2 => "newsletterFollowerInviteMessageV2",
    poll_result_snapshot_message_v3 => "pollResultSnapshotMessageV3",
    newsletter_admin_profile_message => "newsletterAdminProfileMessage",
    newsletter_admin_profile_message_v2 => "newsletterAdminProfileMessageV2",
    spoiler_message => "spoilerMessage",
    poll_creation_message_v6 => "pollCreationMessageV6",
    conditional_reveal_message => "conditionalRevealMessage",
    poll_add_option_message => "pollAddOptionMessage",
    event_invite_message => "eventInviteMessage",
    group_root_key_share => "groupRootKeyShare",
    payment_reminder_message => "paymentReminderMessage",
    split_payment_message => "splitPaymentMessage",
    newsletter_admin_profile_status_message => "newsletterAdminProfileStatusMessage",
    root_secret_distribute_message => "rootSecretDistributeMessage",
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Fails when an update of whatsapp-rust brings a kind that this list does not name.
    #[test]
    fn every_field_of_a_message_is_named_or_left_out_on_purpose() {
        let left_out = [
            "conversation",
            "device_sent_message",
            "fast_ratchet_key_sender_key_distribution_message",
            "message_context_info",
            "sender_key_distribution_message",
        ];
        let empty = serde_json::to_value(Message::default()).unwrap();
        let missing: Vec<_> = empty
            .as_object()
            .unwrap()
            .keys()
            .filter(|field| !FIELDS.contains(&field.as_str()) && !left_out.contains(&field.as_str()))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
