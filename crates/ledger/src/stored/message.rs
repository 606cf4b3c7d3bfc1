use super::{Unreadable, by_word, from_json, to_json};
use domain::{Content, FailReason, MessageStatus};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StoredContent {
    Text { text: String },
    Unsupported { kind: String },
    Undecryptable,
    Reaction { target: String, emoji: String },
    Edit { target: String, text: String },
    Revoke { target: String },
}

pub(crate) fn content_to(content: &Content) -> String {
    to_json(&match content {
        Content::Text { text } => StoredContent::Text { text: text.clone() },
        Content::Unsupported { kind } => StoredContent::Unsupported { kind: kind.clone() },
        Content::Undecryptable => StoredContent::Undecryptable,
        Content::Reaction { target, emoji } => StoredContent::Reaction { target: target.clone(), emoji: emoji.clone() },
        Content::Edit { target, text } => StoredContent::Edit { target: target.clone(), text: text.clone() },
        Content::Revoke { target } => StoredContent::Revoke { target: target.clone() },
    })
}

pub(crate) fn content_from(text: &str) -> Result<Content, Unreadable> {
    Ok(match from_json(text, "a message's content")? {
        StoredContent::Text { text } => Content::Text { text },
        StoredContent::Unsupported { kind } => Content::Unsupported { kind },
        StoredContent::Undecryptable => Content::Undecryptable,
        StoredContent::Reaction { target, emoji } => Content::Reaction { target, emoji },
        StoredContent::Edit { target, text } => Content::Edit { target, text },
        StoredContent::Revoke { target } => Content::Revoke { target },
    })
}

/// The columns `failure` and `setback`: `refused:463`, `no_such_recipient`, …
pub(crate) fn reason_to(reason: &FailReason) -> String {
    match reason {
        FailReason::Refused(code) => format!("refused:{code}"),
        FailReason::NoSuchRecipient => "no_such_recipient".to_owned(),
        FailReason::SessionEnded => "session_ended".to_owned(),
        FailReason::Internal => "internal".to_owned(),
        FailReason::NoAnswer => "no_answer".to_owned(),
    }
}

pub(crate) fn reason_from(text: &str) -> Result<FailReason, Unreadable> {
    const WHAT: &str = "why a message failed";
    const PLAIN: [(&str, FailReason); 4] = [
        ("no_such_recipient", FailReason::NoSuchRecipient),
        ("session_ended", FailReason::SessionEnded),
        ("internal", FailReason::Internal),
        ("no_answer", FailReason::NoAnswer),
    ];
    match text.strip_prefix("refused:") {
        Some(code) => Ok(FailReason::Refused(code.parse().map_err(|_| Unreadable { what: WHAT })?)),
        None => Ok(by_word(&PLAIN, |(word, _)| word, text, WHAT)?.1),
    }
}

pub(crate) fn failure(status: &MessageStatus) -> Option<String> {
    match status {
        MessageStatus::Failed(reason) => Some(reason_to(reason)),
        MessageStatus::Received
        | MessageStatus::Asking
        | MessageStatus::Denied
        | MessageStatus::Queued
        | MessageStatus::Sending
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Read
        | MessageStatus::Played
        | MessageStatus::Cancelled
        | MessageStatus::Expired => None,
    }
}

const PLAIN: [MessageStatus; 11] = [
    MessageStatus::Received,
    MessageStatus::Asking,
    MessageStatus::Denied,
    MessageStatus::Queued,
    MessageStatus::Sending,
    MessageStatus::Sent,
    MessageStatus::Delivered,
    MessageStatus::Read,
    MessageStatus::Played,
    MessageStatus::Cancelled,
    MessageStatus::Expired,
];

/// One of each word.
pub(crate) fn statuses() -> Vec<MessageStatus> {
    PLAIN.into_iter().chain([MessageStatus::Failed(FailReason::Internal)]).collect()
}

pub(crate) fn status(word: &str, failure: Option<&str>) -> Result<MessageStatus, Unreadable> {
    const WHAT: &str = "a message's status";
    if word != "failed" {
        return by_word(&PLAIN, MessageStatus::as_str, word, WHAT);
    }
    Ok(MessageStatus::Failed(reason_from(failure.ok_or(Unreadable { what: WHAT })?)?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_status_survives_the_file() {
        for s in [
            MessageStatus::Received,
            MessageStatus::Asking,
            MessageStatus::Denied,
            MessageStatus::Queued,
            MessageStatus::Sending,
            MessageStatus::Sent,
            MessageStatus::Delivered,
            MessageStatus::Read,
            MessageStatus::Played,
            MessageStatus::Failed(FailReason::Refused(463)),
            MessageStatus::Failed(FailReason::NoSuchRecipient),
            MessageStatus::Failed(FailReason::SessionEnded),
            MessageStatus::Failed(FailReason::Internal),
            MessageStatus::Failed(FailReason::NoAnswer),
            MessageStatus::Cancelled,
            MessageStatus::Expired,
        ] {
            assert_eq!(status(s.as_str(), failure(&s).as_deref()).unwrap(), s);
        }
        assert!(status("wobbly", None).is_err() && status("failed", None).is_err());
    }
}
