//! Real servers for tests: PostgreSQL, Redis alone, with a replica and sentinels, and as a cluster, and a relay that
//! spoils a connection on purpose. Only ever a dev-dependency.
//!
//! Everything here blocks and needs no runtime, so that it serves every kind of test; a test on one thread lets its own
//! tasks go on meanwhile by `spawn_blocking`. All methods take `&self`. Nothing returns an error: a test without its server
//! cannot go on, so what goes wrong panics and says what the server printed, and a missing program the command that
//! installs it.
//!
//! Every server has a directory of its own under the system's temporary one, listens on 127.0.0.1, and dies with its
//! handle, and also when the test process is killed.
#![expect(clippy::disallowed_methods, reason = "processes are watched from outside, and they tell nobody when they are ready")]

mod place;
mod port;
pub mod postgres;
mod program;
pub mod redis;
mod relay;
mod running;
mod tls;

pub use postgres::{Postgres, PostgresOptions};
pub use redis::{Redis, RedisCluster, RedisOptions, RedisPair};
pub use relay::Relay;
