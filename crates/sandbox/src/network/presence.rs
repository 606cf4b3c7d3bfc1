//! Who is there, who types: told to those who are looking, never kept.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::stanza::{self, children, text};
use super::world::{DeviceId, World};

impl World {
    pub(super) fn on_presence(&mut self, from: DeviceId, presence: &Node) {
        match text(presence, "type").as_deref() {
            Some("subscribe") => {
                let Some(to) = stanza::jid(presence, "to") else { return };
                let Some(account) = self.find(&to) else { return };
                self.accounts[account].watchers.insert(from.account);
                let now = self.presence_of(account, &to);
                self.send(from, now);
            }
            Some("unsubscribe") => {
                if let Some(account) = stanza::jid(presence, "to").and_then(|to| self.find(&to)) {
                    self.accounts[account].watchers.remove(&from.account);
                }
            }
            kind => {
                let available = kind != Some("unavailable");
                let now = self.unix();
                if let Some(name) = text(presence, "name").filter(|name| !name.is_empty()) {
                    self.accounts[from.account].push_name = name.into_owned();
                }
                let Some(device) = self.device_mut(from) else { return };
                let changed = std::mem::replace(&mut device.available, available) != available;
                if changed && !available {
                    self.accounts[from.account].last_seen = Some(now);
                }
                if changed {
                    self.tell_watchers(from.account);
                }
            }
        }
    }

    pub(super) fn on_chatstate(&mut self, from: DeviceId, state: &Node) {
        let Some(to) = stanza::jid(state, "to") else { return };
        let Some(account) = self.find(&to) else { return };
        let sender = self.accounts[from.account].jid_like(&to, from.device);
        let stanza = NodeBuilder::new("chatstate").attr("from", sender).children(children(state).to_vec()).build();
        for device in self.devices_of(account) {
            if self.device(device).is_some_and(|device| device.available) {
                self.send(device, stanza.clone());
            }
        }
    }

    pub(super) fn tell_watchers(&mut self, account: usize) {
        let form = self.accounts[account].pn_jid(0);
        let stanza = self.presence_of(account, &form);
        let watchers: Vec<usize> = self.accounts[account].watchers.iter().copied().collect();
        for watcher in watchers {
            for device in self.devices_of(watcher) {
                if self.device(device).is_some_and(|device| device.available) {
                    self.send(device, stanza.clone());
                }
            }
        }
    }

    fn presence_of(&self, account: usize, form: &Jid) -> Node {
        let person = &self.accounts[account];
        let presence = NodeBuilder::new("presence").attr("from", person.jid_like(form, 0));
        if person.available() {
            return presence.build();
        }
        let presence = presence.attr("type", "unavailable");
        match person.last_seen {
            Some(seen) => presence.attr("last", seen).build(),
            None => presence.attr("last", "deny").build(),
        }
    }
}
