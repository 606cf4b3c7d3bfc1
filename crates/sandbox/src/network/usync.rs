//! `usync`: the one query by which clients learn of contacts, their devices and their hidden ids.

use wacore_binary::builder::NodeBuilder;
use wacore_binary::{Jid, Node};

use super::stanza::{child, child_content, children, empty, jid, refusal, result, with};
use super::world::{DeviceId, World};

impl World {
    pub(super) fn on_usync_iq(&mut self, from: DeviceId, iq: &Node) -> Node {
        let Some(usync) = child(iq, "usync") else { return refusal(iq, 400, "bad-request") };
        let protocols: Vec<&str> =
            child(usync, "query").map_or(&[][..], children).iter().map(|protocol| protocol.tag.as_ref()).collect();
        let users: Vec<Node> = child(usync, "list")
            .map_or(&[][..], children)
            .iter()
            .filter_map(|user| self.look_up(from, user, &protocols))
            .collect();
        let states = protocols.iter().map(|protocol| NodeBuilder::new_dynamic((*protocol).to_owned()).build());
        let mut answer = NodeBuilder::new("usync")
            .children([NodeBuilder::new("result").children(states).build(), NodeBuilder::new("list").children(users).build()]);
        for name in ["sid", "mode", "context", "index", "last"] {
            if let Some(value) = usync.attrs.get(name) {
                answer = answer.attr(name, value.clone());
            }
        }
        result(iq, [answer.build()])
    }

    /// One user, in the address form of the question. Nobody: only a `contact` question hears so.
    fn look_up(&mut self, from: DeviceId, user: &Node, protocols: &[&str]) -> Option<Node> {
        let asked = jid(user, "jid").or_else(|| jid(user, "pn_jid")).map(|jid| jid.to_non_ad());
        let number = child_content(user, "contact").map(|number| String::from_utf8_lossy(&number).into_owned());
        let digits = number.as_ref().map(|number| number.trim_start_matches('+').to_owned());
        let address = asked.clone().or_else(|| digits.map(Jid::pn))?;
        let Some(account) = self.find(&address) else {
            let nobody = NodeBuilder::new("contact").attr("type", "out");
            let nobody = match number {
                Some(number) => nobody.string_content(number).build(),
                None => nobody.build(),
            };
            return protocols
                .contains(&"contact")
                .then(|| NodeBuilder::new("user").attr("jid", address).children([nobody]).build());
        };
        self.acquaint(from.account, account);
        let content: Vec<Node> =
            protocols.iter().filter_map(|protocol| self.protocol(account, protocol, number.as_deref())).collect();
        let answer = NodeBuilder::new("user").attr("jid", address.clone()).children(content).build();
        let person = &self.accounts[account];
        Some(if address.is_lid() { with(answer, "pn_jid", person.pn_jid(0)) } else { answer })
    }

    fn protocol(&self, account: usize, protocol: &str, number: Option<&str>) -> Option<Node> {
        let person = &self.accounts[account];
        match protocol {
            "devices" => Some(self.device_list(account)),
            "lid" => Some(NodeBuilder::new("lid").attr("val", person.lid_jid(0)).build()),
            "contact" => {
                let contact = NodeBuilder::new("contact").attr("type", "in");
                Some(match number {
                    Some(number) => contact.string_content(number).build(),
                    None => contact.build(),
                })
            }
            "status" => {
                Some(NodeBuilder::new("status").attr("t", person.list_time).string_content(person.about.as_str()).build())
            }
            "disappearing_mode" => Some(NodeBuilder::new("disappearing_mode").attr("duration", 0).attr("t", 0).build()),
            "sidelist" => Some(empty("sidelist")),
            // Pictures, business and bot profiles: nobody has one.
            _ => None,
        }
    }
}
