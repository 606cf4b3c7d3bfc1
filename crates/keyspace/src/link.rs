//! The one connection of a process, made when it is needed and whenever the last one is gone.

use crate::error::{Remedy, remedy};
use crate::place::{Kind, Login, Place};
use crate::{Call, KeyspaceConfig, KeyspaceError, Script};
use redis::aio::MultiplexedConnection;
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{RoutingInfo, SingleNodeRoutingInfo};
use redis::io::tcp::{TcpSettings, socket2};
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo as _,
    RedisConnectionInfo, RedisResult, ServerErrorKind, TlsCertificates, TlsMode, Value,
};
use secrecy::ExposeSecret as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Commands that may wait to be put on the wire, of all channels together; more wait their turn.
const QUEUE: usize = 2048;
/// A connection on which nothing comes is tested after this, so that one that is cut off does not hold memory for hours.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// Between two tries, at first; doubled up to the other.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

pub(crate) struct Link {
    place: Place,
    certificates: Option<TlsCertificates>,
    timeout: Duration,
    line: Mutex<Option<Numbered>>,
    /// Held while a connection is made, so that there is one try at a time. Below it what the tries have in common.
    making: tokio::sync::Mutex<Making>,
}

#[derive(Default)]
struct Making {
    made: u64,
    sentinels: Option<SentinelClient>,
    failed: Option<(Instant, KeyspaceError)>,
}

#[derive(Clone)]
struct Numbered {
    number: u64,
    line: Line,
}

#[derive(Clone)]
enum Line {
    Single(MultiplexedConnection),
    Cluster(ClusterConnection),
}

/// What is asked.
#[derive(Clone, Copy)]
pub(crate) enum Question<'a> {
    Command(&'a Cmd),
    /// The script, sent by its hash if possible.
    Script {
        short: &'a Cmd,
        script: &'a Script,
        call: &'a Call,
    },
    /// A command for one node of a Cluster.
    Node {
        node: &'a (String, u16),
        command: &'a Cmd,
    },
}

impl Line {
    async fn ask(&mut self, question: Question<'_>) -> RedisResult<Value> {
        match question {
            Question::Command(command) => self.send(command).await,
            Question::Script { short, script, call } => match self.send(short).await {
                // Nothing ran. The whole one makes it known, too.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    self.send(&script.whole(call)).await
                }
                answer => answer,
            },
            Question::Node { node: (host, port), command } => match self {
                Line::Cluster(cluster) => {
                    let node = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
                    cluster.route_command(command.clone(), RoutingInfo::SingleNode(node)).await
                }
                Line::Single(_) => self.send(command).await,
            },
        }
    }

    async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Line::Single(line) => command.query_async(line).await,
            Line::Cluster(line) => command.query_async(line).await,
        }
    }
}

/// Whether a command may be sent again when nobody knows whether it ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Twice {
    Harmless,
    Never,
}

impl Link {
    pub fn new(config: &KeyspaceConfig) -> Result<Link, KeyspaceError> {
        let place = config.place()?;
        let certificates = match (&config.ca, place.tls) {
            (Some(ca), true) => {
                let pem = std::fs::read(ca).map_err(|e| {
                    KeyspaceError::Config(format!("the certificate authority {} cannot be read: {e}", ca.display()))
                })?;
                Some(TlsCertificates { client_tls: None, root_cert: Some(pem) })
            }
            (Some(_), false) => {
                return Err(KeyspaceError::Config("a certificate authority is given, but the address is not rediss://".into()));
            }
            (None, _) => None,
        };
        if place.tls {
            // The library takes what the process has chosen. Whoever was first is right.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let link = Link {
            place,
            certificates,
            timeout: config.timeout,
            line: Mutex::default(),
            making: tokio::sync::Mutex::default(),
        };
        // Certificates that are none are told now, and not at the first command.
        link.client(&link.place.hosts[0])?;
        Ok(link)
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Does it, within the time that a command has.
    pub async fn ask(&self, twice: Twice, question: Question<'_>) -> Result<Value, KeyspaceError> {
        let began = Instant::now();
        let deadline = began + self.timeout;
        let mut pause = PAUSE;
        let mut last = KeyspaceError::Unreachable("no answer in time".into());
        loop {
            let numbered = match tokio::time::timeout_at(deadline, self.line()).await {
                Ok(Ok(numbered)) => numbered,
                Ok(Err(error @ KeyspaceError::Unreachable(_))) => {
                    last = error;
                    if !rest(&mut pause, deadline).await {
                        return Err(last);
                    }
                    continue;
                }
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(last),
            };
            let Numbered { number, mut line } = numbered;
            let error = match tokio::time::timeout_at(deadline, line.ask(question)).await {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => error,
                Err(_) => {
                    self.forget(number);
                    return Err(KeyspaceError::Unreachable(format!("no answer within {} ms", self.timeout.as_millis())));
                }
            };
            let again = match remedy(&error) {
                Remedy::None => false,
                Remedy::Again => true,
                Remedy::Elsewhere => {
                    self.forget(number);
                    true
                }
                Remedy::Unknown => {
                    self.forget(number);
                    twice == Twice::Harmless
                }
            };
            last = error.into();
            if !again || !rest(&mut pause, deadline).await {
                return Err(last);
            }
        }
    }

    fn forget(&self, number: u64) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.as_ref().is_some_and(|line| line.number == number) {
            *line = None;
        }
    }

