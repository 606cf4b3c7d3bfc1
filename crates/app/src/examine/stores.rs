//! The servers that keep sessions and database, and the settings of theirs that cost something.

use super::Finding;
use crate::config::{Database, PostgresConfig, RedisConfig, Sessions};
use crate::{Config, StartError, servers};
use keyspace::redis::{Cmd, cmd};
use keyspace::{Keyspace, KeyspaceError};
use ledger::PostgresReport;

/// The oldest that the tests of this program run on is 15; what it uses is there from 13 on.
const OLDEST_POSTGRES: i64 = 130_000;
/// Before 6.2 scripts cannot do what ours do.
const OLDEST_REDIS: (u32, u32) = (6, 2);
/// When so few connections are left, a worker that starts may not get its own.
const FEW_CONNECTIONS: i64 = 10;

/// Whether the database has the schema of this version, or an older one that a start brings up to date.
pub(super) async fn is_prepared(config: &PostgresConfig) -> bool {
    let looked = ledger::look_at(&servers::ledger_config(config)).await;
    looked.is_ok_and(|report| report.schema == Some(report.known_schema))
}

pub(super) async fn database(config: &Config) -> Finding {
    match &config.database {
        Database::Sqlite => Finding::good("database", "In the data directory, encrypted."),
        Database::Postgres(postgres) => match ledger::look_at(&servers::ledger_config(postgres)).await {
            Ok(report) => judged(&postgres.place, &report),
            Err(error) => Finding::bad("database", format!("{}: {}", postgres.place, StartError::from(error))),
        },
    }
}

fn judged(place: &str, report: &PostgresReport) -> Finding {
    let schema = match report.schema {
        None => "the first start makes its tables".to_owned(),
        Some(found) if found < report.known_schema => format!("schema {found}, which the next start brings up to date"),
        Some(found) => format!("schema {found}"),
    };
    let found = format!("{place}: PostgreSQL {}, {schema}", report.version);
    let wrong = if report.in_recovery {
        "It is a standby, which only reads. Name the primary"
    } else if report.version_number < OLDEST_POSTGRES {
        "It is too old: 13 or newer is needed"
    } else if report.schema.is_some_and(|found| found > report.known_schema) {
        "The schema is from a newer version of WhatIsUp. Install that version here too"
    } else if !report.fsync {
        "fsync is off: a power cut may destroy the whole database, messages that were acknowledged to WhatsApp included. Turn it on"
    } else if !report.full_page_writes {
        "full_page_writes is off: a power cut may damage the database. Turn it on"
    } else if report.max_connections - report.connections < FEW_CONNECTIONS {
        "Nearly all of its connections are in use (max_connections): a worker that starts may not get in. Allow more"
    } else {
        let tls = if report.tls { ", over TLS" } else { "" };
        return Finding::good("database", format!("{found}{tls}."));
    };
    Finding::bad("database", format!("{found}. {wrong}."))
}

pub(super) async fn sessions(config: &Config) -> Finding {
    match &config.sessions {
        Sessions::Disk => Finding::good("sessions", "In the data directory, encrypted."),
        Sessions::Redis(redis) => match look(redis).await {
            Ok(report) => report.judged(&redis.place),
            Err(error) => Finding::bad("sessions", format!("{}: {error}", redis.place)),
        },
    }
}

/// What is worth knowing of a Redis; `None` where it does not tell, as those that others run often do not.
#[derive(Debug, Default)]
struct RedisReport {
    version: Option<String>,
    is_replica: bool,
    appendonly: Option<bool>,
    appendfsync: Option<String>,
    maxmemory_policy: Option<String>,
}

async fn look(config: &RedisConfig) -> Result<RedisReport, StartError> {
    let keyspace = servers::keyspace(config)?;
    keyspace.ping().await?;
    let info = told(keyspace.ask::<String>(&cmd("INFO")).await)?.unwrap_or_default();
    let field =
        |name: &str| info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(|v| v.trim().to_owned());
    Ok(RedisReport {
        version: field("redis_version"),
        is_replica: field("role").as_deref() == Some("slave"),
        appendonly: match setting(&keyspace, "appendonly").await? {
            Some(value) => Some(value == "yes"),
            None => field("aof_enabled").map(|value| value == "1"),
        },
        appendfsync: setting(&keyspace, "appendfsync").await?,
        maxmemory_policy: match setting(&keyspace, "maxmemory-policy").await? {
            Some(value) => Some(value),
            None => field("maxmemory_policy"),
        },
    })
}

