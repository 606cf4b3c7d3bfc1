//! What a socket says, in the words of the machine.

use channel::{End, Input, Invalidation, VaultTrouble};
use domain::{ChatId, MessageStatus, Person, Timestamp};
use socket::{Close, Kept, ReceiptKind, SocketEvent};

/// What a socket told, sorted by who has to act.
#[derive(Debug)]
pub(crate) enum Told {
    /// For the machine.
    Step(Input),
    /// For the journal.
    Word(Word),
}

/// Word on messages of ours.
#[derive(Debug)]
pub(crate) enum Word {
    /// WhatsApp's: it has the message, or refused it with this code.
    Ack { whatsapp_id: String, error: Option<u16>, at: Timestamp },
    /// A recipient's, to be settled when it is written.
    Receipt { chat: ChatId, by: Person, whatsapp_ids: Vec<String>, status: MessageStatus, at: Timestamp, kept: Kept },
}

pub(crate) fn told(event: SocketEvent) -> Told {
    let input = match event {
        SocketEvent::Handshaken => Input::Handshaken,
        SocketEvent::PairingQr { code, expires_at } => Input::PairingQr { code: code.0, expires_at },
        SocketEvent::PairingCode { code, expires_at, phone } => Input::PairingCode { code: code.0, expires_at, phone },
        SocketEvent::PasskeyRequested { challenge, expires_at } => {
            Input::PasskeyRequested { challenge: challenge.0, expires_at }
        }
        SocketEvent::Paired { identity } => Input::Paired { identity },
        SocketEvent::Opened { identity } => Input::Opened { identity },
        SocketEvent::PushName { name } => Input::PushName { name },
        SocketEvent::Closed(close) => Input::Closed(end(close)),
        SocketEvent::ServerAck { whatsapp_id, error, at } => return Told::Word(Word::Ack { whatsapp_id, error, at }),
        SocketEvent::Receipt { chat, by, whatsapp_ids, kind, at, kept } => {
            let status = match kind {
                ReceiptKind::Delivered => MessageStatus::Delivered,
                ReceiptKind::Read => MessageStatus::Read,
                ReceiptKind::Played => MessageStatus::Played,
            };
            return Told::Word(Word::Receipt { chat, by, whatsapp_ids, status, at, kept });
        }
    };
    Told::Step(input)
}

pub(crate) fn end(close: Close) -> End {
    match close {
        Close::Asked => End::Asked,
        Close::Restart => End::Restart,
        Close::Lost(cause) => End::Lost(cause),
        Close::PairingExpired => End::PairingExpired,
        Close::PairingFailed => End::PairingFailed,
        Close::Invalidated(how) => End::Invalidated(match how {
            socket::Invalidation::LoggedOut => Invalidation::LoggedOut,
            socket::Invalidation::Unlinked => Invalidation::Unlinked,
            socket::Invalidation::KeysRotated => Invalidation::KeysRotated,
            socket::Invalidation::AccountLocked => Invalidation::AccountLocked,
        }),
        Close::Replaced => End::Replaced,
        Close::Banned { until } => End::Banned { until },
        Close::ClientOutdated => End::ClientOutdated,
        Close::Vault(trouble) => End::Vault(match trouble {
            socket::VaultTrouble::Locked => VaultTrouble::Locked,
            socket::VaultTrouble::Missing => VaultTrouble::Missing,
            socket::VaultTrouble::Refused => VaultTrouble::Refused,
        }),
        Close::WrongKey => End::WrongKey,
        Close::Damaged => End::Damaged,
        Close::Storage => End::StorageFailed,
    }
}
