//! The life of a phone on the network: one task reads its link, settles answers and handles the rest in order.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio_util::sync::CancellationToken;
use wacore_binary::Jid;

use super::{Phone, PhoneError};
use crate::link::Link;
use crate::network::NetworkEvent;

/// How long a phone that is switched off may take to leave.
const LEAVING: Duration = Duration::from_secs(5);

/// The task of a phone that is online.
pub(super) struct Attendance {
    /// Tells it to end.
    stop: CancellationToken,
    /// Told by it when nothing of it is left.
    over: CancellationToken,
}

impl Phone {
    pub fn is_online(&self) -> bool {
        self.attendance().as_ref().is_some_and(|task| !task.stop.is_cancelled() && !task.over.is_cancelled())
    }

    /// Connects. What waited for the phone arrives now; its keys are published if they were not.
    pub async fn go_online(&self) -> Result<(), PhoneError> {
        if !self.attach()? {
            return Ok(());
        }
        let mut memory = self.memory().await;
        if !memory.keys_published {
            self.publish_keys(&mut memory).await?;
        }
        if !memory.name_published {
            self.publish_name(&mut memory).await?;
        }
        drop(memory);
        self.welcome_companions().await
    }

    /// Drops off the network: no receipts any more, messages queue there.
    pub async fn go_offline(&self) {
        let task = self.attendance().take();
        if let Some(task) = task {
            task.stop.cancel();
            // Too late is no harm: the next attachment ends whatever is left of this one.
            let _ = tokio::time::timeout(LEAVING, task.over.cancelled()).await;
        }
    }

    /// Opens the link and starts the task; false if there is one already.
    fn attach(&self) -> Result<bool, PhoneError> {
        let mut attendance = self.attendance();
        if attendance.as_ref().is_some_and(|task| !task.over.is_cancelled()) {
            return Ok(false);
        }
        let link = self.line().network.attach(&self.account().pn).map_err(|error| PhoneError::Refused(error.to_string()))?;
        let (stop, over) = (self.inner.stop.child_token(), CancellationToken::new());
        *attendance = Some(Attendance { stop: stop.clone(), over: over.clone() });
        // The task must not keep itself alive.
        let phone = Self { inner: Arc::clone(&self.inner), _alive: None };
        tokio::spawn(attend(phone, link, stop, over));
        Ok(true)
    }

    fn attendance(&self) -> MutexGuard<'_, Option<Attendance>> {
        self.inner.attendance.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until the phone is switched off, or the network ends the link, or the phones are dropped.
async fn attend(phone: Phone, mut link: Link, stop: CancellationToken, over: CancellationToken) {
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
    let events = phone.line().network.milestones();
    tokio::select! {
        () = stop.cancelled() => {}
        () = read => {}
        () = work(&phone, stanzas, events) => {}
    }
    drop(link);
    phone.line().hang_up();
    over.cancel();
    phone.tick();
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
