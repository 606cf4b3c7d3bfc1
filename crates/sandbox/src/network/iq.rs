//! `iq`: one question, one answer. Whatever the network does not know is answered with 501 and counted, so that a client
//! never waits in vain.

use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;

use super::stanza::{bytes, child, child_content, children, empty, is, jid, refusal, result, text, topic};
use super::world::{DeviceId, World, is_answer};

impl World {
    pub(super) fn on_iq(&mut self, from: DeviceId, iq: &Node) {
        if is_answer(iq) {
            return;
        }
        let set = is(iq, "type", "set");
        let answer = match text(iq, "xmlns").as_deref().unwrap_or_default() {
            // These answer by themselves, because more follows the answer.
            "passive" => return self.on_passive_iq(from, iq),
            "md" if topic(iq) == "remove-companion-device" => return self.on_remove_companion(from, iq),
            "md" if topic(iq) == "link_code_companion_reg" => self.on_primary_code(from, iq),
            "w:p" => {
                self.counters.pings += 1;
                result(iq, [])
            }
            "" if topic(iq) == "ping" => {
                self.counters.pings += 1;
                result(iq, [])
            }
            "encrypt" => self.on_encrypt_iq(from, iq, set),
            "usync" => self.on_usync_iq(from, iq),
            "w:sync:app:state" => self.on_app_state_iq(from, iq),
            "abt" | "w" => result(iq, [props()]),
            "privacy" => self.on_privacy_iq(from, iq, set),
            "blocklist" => self.on_blocklist_iq(from, iq, set),
            "status" => self.on_about_iq(from, iq, set),
            "w:m" => self.on_media_iq(from, iq),
            "w:g2" if !set => result(iq, [NodeBuilder::new("groups").build()]),
            "w:profile:picture" if set => result(iq, []),
            "w:profile:picture" => refusal(iq, 404, "item-not-found"),
            "disappearing_mode" => result(iq, [NodeBuilder::new("disappearing_mode").attr("duration", 0).attr("t", 0).build()]),
            "tos" => result(iq, [NodeBuilder::new("tos").attr("refresh", 86_400).build()]),
            "w:mex" => result(iq, [bytes("result", *b"{\"data\":null}")]),
            // Nothing to answer but that it was heard.
            "urn:xmpp:whatsapp:dirty"
            | "urn:xmpp:whatsapp:push"
            | "urn:xmpp:whatsapp:account"
            | "w:stats"
            | "fb:thrift_iq"
            | "w:web"
            | "bot"
            | "w:biz"
            | "server_sync" => result(iq, []),
            _ => self.unknown_iq(from, iq),
        };
        self.send(from, answer);
    }

    pub(super) fn unknown_iq(&mut self, from: DeviceId, iq: &Node) -> Node {
        let what = format!("iq:{}:{}", text(iq, "xmlns").unwrap_or_default(), topic(iq));
        self.unknown(Some(from), what);
        refusal(iq, 501, "feature-not-implemented")
    }

    fn on_privacy_iq(&mut self, from: DeviceId, iq: &Node, set: bool) -> Node {
        // Trusted-contact tokens are given out, never asked for.
        if topic(iq) == "tokens" {
            return result(iq, []);
        }
        let settings = &mut self.accounts[from.account].privacy;
        if set {
            for category in child(iq, "privacy").map_or(&[][..], children) {
                if let (Some(name), Some(value)) = (text(category, "name"), text(category, "value")) {
                    settings.insert(name.into_owned(), value.into_owned());
                }
            }
        }
        let categories = ["last", "online", "profile", "status", "groupadd", "calladd", "readreceipts"];
        let categories = categories.into_iter().map(|name| {
            let value = settings.get(name).map_or("all", String::as_str);
            NodeBuilder::new("category").attr("name", name).attr("value", value).build()
        });
        result(iq, [NodeBuilder::new("privacy").children(categories).build()])
    }

    fn on_blocklist_iq(&mut self, from: DeviceId, iq: &Node, set: bool) -> Node {
        let blocked = &mut self.accounts[from.account].blocked;
        if set {
            for item in children(iq).iter().filter(|item| item.tag == "item") {
                let Some(who) = jid(item, "jid") else { continue };
                if is(item, "action", "unblock") {
                    blocked.remove(&who.to_non_ad_string());
                } else {
                    blocked.insert(who.to_non_ad_string());
                }
            }
        }
        let items = blocked.iter().map(|who| NodeBuilder::new("item").attr("jid", who.as_str()).build());
        result(iq, [NodeBuilder::new("list").attr("dhash", blocked.len()).children(items).build()])
    }

    fn on_about_iq(&mut self, from: DeviceId, iq: &Node, set: bool) -> Node {
        if set {
            if let Some(about) = child_content(iq, "status") {
                self.accounts[from.account].about = String::from_utf8_lossy(&about).into_owned();
            }
            return result(iq, []);
        }
        let asked = child(iq, "status").map_or(&[][..], children);
        let users = asked.iter().filter_map(|user| {
            let who = jid(user, "jid")?;
            let about = &self.accounts[self.find(&who)?].about;
            let status = NodeBuilder::new("status").string_content(about.as_str()).build();
            Some(NodeBuilder::new("user").attr("jid", who).children([status]).build())
        });
        result(iq, [NodeBuilder::new("status").children(users).build()])
    }

    /// `media_conn`: where to upload to and download from. The host is the sandbox itself.
    fn on_media_iq(&mut self, from: DeviceId, iq: &Node) -> Node {
        let Some(host) = self.media_host.clone().filter(|_| topic(iq) == "media_conn") else {
            return self.unknown_iq(from, iq);
        };
        let host = NodeBuilder::new("host")
            .attr("hostname", host)
            .attr("type", "primary")
            .children([empty("upload"), empty("download")])
            .build();
        let media = NodeBuilder::new("media_conn")
            .attr("auth", "sandbox")
            .attr("ttl", 300)
            .attr("auth_ttl", 21_600)
            .attr("max_buckets", 12)
            .attr("max_manual_retry", 3)
            .attr("max_auto_download_retry", 3)
            .children([host])
            .build();
        result(iq, [media])
    }
}

fn props() -> Node {
    NodeBuilder::new("props")
        .attr("protocol", 1)
        .attr("ab_key", "sandbox")
        .attr("hash", "sandbox")
        .attr("refresh", 86_400)
        .attr("refresh_id", 1)
        .build()
}
