//! What stands at the other end, read from a URL. By hand: an ordinary URL has one host.

use crate::KeyspaceError;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;

const PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub kind: Kind,
    pub hosts: Vec<(String, u16)>,
    pub tls: bool,
    pub login: Login,
    /// For the Sentinels themselves.
    pub sentinel_login: Login,
    pub db: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Single,
    Sentinel { master: String },
    Cluster,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Login {
    pub user: Option<String>,
    pub password: Option<SecretString>,
}

fn wrong(what: &str) -> KeyspaceError {
    KeyspaceError::Config(format!("the address of redis {what}"))
}

impl Place {
    pub fn parse(url: &SecretString, password: Option<SecretString>) -> Result<Place, KeyspaceError> {
        let url = url.expose_secret().trim();
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("does not begin with redis://"))?;
        let (secure, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
        let tls = match secure {
            "redis" => false,
            "rediss" => true,
            _ => return Err(wrong("does not begin with redis:// or rediss://")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        // A slash in a password is percent-encoded, an at sign too; be kind about the latter.
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Login::parse(login)?, hosts),
            None => (Login::default(), authority),
        };
        let mut path = path.split('/').filter(|part| !part.is_empty());
        let (kind, port) = match kind {
            "" => (Kind::Single, PORT),
            "cluster" => (Kind::Cluster, PORT),
            "sentinel" => {
                let master = path.next().ok_or_else(|| wrong("names no master after the sentinels"))?;
                (Kind::Sentinel { master: decoded(master)? }, SENTINEL_PORT)
            }
            _ => return Err(wrong("is of a kind other than redis, redis+sentinel and redis+cluster")),
        };
        let db = path.next().map_or(Ok(0), str::parse).map_err(|_| wrong("has something else than a number as database"))?;
        if path.next().is_some() {
            return Err(wrong("goes on after the database"));
        }
        if kind == Kind::Cluster && db != 0 {
            return Err(wrong("names a database, but a cluster has only one"));
        }
        let hosts = hosts.split(',').map(|host| named(host, port)).collect::<Result<Vec<_>, _>>()?;
        if kind == Kind::Single && hosts.len() != 1 {
            return Err(wrong("has several hosts: redis+sentinel:// or redis+cluster:// is meant"));
        }
        let mut place = Place { kind, hosts, tls, login, sentinel_login: Login::default(), db };
        if let Some(password) = password {
            place.login.password = Some(password);
        }
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "sentinel_user" => place.sentinel_login.user = Some(decoded(value)?),
                "sentinel_password" => place.sentinel_login.password = Some(decoded(value)?.into()),
                _ => return Err(wrong("has a parameter that is not known")),
            }
        }
        Ok(place)
    }
}

impl Login {
    fn parse(text: &str) -> Result<Login, KeyspaceError> {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        let some = |text: &str| if text.is_empty() { Ok(None) } else { decoded(text).map(Some) };
        Ok(Login { user: some(user)?, password: some(password)?.map(SecretString::from) })
    }
}

fn decoded(text: &str) -> Result<String, KeyspaceError> {
    let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong("has something percent-encoded that is no text"))?;
    Ok(text.into_owned())
}

fn named(host: &str, port: u16) -> Result<(String, u16), KeyspaceError> {
    let number = |text: &str| text.parse().map_err(|_| wrong("has a port that is none"));
    let (host, port) = if let Some(rest) = host.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(|| wrong("has a bracket that does not close"))?;
        (host, rest.strip_prefix(':').map_or(Ok(port), number)?)
    } else {
        match host.rsplit_once(':') {
            Some((host, port)) => (host, number(port)?),
            None => (host, port),
        }
    };
    if host.is_empty() { Err(wrong("names no host")) } else { Ok((host.to_owned(), port)) }
}

