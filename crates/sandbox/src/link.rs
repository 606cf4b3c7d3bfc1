//! A device that lives in this process. What it receives and submits are the very stanzas of a socket.
//!
//! # The interface that phones build on
//!
//! ```text
//! let network = sandbox.network();                                   // or Network::new() without sockets
//! let account = network.create_account("15550100001", "Ada")?;       // {pn, lid, push_name}; device 0 exists at once
//! let mut link = network.attach(&account.pn)?;                       // device 0; or any companion's device jid
//! network.submit(link.device(), iq_that_uploads_pre_keys)?;          // any stanza a socket could send
//! while let Some(stanza) = link.recv().await { … }                   // iq results, acks, messages, notifications, …
//! ```
//!
//! - A link counts as a login that is active at once: what was queued for the device arrives first, each stanza with its
//!   `offline` attribute, then `<ib><offline count=…/></ib>`. A message stays queued for the device until the device
//!   answers it with a `<receipt>` or an `<ack class="message">` for it, exactly as for sockets, so answer.
//! - `attach` for a device that already has a live link or socket ends the older one, as a second login would.
//! - Stanzas submitted need no `from`. `to` of an iq is `s.whatsapp.net`.
//! - Pairing by QR: parse the code (`ref,noise,identity,adv,platform`), sign, then
//!   [`Network::accept_pairing`](crate::Network::accept_pairing). It returns the new device's jid once the companion has
//!   countersigned; the companion is then told 515 and logs in (see `NetworkEvent::LoggedIn`).
//! - Pairing by code: device 0's link receives `<notification type="link_code_companion_reg">` with
//!   `<link_code_companion_reg stage="companion_hello">`; submit
//!   `<iq xmlns="md" type="set"><link_code_companion_reg stage="primary_hello">…` with the same children as on the wire;
//!   the companion's `companion_finish` comes as such a notification again; then `accept_pairing` with the
//!   `link_code_pairing_ref` as reference.
//! - A companion's own logout reaches device 0 as `<notification type="account_sync">` with the devices that are left.
//! - App-state patches, key shares, history notices: submit them (`w:sync:app:state`, `<message category="peer">`).
//! - A device list is only believed with a key-index list signed by the account: pass it in [`PairingAnswer`] and, after
//!   an unlink, through [`Network::publish_key_index_list`](crate::Network::publish_key_index_list).

use tokio::sync::mpsc;
use wacore_binary::{Jid, Node};

use crate::network::{Delivery, Network, SocketEnd, SocketId};

#[cfg(doc)]
use crate::PairingAnswer;

/// The receiving end of an in-process device. Dropping it takes the device offline.
#[derive(Debug)]
pub struct Link {
    pub(crate) device: Jid,
    pub(crate) socket: SocketId,
    pub(crate) network: Network,
    pub(crate) inbox: mpsc::Receiver<Delivery>,
}

impl Link {
    /// The device's jid in its phone-number form, e.g. `15550100001@s.whatsapp.net` or `15550100001:1@s.whatsapp.net`.
    pub fn device(&self) -> &Jid {
        &self.device
    }

    /// The next stanza for this device; `None` once the network has ended this link (unlinked, replaced, dropped).
    pub async fn recv(&mut self) -> Option<Node> {
        loop {
            match self.inbox.recv().await? {
                Delivery::Stanza(node) => return Some(node),
                Delivery::End(_) | Delivery::Cut => {
                    self.inbox.close();
                    return None;
                }
                // Faults do not hit links.
                Delivery::Freeze | Delivery::Silence | Delivery::Pace(_) | Delivery::Later(..) | Delivery::HearLater(..) => {}
            }
        }
    }

    /// Hands a stanza to the network as this device's own.
    pub fn submit(&self, stanza: Node) {
        self.network.submit_from(self.socket, stanza);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.network.socket_closed(self.socket, SocketEnd::ByPeer);
    }
}
