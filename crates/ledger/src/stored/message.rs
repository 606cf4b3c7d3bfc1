use super::{Unreadable, by_word, from_json, to_json};
use domain::{Content, FailReason, MessageStatus};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum StoredContent {
    Text { text: String },
    Unsupported { kind: String },
    Undecryptable,
}

pub(crate) fn content_to(content: &Content) -> String {
    to_json(&match content {
        Content::Text { text } => StoredContent::Text { text: text.clone() },
        Content::Unsupported { kind } => StoredContent::Unsupported { kind: kind.clone() },
        Content::Undecryptable => StoredContent::Undecryptable,
    })
}

pub(crate) fn content_from(text: &str) -> Result<Content, Unreadable> {
    Ok(match from_json(text, "a message's content")? {
        StoredContent::Text { text } => Content::Text { text },
        StoredContent::Unsupported { kind } => Content::Unsupported { kind },
        StoredContent::Undecryptable => Content::Undecryptable,
    })
}

/// The column `failure`: `refused:463`, `no_such_recipient`, …
pub(crate) fn failure(status: &MessageStatus) -> Option<String> {
    match status {
        MessageStatus::Failed(FailReason::Refused(code)) => Some(format!("refused:{code}")),
        MessageStatus::Failed(FailReason::NoSuchRecipient) => Some("no_such_recipient".to_owned()),
        MessageStatus::Failed(FailReason::SessionEnded) => Some("session_ended".to_owned()),
        MessageStatus::Failed(FailReason::Internal) => Some("internal".to_owned()),
        MessageStatus::Received
        | MessageStatus::Queued
        | MessageStatus::Sending
        | MessageStatus::Sent
        | MessageStatus::Delivered
        | MessageStatus::Read
        | MessageStatus::Played => None,
    }
}

pub(crate) fn status(word: &str, failure: Option<&str>) -> Result<MessageStatus, Unreadable> {
    const WHAT: &str = "a message's status";
    const PLAIN: [MessageStatus; 7] = [
        MessageStatus::Received,
        MessageStatus::Queued,
        MessageStatus::Sending,
        MessageStatus::Sent,
        MessageStatus::Delivered,
        MessageStatus::Read,
        MessageStatus::Played,
    ];
    if word != "failed" {
        return by_word(&PLAIN, MessageStatus::as_str, word, WHAT);
    }
    let failure = failure.ok_or(Unreadable { what: WHAT })?;
    Ok(MessageStatus::Failed(match failure.strip_prefix("refused:") {
        Some(code) => FailReason::Refused(code.parse().map_err(|_| Unreadable { what: WHAT })?),
        None => {
            by_word(
                &[
                    ("no_such_recipient", FailReason::NoSuchRecipient),
                    ("session_ended", FailReason::SessionEnded),
                    ("internal", FailReason::Internal),
                ],
                |(word, _)| word,
                failure,
                WHAT,
            )?
            .1
        }
    }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn every_status_survives_the_file() {
        for s in [
            MessageStatus::Received,
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
        ] {
            assert_eq!(status(s.as_str(), failure(&s).as_deref()).unwrap(), s);
        }
        assert!(status("wobbly", None).is_err() && status("failed", None).is_err());
    }
}
