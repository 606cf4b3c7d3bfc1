//! The times that messages carry, of all channels, also of those that are not connected: ends those whose time is over, and
//! brings near what a clock that was wrong put off.

use super::verdict::LONGEST_RETRY;
use crate::engine::Inner;
use crate::holding::Holding;
use crate::world::World;
use ledger::LedgerError;
use std::sync::Arc;
use std::time::Duration;

/// Looks this often at least while something can expire, whatever happens to the clock meanwhile.
const LONGEST_NAP: Duration = Duration::from_secs(60);
/// How soon a ledger that cannot be read or written is tried again.
const LEDGER_RETRY: Duration = Duration::from_secs(5);

/// Until the engine stops. Only what is *queued* expires: the same row that takes the mark `sending` takes this one, so a message
/// has either left or expired. Woken by every message that can expire, and when the clock was set.
pub(crate) async fn sweep(engine: Arc<Inner>) {
    let mut world = engine.world.subscribe();
    let mut well = true;
    // The clock may have been set back while nothing ran.
    let mut set_back = true;
    while !engine.shutdown.is_cancelled() {
        if set_back {
            set_back = hasten(&engine).await.is_err();
        }
        let nap = match expire(&engine).await {
            Ok(nap) => {
                well = true;
                nap
            }
            Err(error) => {
                if std::mem::replace(&mut well, false) {
                    tracing::warn!(%error, "messages whose time is over cannot be ended yet");
                }
                Some(LEDGER_RETRY)
            }
        };
        let rest = async {
            match nap {
                Some(nap) => engine.clock.sleep(nap).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = engine.shutdown.cancelled() => return,
            () = engine.expiry_bell.notified() => {}
            // Sleep, and a clock that was set: the moment may have come, or gone away.
            news = world.recv() => set_back |= !matches!(news, Ok(World::Woke | World::NetworkUp | World::NetworkDown | World::NetworkChanged | World::VaultUnlocked)),
            () = rest => {}
        }
    }
}

/// No next try is further away than the longest wait between two: one that is was put there by another clock. (What a program
/// scheduled is a moment that it chose, and stays.)
async fn hasten(engine: &Inner) -> Result<(), LedgerError> {
    let latest = engine.clock.now().plus(LONGEST_RETRY);
    if engine.health.note(engine.ledger.hasten_retries(latest).await)? > 0 {
        engine.ring_all();
    }
    Ok(())
}

/// Ends what is due. How long until the next look.
async fn expire(engine: &Inner) -> Result<Option<Duration>, LedgerError> {
    let now = engine.clock.now();
    loop {
        // Read first: a look that finds nothing writes nothing.
        match engine.ledger.next_expiry().await? {
            None => {
                return Ok(match engine.holding {
                    Holding::All => None,
                    // Others accept messages too, and the one who did may be gone when their time comes.
                    Holding::Assigned { .. } => Some(LONGEST_NAP),
                });
            }
            Some(at) if at > now => return Ok(Some(at.since(now).min(LONGEST_NAP))),
            Some(_) => {}
        }
        let expired = engine.health.note(engine.ledger.expire_due(now).await)?;
        if expired.is_empty() {
            return Ok(Some(LONGEST_NAP));
        }
        for message in &expired {
            tracing::info!(channel.id = %message.channel, message.id = %message.id, "a message expired before it could leave");
            // One that waited for its next try held its chat back.
            if let Some(seat) = engine.seat(message.channel) {
                seat.bell.notify_one();
            }
        }
    }
}