async fn setting(keyspace: &Keyspace, name: &str) -> Result<Option<String>, StartError> {
    let mut get: Cmd = cmd("CONFIG");
    get.arg("GET").arg(name);
    Ok(told(keyspace.ask::<Vec<String>>(&get).await)?.and_then(|answer| answer.into_iter().nth(1)))
}

/// What a user may not ask is not known, and no fault.
fn told<T>(answer: Result<T, KeyspaceError>) -> Result<Option<T>, StartError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(KeyspaceError::Refused(_) | KeyspaceError::Unexpected(_)) => Ok(None),
        Err(error @ (KeyspaceError::Unreachable(_) | KeyspaceError::Fenced | KeyspaceError::Config(_))) => Err(error.into()),
    }
}

impl RedisReport {
    fn judged(&self, place: &str) -> Finding {
        let version = self.version.as_deref().unwrap_or("of a version that it does not tell");
        let found = format!("{place}: Redis {version}");
        let policy = self.maxmemory_policy.as_deref().unwrap_or("noeviction");
        let wrong = if self.is_replica {
            "It is a replica, which only reads. Name its master, or the Sentinels that know it".to_owned()
        } else if self.version.as_deref().is_some_and(too_old) {
            format!("It is too old: {}.{} or newer is needed", OLDEST_REDIS.0, OLDEST_REDIS.1)
        } else if policy.starts_with("allkeys") {
            format!(
                "When its memory is full it throws sessions away (maxmemory-policy {policy}), and those channels have to be paired again. \
                 Set it to noeviction"
            )
        } else if policy.starts_with("volatile") {
            format!(
                "When its memory is full it throws leases away (maxmemory-policy {policy}), and channels move from worker to worker for \
                 nothing. Set it to noeviction"
            )
        } else if self.appendonly == Some(false) {
            "It does not write down what it is told (appendonly no): when it ends, sessions go back to its last snapshot, messages \
             cannot be decrypted, and channels may have to be paired again. Set appendonly to yes"
                .to_owned()
        } else {
            let fsync = match (self.appendonly, self.appendfsync.as_deref()) {
                (Some(true), Some("everysec")) => "; a power cut may cost its last second (appendfsync everysec)",
                (Some(true), Some("no")) => "; a power cut may cost its last half minute (appendfsync no)",
                (Some(true), _) => "; it writes down what it is told",
                (None | Some(false), _) => "; whether it writes down what it is told cannot be asked here",
            };
            return Finding::good("sessions", format!("{found}{fsync}."));
        };
        Finding::bad("sessions", format!("{found}. {wrong}."))
    }
}

fn too_old(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < OLDEST_REDIS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> RedisReport {
        RedisReport {
            version: Some("7.0.15".into()),
            is_replica: false,
            appendonly: Some(true),
            appendfsync: Some("always".into()),
            maxmemory_policy: Some("noeviction".into()),
        }
    }

    #[test]
    fn settings_that_cost_sessions_are_told_with_what_they_cost() {
        assert!(report().judged("redis://cache").good);
        for (bad, tells) in [
            (RedisReport { appendonly: Some(false), ..report() }, "appendonly no"),
            (RedisReport { maxmemory_policy: Some("allkeys-lru".into()), ..report() }, "paired again"),
            (RedisReport { maxmemory_policy: Some("volatile-ttl".into()), ..report() }, "leases"),
            (RedisReport { is_replica: true, ..report() }, "replica"),
            (RedisReport { version: Some("6.0.16".into()), ..report() }, "too old"),
        ] {
            let found = bad.judged("redis://cache");
            assert!(!found.good && found.says.contains(tells), "{found:?}");
        }
        // What it does not tell is no fault.
        assert!(RedisReport::default().judged("redis://cache").good);
    }

    #[test]
    fn a_postgres_that_may_lose_what_was_committed_is_told() {
        let sound = PostgresReport {
            version: "15.4".into(),
            version_number: 150_004,
            schema: Some(1),
            known_schema: 1,
            fsync: true,
            full_page_writes: true,
            in_recovery: false,
            max_connections: 100,
            connections: 7,
            tls: true,
        };
        assert!(judged("postgres://db", &sound).good);
        for (bad, tells) in [
            (PostgresReport { fsync: false, ..sound.clone() }, "fsync"),
            (PostgresReport { in_recovery: true, ..sound.clone() }, "standby"),
            (PostgresReport { schema: Some(2), ..sound.clone() }, "newer version"),
            (PostgresReport { connections: 95, ..sound.clone() }, "max_connections"),
            (PostgresReport { version_number: 120_000, ..sound.clone() }, "too old"),
        ] {
            let found = judged("postgres://db", &bad);
            assert!(!found.good && found.says.contains(tells), "{found:?}");
        }
    }
}
