//! Three Redis servers that divide the keys among them.

use super::pair::until;
use super::{Redis, RedisOptions};

/// Ended when dropped.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Everything is written through, as with `RedisOptions { appendonly: true, .. }`.
    pub fn start() -> RedisCluster {
        RedisCluster::start_with(RedisOptions { appendonly: true, ..RedisOptions::default() })
    }

    /// Three servers with these options, without a password.
    pub fn start_with(options: RedisOptions) -> RedisCluster {
        assert!(options.acl.is_none() && options.requirepass.is_none() && !options.tls, "a cluster without a password");
        let mut options = options;
        options.lines.push("cluster-enabled yes".to_owned());
        options.lines.push("cluster-node-timeout 1000".to_owned());
        let nodes: Vec<_> = (0..3).map(|_| Redis::start(options.clone())).collect();
        let cluster = RedisCluster { nodes };
        cluster.divide();
        cluster
    }

    /// Gives each a third of the slots, and makes them known to each other.
    fn divide(&self) {
        let ranges = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];
        for (at, (node, (first, last))) in self.nodes.iter().zip(ranges).enumerate() {
            assert_eq!(node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]), "OK");
            assert_eq!(node.cli(&["CLUSTER", "ADDSLOTSRANGE", first, last]), "OK");
        }
        if let Some((first, others)) = self.nodes.split_first() {
            others.iter().for_each(|node| drop(first.cli(&["CLUSTER", "MEET", "127.0.0.1", &node.port().to_string()])));
        }
        until("cluster", || {
            self.nodes.iter().all(|node| {
                let said = node.cli(&["CLUSTER", "INFO"]);
                said.contains("cluster_state:ok") && said.contains("cluster_known_nodes:3")
            })
        });
    }

    /// `redis+cluster://host:port,host:port,host:port`.
    pub fn cluster_url(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    pub fn nodes(&self) -> &[Redis] {
        &self.nodes
    }
}
