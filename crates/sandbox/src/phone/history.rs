//! The first chunk of history that a phone hands to a new companion, small enough to travel inside the notification.

use std::io::Write as _;

use buffa::{Message as _, MessageField};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use waproto::whatsapp as wa;

use super::PhoneError;
use crate::network::Account;

/// An `INITIAL_BOOTSTRAP` that says: these are the names, there are no older messages. Clients that wait for history
/// (Baileys does for 20 s) go on at once.
pub(super) fn bootstrap(account: &Account, push_name: &str) -> Result<wa::Message, PhoneError> {
    let history = wa::HistorySync {
        sync_type: wa::history_sync::HistorySyncType::INITIAL_BOOTSTRAP,
        chunk_order: Some(1),
        progress: Some(100),
        pushnames: vec![wa::Pushname { id: Some(account.pn.to_string()), pushname: Some(push_name.to_owned()) }],
        ..Default::default()
    };
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    let payload = zlib
        .write_all(&history.encode_to_vec())
        .and_then(|()| zlib.finish())
        .map_err(|error| PhoneError::Protocol(format!("history: {error}")))?;
    Ok(wa::Message {
        protocol_message: MessageField::some(wa::message::ProtocolMessage {
            r#type: Some(wa::message::protocol_message::Type::HISTORY_SYNC_NOTIFICATION),
            history_sync_notification: MessageField::some(wa::message::HistorySyncNotification {
                sync_type: Some(wa::message::HistorySyncType::INITIAL_BOOTSTRAP),
                chunk_order: Some(1),
                progress: Some(100),
                initial_hist_bootstrap_inline_payload: Some(payload),
                ..Default::default()
            }),
            ..Default::default()
        }),
        ..Default::default()
    })
}
