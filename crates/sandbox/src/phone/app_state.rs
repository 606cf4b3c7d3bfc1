//! App-state of an account, the phone's side: the key it shares with its companions, and the patches it publishes.
//!
//! A collection is a log of encrypted patches with a running LT-hash over the values in force. The phone writes one
//! setting, its push name (`critical_block`), without which companions repeat their first synchronisation for ever.

use std::collections::HashMap;

use buffa::{Message as _, MessageField};
use wacore_appstate::hash::{HashState, generate_patch_mac};
use wacore_appstate::{ExpandedAppStateKeys, encode_record, expand_app_state_keys};
use wacore_binary::Node;
use wacore_binary::builder::NodeBuilder;
use waproto::whatsapp as wa;

use super::PhoneError;
use super::companion::DeviceRoster;
use super::keys::iq;
use super::line::Line;
use super::peers::{node_bytes, path};

const PUSH_NAME_COLLECTION: &str = "critical_block";
/// Patches from companions may come between ours; so many times they are fetched and ours is tried again.
const ATTEMPTS: usize = 3;

pub(super) struct AppState {
    key_id: Vec<u8>,
    key: [u8; 32],
    expanded: ExpandedAppStateKeys,
    collections: HashMap<String, HashState>,
}

impl AppState {
    pub fn new() -> Self {
        Self::with_key(rand::random())
    }

    /// With the key that the account had; what has been published is fetched when it is needed.
    pub fn with_key(key: [u8; 32]) -> Self {
        Self {
            // Two bytes of device, four of epoch: the primary's first key.
            key_id: vec![0, 0, 0, 0, 0, 1],
            key,
            expanded: expand_app_state_keys(&key),
            collections: HashMap::new(),
        }
    }

    pub fn key(&self) -> [u8; 32] {
        self.key
    }

