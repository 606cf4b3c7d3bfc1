//! Where auth-states and the ledger are kept: on this machine, or on servers that several workers share.

use super::{ConfigError, invalid};
use keyspace::KeyspaceConfig;
use secrecy::{ExposeSecret as _, SecretString};
use std::path::PathBuf;

/// Where the auth-states are.
#[derive(Clone, Debug)]
pub enum Sessions {
    Disk,
    Redis(Box<RedisConfig>),
}

/// Where the ledger is.
#[derive(Clone, Debug)]
pub enum Database {
    Sqlite,
    Postgres(PostgresConfig),
}

#[derive(Clone, Debug)]
pub struct RedisConfig {
    pub(crate) keyspace: KeyspaceConfig,
    /// Holds the password, read at the start.
    pub password_file: Option<PathBuf>,
    /// Where it is, without any secret.
    pub place: String,
}

#[derive(Clone, Debug)]
pub struct PostgresConfig {
    pub(crate) url: SecretString,
    pub password_file: Option<PathBuf>,
    pub ca: Option<PathBuf>,
    /// Of this process, for reading.
    pub connections: u32,
    /// Where it is, without any secret.
    pub place: String,
}

impl Sessions {
    /// For a person; no secret in it.
    pub fn described(&self) -> String {
        match self {
            Sessions::Disk => "disk".to_owned(),
            Sessions::Redis(redis) => redis.place.clone(),
        }
    }
}

impl Database {
    /// For a person; no secret in it.
    pub fn described(&self) -> String {
        match self {
            Database::Sqlite => "sqlite".to_owned(),
            Database::Postgres(postgres) => postgres.place.clone(),
        }
    }
}

#[derive(serde::Deserialize)]
pub(super) struct RawRedis {
    prefix: String,
    ca: PathBuf,
    password_file: PathBuf,
}

#[derive(serde::Deserialize)]
pub(super) struct RawPostgres {
    password_file: PathBuf,
    ca: PathBuf,
    connections: u32,
}

const REDIS: [&str; 6] = ["redis", "rediss", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"];
const POSTGRES: [&str; 2] = ["postgres", "postgresql"];

/// Never quotes the value: an address may have a password in it, also one that is mistyped.
pub(super) fn sessions(value: &SecretString, raw: RawRedis) -> Result<Sessions, ConfigError> {
    let url = value.expose_secret().trim();
    if url == "disk" {
        return Ok(Sessions::Disk);
    }
    if !REDIS.contains(&scheme(url)) {
        return Err(invalid(
            "sessions",
            "write \"disk\", or the address of a Redis: redis://host:6379, rediss:// for TLS, redis+sentinel://host,host/master, \
             redis+cluster://host,host",
        ));
    }
    let mut keyspace = KeyspaceConfig::new(url);
    keyspace.prefix = raw.prefix;
    keyspace.ca = given(raw.ca);
    let prefix_alone = KeyspaceConfig { prefix: "whatisup".into(), ..keyspace.clone() };
    let place = prefix_alone.described().map_err(|e| invalid("sessions", e.to_string()))?;
    keyspace.check().map_err(|e| invalid("redis.prefix", e.to_string()))?;
    let password_file = given(raw.password_file);
    if password_file.is_some() && has_password(url) {
        return Err(invalid("redis.password_file", "there is a password in the address of sessions too; keep one of the two"));
    }
    Ok(Sessions::Redis(Box::new(RedisConfig { keyspace, password_file, place })))
}

pub(super) fn database(value: &SecretString, raw: RawPostgres) -> Result<Database, ConfigError> {
    let url = value.expose_secret().trim();
    if url == "sqlite" {
        return Ok(Database::Sqlite);
    }
    if !POSTGRES.contains(&scheme(url)) {
        return Err(invalid("database", "write \"sqlite\", or the address of a Postgres: postgres://user@host:5432/database"));
    }
    if !(1..=100).contains(&raw.connections) {
        return Err(invalid("postgres.connections", "from 1 to 100"));
    }
    let password_file = given(raw.password_file);
    if password_file.is_some() && has_password(url) {
        return Err(invalid(
            "postgres.password_file",
            "there is a password in the address of database too; keep one of the two",
        ));
    }
    let (url, place) = (SecretString::from(url), without_password(url));
    Ok(Database::Postgres(PostgresConfig { url, password_file, ca: given(raw.ca), connections: raw.connections, place }))
}

fn given(path: PathBuf) -> Option<PathBuf> {
    Some(path).filter(|path| !path.as_os_str().is_empty())
}

fn scheme(url: &str) -> &str {
    url.split_once("://").map_or("", |(scheme, _)| scheme)
}

/// User and password of an address, up to the last `@`: one that is mistyped may have one in its password.
fn credentials(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.rsplit_once('@').map(|(credentials, _)| credentials)
}

fn has_password(url: &str) -> bool {
    credentials(url).is_some_and(|user| user.split_once(':').is_some_and(|(_, password)| !password.is_empty()))
}

/// Scheme, user, hosts and database. Nothing else: parameters may hold secrets.
fn without_password(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let (user, rest) = match rest.rsplit_once('@') {
        Some((credentials, rest)) => (credentials.split(':').next().filter(|user| !user.is_empty()), rest),
        None => (None, rest),
    };
    let place = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{}{place}", user.map(|user| format!("{user}@")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_what_is_secret() {
        for (url, shown) in [
            ("postgres://db:5432/whatisup", "postgres://db:5432/whatisup"),
            ("postgres://app:hunter2@db/whatisup?sslmode=require", "postgres://app@db/whatisup"),
            ("postgres://app:hunt@er2/x@db/whatisup", "postgres://app@db/whatisup"),
            ("postgres://db/whatisup?password=hunter2", "postgres://db/whatisup"),
            ("postgres://:hunter2@db", "postgres://db"),
        ] {
            assert_eq!(without_password(url), shown);
            assert_eq!(has_password(url), url.contains("hunt") && !url.contains("?password"), "{url}");
        }
    }
}
