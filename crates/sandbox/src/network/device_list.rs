//! An account's devices: what others are told of them, and how one is taken off.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::event::{NetworkEvent, SocketEnd};
use super::message::participant_hash;
use super::stanza::{bytes, child, conflict, jid, refusal, result};
use super::world::{DeviceId, World};
use super::{Account, DeviceView, NetworkError};

impl World {
    pub fn account_view(&self, place: usize) -> Account {
        let person = &self.accounts[place];
        Account { pn: person.pn_jid(0), lid: person.lid_jid(0), push_name: person.push_name.clone() }
    }

    pub fn device_views(&self, account: usize) -> Vec<DeviceView> {
        let person = &self.accounts[account];
        let view = |(id, device): (&u16, &super::account::Device)| DeviceView {
            device: person.pn_jid(*id),
            lid: person.lid_jid(*id),
            key_index: device.key_index,
            platform: device.platform.clone(),
            online: device.socket.is_some(),
            queued: device.backlog.len(),
            pre_keys_left: device.keys.as_ref().map_or(0, |keys| keys.one_time.len()),
        };
        person.devices.iter().map(view).collect()
    }

    pub fn publish_key_index_list(&mut self, account: &Jid, list: Vec<u8>) -> Result<(), NetworkError> {
        let place = self.find(account).ok_or(NetworkError::NoAccount)?;
        let now = self.unix();
        let person = &mut self.accounts[place];
        person.key_index_list = Some(list);
        person.list_time = now.max(person.list_time);
        Ok(())
    }

    /// The device is removed for good: its socket is told, its credentials are worth nothing.
    pub fn unlink(&mut self, device: &Jid, key_index_list: Option<Vec<u8>>) -> Result<(), NetworkError> {
        let id = self.find_device(device).ok_or(NetworkError::NoDevice)?;
        if id.device == 0 {
            return Err(NetworkError::Primary);
        }
        if let Some(list) = key_index_list {
            self.publish_key_index_list(device, list)?;
        }
        if let Some(socket) = self.device(id).and_then(|device| device.socket) {
            self.finish(socket, Some(conflict("device_removed")), SocketEnd::ByNetwork);
        }
        let person = &mut self.accounts[id.account];
        let key_index = person.devices.remove(&id.device).map_or(0, |device| device.key_index);
        person.list_time = person.list_time.max(1);
        let device = person.pn_jid(id.device);
        self.tell(NetworkEvent::DeviceUnlinked { device });
        self.tell_of_device("remove", id.account, id.device, key_index);
        Ok(())
    }

    /// `<iq xmlns="md"><remove-companion-device>`: a device logs itself out, or the phone removes one.
    pub(super) fn on_remove_companion(&mut self, from: DeviceId, iq: &Node) {
        let named = child(iq, "remove-companion-device").and_then(|remove| jid(remove, "jid"));
        let target = named.and_then(|named| self.find_device(&named));
        match target.filter(|id| id.account == from.account && id.device != 0 && (from.device == 0 || *id == from)) {
            Some(id) => {
                self.send(from, result(iq, []));
                let device = self.jid_of(id);
                // Found a line above, and not the primary.
                let _ = self.unlink(&device, None);
            }
            None => self.send(from, refusal(iq, 403, "forbidden")),
        }
    }

    /// Tells the account's own devices (the whole list) and everybody who knows it (what changed).
    pub(super) fn tell_of_device(&mut self, what: &'static str, account: usize, device: u16, key_index: u32) {
        let person = &self.accounts[account];
        let list = key_index_node(person.list_time, person.key_index_list.as_ref());
        let changed = NodeBuilder::new("device")
            .attr("jid", person.pn_jid(device))
            .attr("key-index", key_index)
            .attr("lid", person.lid_jid(device))
            .build();
        let change =
            NodeBuilder::new(what).attr("device_hash", self.list_hash(account)).children([changed, list.clone()]).build();
        let from = person.pn_jid(0);

        let mut devices: Vec<Node> = person
            .devices
            .iter()
            .map(|(id, device)| {
                let node = NodeBuilder::new("device").attr("jid", person.pn_jid(*id));
                if *id == 0 { node.build() } else { node.attr("key-index", device.key_index).build() }
            })
            .collect();
        devices.push(list);
        let whole = NodeBuilder::new("devices").attr("dhash", self.list_hash(account)).children(devices).build();

        let acquaintances: Vec<usize> = person.acquaintances.iter().copied().collect();
        for own in self.devices_of(account).into_iter().filter(|own| own.device != device) {
            self.notify(own, "account_sync", from.clone(), [whole.clone()]);
        }
        for other in acquaintances {
            for theirs in self.devices_of(other) {
                self.notify(theirs, "devices", from.clone(), [change.clone()]);
            }
        }
    }

    /// What a `usync` answer says of an account's devices.
    pub(super) fn device_list(&self, account: usize) -> Node {
        let person = &self.accounts[account];
        let devices = person.devices.iter().map(|(id, device)| {
            let node = NodeBuilder::new("device").attr("id", *id);
            if *id == 0 { node.build() } else { node.attr("key-index", device.key_index).build() }
        });
        let list = NodeBuilder::new("device-list").attr("hash", self.list_hash(account)).children(devices).build();
        let mut content = vec![list];
        if person.key_index_list.is_some() {
            content.push(key_index_node(person.list_time, person.key_index_list.as_ref()));
        }
        NodeBuilder::new("devices").children(content).build()
    }

    fn list_hash(&self, account: usize) -> String {
        let person = &self.accounts[account];
        let all: Vec<Jid> = person.devices.keys().map(|id| person.pn_jid(*id)).collect();
        participant_hash(&all)
    }
}

fn key_index_node(time: u64, list: Option<&Vec<u8>>) -> Node {
    match list {
        Some(list) => super::stanza::with(bytes("key-index-list", list.clone()), "ts", time),
        None => NodeBuilder::new("key-index-list").attr("ts", time).build(),
    }
}