/// Without any secret.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.kind {
            Kind::Single => "",
            Kind::Sentinel { .. } => "+sentinel",
            Kind::Cluster => "+cluster",
        };
        let hosts: Vec<_> = self
            .hosts
            .iter()
            .map(|(host, port)| if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
            .collect();
        write!(f, "{}{kind}://{}", if self.tls { "rediss" } else { "redis" }, hosts.join(","))?;
        if let Kind::Sentinel { master } = &self.kind {
            write!(f, "/{master}")?;
        }
        if self.db != 0 {
            write!(f, "/{}", self.db)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn place(url: &str) -> Result<Place, KeyspaceError> {
        Place::parse(&url.into(), None)
    }

    fn login(login: &Login) -> (Option<&str>, Option<&str>) {
        (login.user.as_deref(), login.password.as_ref().map(|p| p.expose_secret()))
    }

    #[test]
    fn every_kind_of_redis_has_its_address() {
        let one = place("redis://localhost").unwrap();
        assert_eq!((one.kind, one.hosts, one.tls, one.db), (Kind::Single, vec![("localhost".into(), 6379)], false, 0));
        let one = place("rediss://ada:s%40cret%2f@[::1]:7000/3").unwrap();
        assert_eq!((one.hosts, one.tls, one.db), (vec![("::1".into(), 7000)], true, 3));
        assert_eq!(login(&one.login), (Some("ada"), Some("s@cret/")));
        let sentinel = place("redis+sentinel://:x@a,b:1/mymaster/2?sentinel_password=y").unwrap();
        assert_eq!(sentinel.kind, Kind::Sentinel { master: "mymaster".into() });
        assert_eq!((sentinel.hosts, sentinel.db), (vec![("a".into(), 26379), ("b".into(), 1)], 2));
        assert_eq!((login(&sentinel.login), login(&sentinel.sentinel_login)), ((None, Some("x")), (None, Some("y"))));
        let cluster = place("rediss+cluster://a:1,b:2,c:3").unwrap();
        assert_eq!((cluster.kind, cluster.hosts.len(), cluster.tls), (Kind::Cluster, 3, true));
    }

    #[test]
    fn a_password_from_elsewhere_stands_instead() {
        let place = Place::parse(&"redis://ada:old@h".into(), Some("new".into())).unwrap();
        assert_eq!(login(&place.login), (Some("ada"), Some("new")));
    }

    #[test]
    fn it_is_told_without_its_secrets() {
        for (url, told) in [
            ("redis://ada:geheim@h/0", "redis://h:6379"),
            ("rediss://:geheim@[::1]/4", "rediss://[::1]:6379/4"),
            ("redis+sentinel://a:geheim@x,y/m?sentinel_password=geheim", "redis+sentinel://x:26379,y:26379/m"),
            ("rediss+cluster://x:1,y:2", "rediss+cluster://x:1,y:2"),
        ] {
            let place = place(url).unwrap();
            assert_eq!(place.to_string(), told);
            assert!(!format!("{place:?}").contains("geheim"));
        }
    }

    #[test]
    fn what_is_no_address_is_told_without_repeating_it() {
        for url in [
            "localhost:6379",
            "http://geheim@h",
            "redis+foo://geheim@h",
            "redis://geheim@h:port",
            "redis://geheim@",
            "redis://geheim@a,b",
            "redis+sentinel://geheim@a,b",
            "redis+cluster://geheim@a/1",
            "redis://geheim@h/x",
            "redis://geheim@h/1/2",
            "redis://geheim@h?x=y",
            "redis://geheim@[::1",
            "redis://:%ff@h",
        ] {
            let error = place(url).unwrap_err();
            assert!(matches!(&error, KeyspaceError::Config(what) if !what.contains("geheim")), "{url}: {error}");
        }
    }
}

#[cfg(test)]
mod fuzz {
    use super::*;

    #[test]
    fn the_address_of_a_redis() {
        let seeds = [
            "redis://user:p%40ss@cache:6379/2",
            "rediss+sentinel://[::1]:26379,b/master/0?sentinel_user=a&sentinel_password=b",
            "redis+cluster://a,b:7000",
        ];
        let words = ["redis://", "+sentinel", "+cluster", "@", "?sentinel_password=", "%", "[", "]", ",", ":"];
        ::fuzz::target!("place").seeds(seeds).words(words).longest(512).run(|bytes| {
            let url = String::from_utf8_lossy(bytes);
            match Place::parse(&SecretString::from(url.as_ref()), None) {
                // Shown to people is where it is, whatever opens it.
                Ok(mut place) => {
                    let shown = place.to_string();
                    (place.login, place.sentinel_login) = (Login::default(), Login::default());
                    assert_eq!(place.to_string(), shown);
                    Ok(place.hosts.len())
                }
                Err(error) => Err(error.to_string()),
            }
        });
    }
}
