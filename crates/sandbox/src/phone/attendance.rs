//! The life of a phone on the network: one task reads its link, settles answers and handles the rest in order.

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use wacore_binary::Jid;

use super::Phone;
use crate::link::Link;
use crate::network::NetworkEvent;

/// Runs until the phone is switched off, or the network ends the link, or the phones are dropped.
pub(super) async fn attend(phone: Phone, mut link: Link, stop: CancellationToken) {
    // Unbounded on purpose: the worker waits for answers that arrive behind queued stanzas, so a full queue would
    // deadlock the two. What is in it has already passed the network's bounded queue.
    let (queue, stanzas) = mpsc::unbounded_channel();
    let read = async {
        while let Some(stanza) = link.recv().await {
            if let Some(stanza) = phone.line().settle(stanza)
                && queue.send(stanza).is_err()
            {
                break;
            }
        }
    };
    let events = phone.line().network.events();
    tokio::select! {
        () = stop.cancelled() => {}
        () = read => {}
        () = work(&phone, stanzas, events) => {}
    }
    drop(link);
    phone.line().hang_up();
    phone.ended(&stop);
}

async fn work(
    phone: &Phone,
    mut stanzas: mpsc::UnboundedReceiver<wacore_binary::Node>,
    mut events: broadcast::Receiver<NetworkEvent>,
) {
    loop {
        tokio::select! {
            stanza = stanzas.recv() => match stanza {
                Some(stanza) => phone.take(stanza).await,
                None => return,
            },
            event = events.recv() => match event {
                Ok(event) => notice(phone, &event).await,
                // Only what was missed is lost: whoever is unwelcomed is found by looking.
                Err(broadcast::error::RecvError::Lagged(_)) => welcome(phone).await,
                Err(broadcast::error::RecvError::Closed) => return,
            },
        }
    }
}

/// Acts on what the network tells of the phone's own companions. Everything else is for tests and the panel.
async fn notice(phone: &Phone, event: &NetworkEvent) {
    let ours = |device: &Jid| device.device != 0 && device.user == phone.account().pn.user;
    if let NetworkEvent::PreKeysUploaded { device, .. } | NetworkEvent::LoggedIn { device, .. } = event
        && ours(device)
    {
        welcome(phone).await;
    }
    if let NetworkEvent::DeviceUnlinked { device } = event
        && ours(device)
    {
        if let Err(error) = phone.companion_left(device).await {
            tracing::debug!(%error, "phone could not publish its device list");
        }
        phone.tick();
    }
}

async fn welcome(phone: &Phone) {
    if let Err(error) = phone.welcome_companions().await {
        tracing::debug!(%error, "phone could not welcome a companion yet");
    }
}
