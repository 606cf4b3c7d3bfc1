//! App state: per account and collection a numbered list of encrypted patches. A patch names the version it builds on;
//! if somebody was faster, it is refused together with what it missed.

use buffa::Message as _;
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp::{SyncdPatch, SyncdVersion};

use super::event::NetworkEvent;
use super::stanza::{bytes, child, child_content, children, error, number, refusal, result, server_jid, text};
use super::world::{DeviceId, World};

/// Patches that one answer carries at most, for each collection.
const PAGE: usize = 100;

/// Patch `n` takes version `n` to `n + 1`.
#[derive(Debug, Default)]
pub struct Collection {
    patches: Vec<Vec<u8>>,
}

impl Collection {
    pub fn from_patches(patches: Vec<Vec<u8>>) -> Self {
        Self { patches }
    }

    pub fn patches(&self) -> &[Vec<u8>] {
        &self.patches
    }

    fn version(&self) -> u64 {
        self.patches.len() as u64
    }

    /// Stores a patch that builds on the current version; the server writes the version into it.
    fn push(&mut self, patch: &[u8]) -> Result<u64, buffa::DecodeError> {
        let mut patch = SyncdPatch::decode_from_slice(patch)?;
        let version = self.version() + 1;
        patch.version = buffa::MessageField::some(SyncdVersion { version: Some(version) });
        self.patches.push(patch.encode_to_vec());
        Ok(version)
    }

    fn since(&self, version: u64) -> (&[Vec<u8>], bool) {
        let from = usize::try_from(version).unwrap_or(usize::MAX).min(self.patches.len());
        let to = self.patches.len().min(from + PAGE);
        (&self.patches[from..to], to < self.patches.len())
    }
}

impl World {
    pub(super) fn on_app_state_iq(&mut self, from: DeviceId, iq: &Node) -> Node {
        let Some(sync) = child(iq, "sync") else { return refusal(iq, 400, "bad-request") };
        let mut changed = Vec::new();
        let answers: Vec<Node> = children(sync)
            .iter()
            .filter(|collection| collection.tag == "collection")
            .map(|collection| self.sync(from, collection, &mut changed))
            .collect();
        self.tell_of_patches(from, &changed);
        result(iq, [NodeBuilder::new("sync").children(answers).build()])
    }

    fn sync(&mut self, from: DeviceId, asked: &Node, changed: &mut Vec<(String, u64)>) -> Node {
        let name = text(asked, "name").unwrap_or_default().into_owned();
        let version = number(asked, "version").unwrap_or(0);
        let collection = self.accounts[from.account].collections.entry(name.clone()).or_default();
        let answer = NodeBuilder::new("collection").attr("name", name.as_str());
        let Some(patch) = child_content(asked, "patch") else {
            let (patches, more) = collection.since(version);
            let answer = answer.attr("version", version + patches.len() as u64);
            let answer = if more { answer.attr("has_more_patches", "true") } else { answer };
            return with_patches(answer, patches);
        };
        if version != collection.version() {
            let (patches, more) = collection.since(version);
            let answer = answer.attr("type", "error").attr("version", collection.version());
            let answer = if more { answer.attr("has_more_patches", "true") } else { answer };
            let mut conflict = vec![error(409, "conflict")];
            conflict.extend(patch_list(patches));
            return answer.children(conflict).build();
        }
        match collection.push(&patch) {
            Ok(version) => {
                changed.push((name.clone(), version));
                answer.attr("version", version).build()
            }
            Err(_) => answer.attr("type", "error").children([error(400, "bad-request")]).build(),
        }
    }

    fn tell_of_patches(&mut self, from: DeviceId, changed: &[(String, u64)]) {
        if changed.is_empty() {
            return;
        }
        for device in self.devices_of(from.account) {
            if device == from {
                continue;
            }
            let collections: Vec<Node> = changed
                .iter()
                .map(|(name, version)| {
                    NodeBuilder::new("collection").attr("name", name.as_str()).attr("version", *version).build()
                })
                .collect();
            self.notify(device, "server_sync", server_jid(), collections);
        }
        let account = self.accounts[from.account].pn_jid(0);
        for (collection, version) in changed {
            let (account, collection, version) = (account.clone(), collection.clone(), *version);
            self.tell(NetworkEvent::PatchStored { account, collection, version });
        }
    }
}

fn with_patches(answer: NodeBuilder, patches: &[Vec<u8>]) -> Node {
    match patch_list(patches) {
        Some(list) => answer.children([list]).build(),
        None => answer.build(),
    }
}

fn patch_list(patches: &[Vec<u8>]) -> Option<Node> {
    let list = patches.iter().map(|patch| bytes("patch", patch.clone()));
    (!patches.is_empty()).then(|| NodeBuilder::new("patches").children(list).build())
}