    fn present(&self) -> Option<Numbered> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn line(&self) -> Result<Numbered, KeyspaceError> {
        if let Some(line) = self.present() {
            return Ok(line);
        }
        let waiting_since = Instant::now();
        let mut making = self.making.lock().await;
        if let Some(line) = self.present() {
            return Ok(line);
        }
        // A try that began after us was ours too.
        if let Some((at, error)) = &making.failed
            && *at > waiting_since
        {
            return Err(error.clone());
        }
        let made = tokio::time::timeout(self.timeout, self.made(&mut making)).await;
        let made = made.unwrap_or_else(|_| Err(KeyspaceError::Unreachable("no connection in time".into())));
        match made {
            Ok(line) => {
                making.made += 1;
                making.failed = None;
                let numbered = Numbered { number: making.made, line };
                *self.line.lock().unwrap_or_else(PoisonError::into_inner) = Some(numbered.clone());
                Ok(numbered)
            }
            Err(error) => {
                making.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn made(&self, making: &mut Making) -> Result<Line, KeyspaceError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.timeout))
            .set_response_timeout(Some(self.timeout))
            .set_pipeline_buffer_size(QUEUE);
        match &self.place.kind {
            Kind::Single => {
                let client = self.client(&self.place.hosts[0])?;
                Ok(Line::Single(client.get_multiplexed_async_connection_with_config(&config).await?))
            }
            Kind::Sentinel { master } => {
                let mut sentinels = match making.sentinels.take() {
                    Some(sentinels) => sentinels,
                    None => self.sentinels(master)?,
                };
                let line = sentinels.get_async_connection_with_config(&config).await;
                making.sentinels = Some(sentinels);
                Ok(Line::Single(line?))
            }
            Kind::Cluster => Ok(Line::Cluster(self.cluster()?.get_async_connection().await?)),
        }
    }

    fn client(&self, (host, port): &(String, u16)) -> Result<Client, KeyspaceError> {
        let info = self.info(host, *port)?;
        let certificates = TlsCertificates { client_tls: None, root_cert: None };
        let client = if self.place.tls {
            Client::build_with_tls(info, self.certificates.clone().unwrap_or(certificates))
        } else {
            Client::open(info)
        };
        client.map_err(|e| KeyspaceError::Config(e.to_string()))
    }

    fn info(&self, host: &str, port: u16) -> Result<ConnectionInfo, KeyspaceError> {
        let mut settings = RedisConnectionInfo::default().set_db(self.place.db);
        settings = logged_in(settings, &self.place.login);
        let info = self.address(host, port).into_connection_info().map_err(|e| KeyspaceError::Config(e.to_string()))?;
        Ok(info.set_redis_settings(settings).set_tcp_settings(tcp()))
    }

    fn address(&self, host: &str, port: u16) -> ConnectionAddr {
        if self.place.tls {
            ConnectionAddr::TcpTls { host: host.to_owned(), port, insecure: false, tls_params: None }
        } else {
            ConnectionAddr::Tcp(host.to_owned(), port)
        }
    }

    fn sentinels(&self, master: &str) -> Result<SentinelClient, KeyspaceError> {
        let addresses = self.place.hosts.iter().map(|(host, port)| self.address(host, *port));
        let mut builder = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master)?
            .set_client_to_redis_db(self.place.db)
            .set_client_to_redis_tcp_settings(tcp())
            .set_client_to_sentinel_tcp_settings(tcp());
        let Login { user, password } = &self.place.login;
        if let Some(user) = user {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = password {
            builder = builder.set_client_to_redis_password(password.expose_secret());
        }
        let Login { user, password } = &self.place.sentinel_login;
        if let Some(user) = user {
            builder = builder.set_client_to_sentinel_username(user);
        }
        if let Some(password) = password {
            builder = builder.set_client_to_sentinel_password(password.expose_secret());
        }
        if self.place.tls {
            builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_sentinel_tls_mode(TlsMode::Secure);
            if let Some(certificates) = &self.certificates {
                builder = builder
                    .set_client_to_redis_certificates(certificates.clone())
                    .set_client_to_sentinel_certificates(certificates.clone());
            }
        }
        Ok(builder.build()?)
    }

    fn cluster(&self) -> Result<ClusterClient, KeyspaceError> {
        let nodes = self.place.hosts.iter().map(|(host, port)| self.info(host, *port)).collect::<Result<Vec<_>, _>>()?;
        let mut builder = ClusterClient::builder(nodes)
            // After a redirection; but also, of its own accord, after a connection that broke.
            .retries(3)
            .connection_timeout(self.timeout)
            .response_timeout(self.timeout)
            .tcp_settings(tcp());
        if let Some(user) = &self.place.login.user {
            builder = builder.username(user);
        }
        if let Some(password) = &self.place.login.password {
            builder = builder.password(password.expose_secret());
        }
        if self.place.tls {
            builder = builder.tls(TlsMode::Secure);
            if let Some(certificates) = &self.certificates {
                builder = builder.certs(certificates.clone());
            }
        }
        Ok(builder.build()?)
    }
}

fn logged_in(mut settings: RedisConnectionInfo, login: &Login) -> RedisConnectionInfo {
    if let Some(user) = &login.user {
        settings = settings.set_username(user);
    }
    if let Some(password) = &login.password {
        settings = settings.set_password(password.expose_secret());
    }
    settings
}

fn tcp() -> TcpSettings {
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(socket2::TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE))
}

/// Waits before the next try; not when there is no time left for one.
async fn rest(pause: &mut Duration, deadline: Instant) -> bool {
    if Instant::now() + *pause >= deadline {
        return false;
    }
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(LONGEST_PAUSE);
    true
}
