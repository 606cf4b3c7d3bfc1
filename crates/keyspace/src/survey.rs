//! What there is, found by looking through everything. For the rare moment, not for every day.

use crate::link::{Question, Twice};
use crate::{Keyspace, KeyspaceError};
use domain::ChannelId;
use redis::{Cmd, Value};
use std::collections::BTreeSet;

/// Keys that the server looks at in one go.
const STRIDE: usize = 1000;

impl Keyspace {
    /// The channels that have something under `part`, in the order of their ids.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn channels_with(&self, part: &str) -> Result<Vec<ChannelId>, KeyspaceError> {
        let (before, after) = (format!("{}:{{", self.prefix()), format!("}}:{part}"));
        // What our prefix is made of means nothing special in a pattern.
        let pattern = format!("{before}*{after}");
        let mut found = BTreeSet::new();
        for node in self.masters().await? {
            let mut cursor = 0_u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(STRIDE);
                let (next, keys): (u64, Vec<String>) = self.ask_node(node.as_ref(), &scan).await?;
                let ids =
                    keys.iter().filter_map(|key| key.strip_prefix(&before)?.strip_suffix(&after)?.parse::<ChannelId>().ok());
                found.extend(ids);
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(found.into_iter().collect())
    }

    /// The nodes to look through; one without a name where there is only one.
    async fn masters(&self) -> Result<Vec<Option<(String, u16)>>, KeyspaceError> {
        if self.link.place().kind != crate::place::Kind::Cluster {
            return Ok(vec![None]);
        }
        type Node = (String, u16, String, Value);
        let mut slots = redis::cmd("CLUSTER");
        slots.arg("SLOTS");
        let slots: Vec<Vec<Value>> = self.ask(&slots).await?;
        let mut masters = BTreeSet::new();
        for slot in slots {
            // From, to, the master, its replicas.
            let master = slot.into_iter().nth(2).ok_or_else(|| KeyspaceError::Unexpected("a slot without a master".into()))?;
            let (host, port) = match redis::from_redis_value::<Node>(master.clone()) {
                Ok((host, port, _, _)) => (host, port),
                Err(_) => {
                    let (host, port, _): (String, u16, String) =
                        redis::from_redis_value(master).map_err(|e| KeyspaceError::Unexpected(e.to_string()))?;
                    (host, port)
                }
            };
            masters.insert((host, port));
        }
        Ok(masters.into_iter().map(Some).collect())
    }

    async fn ask_node<T: redis::FromRedisValue>(
        &self,
        node: Option<&(String, u16)>,
        command: &Cmd,
    ) -> Result<T, KeyspaceError> {
        let question = node.map_or(Question::Command(command), |node| Question::Node { node, command });
        let value = self.link.ask(Twice::Harmless, question).await?;
        redis::from_redis_value(value).map_err(|e| KeyspaceError::Unexpected(e.to_string()))
    }
}