    /// The message that gives companions the key; `asked` limits it to the ids that a companion asked for.
    pub fn key_share(&self, roster: &DeviceRoster, asked: Option<&[Vec<u8>]>, now: i64) -> wa::Message {
        let id = |id: &[u8]| MessageField::some(wa::message::AppStateSyncKeyId { key_id: Some(id.to_vec()) });
        let own = wa::message::AppStateSyncKey {
            key_id: id(&self.key_id),
            key_data: MessageField::some(wa::message::AppStateSyncKeyData {
                key_data: Some(self.key.to_vec()),
                fingerprint: MessageField::some(wa::message::AppStateSyncKeyFingerprint {
                    raw_id: Some(roster.raw_id()),
                    current_index: Some(roster.current_index()),
                    device_indexes: roster.indexes(),
                }),
                timestamp: Some(now),
            }),
        };
        let keys = match asked {
            None => vec![own],
            // A key that the phone does not have is answered with its id alone, so the companion stops asking.
            Some(ids) => ids
                .iter()
                .map(|wanted| {
                    if *wanted == self.key_id {
                        own.clone()
                    } else {
                        wa::message::AppStateSyncKey { key_id: id(wanted), ..Default::default() }
                    }
                })
                .collect(),
        };
        wa::Message {
            protocol_message: MessageField::some(wa::message::ProtocolMessage {
                r#type: Some(wa::message::protocol_message::Type::APP_STATE_SYNC_KEY_SHARE),
                app_state_sync_key_share: MessageField::some(wa::message::AppStateSyncKeyShare { keys }),
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    /// Publishes the account's display name, as a phone does when it is set.
    pub async fn publish_push_name(&mut self, line: &Line, name: &str, now: i64) -> Result<(), PhoneError> {
        for _ in 0..ATTEMPTS {
            let (patch, after) = self.push_name_patch(name, now)?;
            match exchange(line, PUSH_NAME_COLLECTION, after.version - 1, Some(patch)).await {
                Ok(answer) if !conflicts(&answer) => {
                    self.collections.insert(PUSH_NAME_COLLECTION.to_owned(), after);
                    return Ok(());
                }
                Ok(answer) => self.absorb(PUSH_NAME_COLLECTION, &answer)?,
                Err(PhoneError::Refused(_)) => self.catch_up(line, PUSH_NAME_COLLECTION).await?,
                Err(error) => return Err(error),
            }
        }
        Err(PhoneError::Refused("app-state patches keep conflicting".to_owned()))
    }

    /// Fetches what companions have published in a collection since.
    pub async fn catch_up(&mut self, line: &Line, collection: &str) -> Result<(), PhoneError> {
        let version = self.collections.get(collection).map_or(0, |state| state.version);
        let answer = exchange(line, collection, version, None).await?;
        self.absorb(collection, &answer)
    }

    fn push_name_patch(&self, name: &str, now: i64) -> Result<(Vec<u8>, HashState), PhoneError> {
        let value = wa::SyncActionValue {
            timestamp: Some(now * 1000),
            push_name_setting: MessageField::some(wa::sync_action_value::PushNameSetting { name: Some(name.to_owned()) }),
            ..Default::default()
        };
        let (mutation, _) = encode_record(
            wa::syncd_mutation::SyncdOperation::SET,
            br#"["setting_pushName"]"#,
            &value,
            &self.expanded,
            &self.key_id,
            &rand::random(),
            1,
        );
        let mutations = vec![mutation];
        let mut state = self.collections.get(PUSH_NAME_COLLECTION).cloned().unwrap_or_default();
        advance(&mut state, &mutations)?;
        let mut patch = wa::SyncdPatch {
            mutations,
            snapshot_mac: Some(state.generate_snapshot_mac(PUSH_NAME_COLLECTION, &self.expanded.snapshot_mac)),
            key_id: MessageField::some(wa::KeyId { id: Some(self.key_id.clone()) }),
            ..Default::default()
        };
        let mac = generate_patch_mac(&patch, PUSH_NAME_COLLECTION, &self.expanded.patch_mac, state.version);
        patch.patch_mac = Some(mac);
        Ok((patch.encode_to_vec(), state))
    }

    /// Takes patches of others into the running hash.
    fn absorb(&mut self, collection: &str, answer: &Node) -> Result<(), PhoneError> {
        let state = self.collections.entry(collection.to_owned()).or_default();
        let list = path(answer, &["sync"]).into_iter().flat_map(|sync| sync.get_children_by_tag("collection"));
        let patches = list
            .flat_map(|node| node.get_optional_child("patches"))
            .flat_map(|node| node.get_children_by_tag("patch").filter_map(node_bytes));
        for bytes in patches {
            let patch = waproto::codec::syncd_patch_decode(bytes)
                .map_err(|error| PhoneError::Protocol(format!("app-state patch: {error}")))?;
            let version = patch.version.as_option().and_then(|version| version.version).unwrap_or_default();
            if version == state.version + 1 {
                advance(state, &patch.mutations)?;
            }
        }
        Ok(())
    }
}

/// The hash state after one more patch.
fn advance(state: &mut HashState, mutations: &[wa::SyncdMutation]) -> Result<(), PhoneError> {
    use base64::Engine as _;
    let name = |index: &[u8]| base64::engine::general_purpose::STANDARD.encode(index);
    let before = std::mem::take(&mut state.index_value_map);
    let (_, outcome) = state.update_hash(mutations, |index, _| Ok(before.get(&name(index)).cloned()));
    state.index_value_map = before;
    outcome.map_err(|error| PhoneError::Protocol(format!("app-state hash: {error}")))?;
    for mutation in mutations {
        let Some(record) = mutation.record.as_option() else {
            continue;
        };
        let (Some(index), Some(value)) = (
            record.index.as_option().and_then(|index| index.blob.as_ref()),
            record.value.as_option().and_then(|value| value.blob.as_ref()),
        ) else {
            continue;
        };
        let removed = mutation.operation.is_some_and(|op| op == wa::syncd_mutation::SyncdOperation::REMOVE);
        if removed {
            state.index_value_map.remove(&name(index));
        } else if let Some(mac) = value.len().checked_sub(32).map(|start| value[start..].to_vec()) {
            state.index_value_map.insert(name(index), mac);
        }
    }
    state.version += 1;
    Ok(())
}

async fn exchange(line: &Line, collection: &str, version: u64, patch: Option<Vec<u8>>) -> Result<Node, PhoneError> {
    let patch = patch.map(|patch| NodeBuilder::new("patch").bytes(patch).build());
    let node = NodeBuilder::new("collection")
        .attr("name", collection)
        .attr("version", version)
        .attr("return_snapshot", "false")
        .children(patch)
        .build();
    line.ask(iq("set", "w:sync:app:state", vec![NodeBuilder::new("sync").children([node]).build()])).await
}

fn conflicts(answer: &Node) -> bool {
    path(answer, &["sync", "collection"]).is_some_and(|node| node.attrs.get("type").is_some_and(|t| *t == "error"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use wacore_appstate::{decode_record, validate_patch_macs};

    use super::*;

    #[test]
    fn a_companion_with_the_shared_key_reads_the_push_name_and_agrees_on_every_mac() {
        let state = AppState::new();
        let (patch, after) = state.push_name_patch("Ada", 1_700_000_000).unwrap();
        let mut patch = waproto::codec::syncd_patch_decode(&patch).unwrap();
        patch.version = MessageField::some(wa::SyncdVersion { version: Some(1) });
        let record = patch.mutations[0].record.as_option().unwrap();
        let (mutation, _) =
            decode_record(wa::syncd_mutation::SyncdOperation::SET, record, &state.expanded, &state.key_id, true).unwrap();
        assert_eq!(mutation.index, ["setting_pushName"]);
        let value = mutation.action_value.unwrap();
        assert_eq!(value.push_name_setting.as_option().unwrap().name.as_deref(), Some("Ada"));
        assert!(validate_patch_macs(&patch, &after, &state.expanded, PUSH_NAME_COLLECTION, false, false).is_ok());
    }
}
