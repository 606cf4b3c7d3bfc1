use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wacore::store::error::Result;
use wacore::store::traits::{PendingInboundRow, ProtocolStore};

/// What may wait, in bytes of messages. The session ends at the first one that cannot be kept, so only what was being
/// read at that moment gets here: one batch of a backlog (4 MiB), or a few messages side by side.
const ROOM: usize = 8 * 1024 * 1024;

/// Messages of a channel that were decrypted and could not be kept, because writing had failed.
///
/// They come again, and mostly they are then read again. But whatsapp-rust writes the ratchets of all chats together,
/// some milliseconds after a message: that may have taken along the ratchet of another one, decrypted and not yet kept.
/// Then this is the only copy there is, so the next session finds it in its store. It does not outlive the process.
#[derive(Default)]
pub(crate) struct Stranded {
    rows: Mutex<HashMap<Key, Vec<u8>>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    chat: String,
    sender: String,
    id: String,
}

impl Stranded {
    pub fn add(&self, row: &PendingInboundRow<'_>) {
        let mut rows = self.rows();
        if rows.values().map(Vec::len).sum::<usize>() + row.message.len() > ROOM {
            tracing::error!("too many messages that cannot be kept; whatsapp gives them again, but one may be missing");
            return;
        }
        let key = Key { chat: row.chat.to_owned(), sender: row.sender.to_owned(), id: row.id.to_owned() };
        rows.insert(key, row.message.to_owned());
    }

    pub fn is_empty(&self) -> bool {
        self.rows().is_empty()
    }

    /// Puts them where whatsapp-rust looks for them when they come again. On an error they stay here.
    pub async fn land(&self, store: &(impl ProtocolStore + ?Sized)) -> Result<()> {
        let waiting = self.rows().clone();
        if waiting.is_empty() {
            return Ok(());
        }
        let rows: Vec<_> = waiting
            .iter()
            .map(|(key, message)| PendingInboundRow { chat: &key.chat, sender: &key.sender, id: &key.id, message })
            .collect();
        store.store_pending_inbound_batch(&rows).await?;
        self.rows().retain(|key, _| !waiting.contains_key(key));
        Ok(())
    }

    fn rows(&self) -> MutexGuard<'_, HashMap<Key, Vec<u8>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
