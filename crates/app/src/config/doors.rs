//! How the API is reached, and how much may be asked of it.

use super::{ConfigError, invalid};
use serde::Deserialize;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

#[derive(Clone, Debug)]
pub struct ApiConfig {
    pub port: u16,
    pub bind: Vec<IpAddr>,
    pub socket: Option<Socket>,
    /// For other machines, with TLS; `None`: only this one is served.
    pub public: Option<PublicConfig>,
    pub limits: api::Limits,
}

/// The Unix socket, on Windows a named pipe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Socket {
    pub path: PathBuf,
    /// Somebody named it; else it may be left out where it cannot be made.
    pub chosen: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicConfig {
    pub bind: Vec<IpAddr>,
    pub port: u16,
    pub names: Vec<String>,
    /// A PEM file and its key; `None`: one that we make ourselves.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

#[derive(Deserialize)]
pub(super) struct RawApi {
    port: u16,
    bind: Vec<IpAddr>,
    socket: bool,
    socket_path: PathBuf,
    public: RawPublic,
}

#[derive(Deserialize)]
struct RawPublic {
    bind: Vec<IpAddr>,
    port: u16,
    names: Vec<String>,
    certificate: PathBuf,
    key: PathBuf,
}

#[derive(Deserialize)]
pub(super) struct RawLimits {
    per_key: u32,
    burst: u32,
    sends_per_key: u32,
    admin: u32,
    unknown: u32,
    at_once: usize,
    connections: usize,
    connections_per_peer: usize,
    streams: usize,
    streams_per_key: usize,
}

const SOCKET: &str = "api.sock";

pub(super) fn api(raw: RawApi, limits: RawLimits, data_dir: &Path) -> Result<ApiConfig, ConfigError> {
    if let Some(ip) = raw.bind.iter().find(|ip| !ip.is_loopback()) {
        return Err(invalid(
            "api.bind",
            format!(
                "{ip} is not a loopback address; only 127.0.0.1 and ::1 are served without TLS. For other machines name it in \
                 api.public.bind"
            ),
        ));
    }
    if raw.bind.is_empty() {
        return Err(invalid("api.bind", "name at least one address, such as \"127.0.0.1\""));
    }
    let chosen = !raw.socket_path.as_os_str().is_empty();
    if chosen && raw.socket_path.is_relative() {
        return Err(invalid("api.socket_path", "name it from the root on, as in \"/run/user/1000/whatisup.sock\""));
    }
    let path = if chosen { raw.socket_path } else { data_dir.join(SOCKET) };
    let public = public(raw.public)?;
    if let Some(public) = &public
        && public.port == raw.port
        && let Some(ip) = raw.bind.iter().find(|ip| public.bind.iter().any(|other| covers(*other, **ip)))
    {
        return Err(invalid(
            "api.public.port",
            format!("{} is api.port already, which is served at {ip} without TLS", raw.port),
        ));
    }
    Ok(ApiConfig {
        port: raw.port,
        bind: raw.bind,
        socket: raw.socket.then_some(Socket { path, chosen }),
        public,
        limits: checked(limits)?,
    })
}

fn covers(public: IpAddr, ip: IpAddr) -> bool {
    public == ip || (public.is_unspecified() && public.is_ipv4() == ip.is_ipv4())
}

fn public(raw: RawPublic) -> Result<Option<PublicConfig>, ConfigError> {
    let given = |path: PathBuf| Some(path).filter(|path| !path.as_os_str().is_empty());
    let certificate = match (given(raw.certificate), given(raw.key)) {
        (Some(certificate), Some(key)) => Some((certificate, key)),
        (None, None) => None,
        (Some(_), None) => return Err(invalid("api.public.key", "name the file with the certificate's key too")),
        (None, Some(_)) => return Err(invalid("api.public.certificate", "name the file with the key's certificate too")),
    };
    for name in &raw.names {
        name_of_host(name).map_err(|why| invalid("api.public.names", format!("{name:?} {why}")))?;
    }
    if raw.bind.is_empty() {
        let asked = [("api.public.names", !raw.names.is_empty()), ("api.public.certificate", certificate.is_some())];
        return match asked.into_iter().find(|(_, given)| *given) {
            Some((setting, _)) => Err(invalid(
                setting,
                "this is for other machines, and they are not served: name the addresses in api.public.bind",
            )),
            None => Ok(None),
        };
    }
    Ok(Some(PublicConfig { bind: raw.bind, port: raw.port, names: raw.names, certificate }))
}

/// As browsers write it into a `Host`: lower case, no scheme, an IPv6 address in brackets; a port where it is another one.
fn name_of_host(name: &str) -> Result<(), &'static str> {
    let (host, port) = match name.rsplit_once(':') {
        Some((host, port)) if !host.ends_with(':') && (!host.contains(':') || host.ends_with(']')) => (host, Some(port)),
        Some(_) | None => (name, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().map_or(true, |n| n == 0 || n.to_string() != port)) {
        return Err("ends with no port");
    }
    if let Some(ip) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return ip
            .parse::<std::net::Ipv6Addr>()
            .ok()
            .filter(|read| read.to_string() == ip)
            .map(drop)
            .ok_or("is no IPv6 address");
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let fits = host.len() <= 253 && host.split('.').all(label);
    if fits {
        Ok(())
    } else {
        Err("is no name of a host: write it as in \"whatisup.example\", in lower case, without https://")
    }
}

fn checked(raw: RawLimits) -> Result<api::Limits, ConfigError> {
    let rate = |setting: &str, n: u32| NonZeroU32::new(n).ok_or_else(|| invalid(setting, "at least 1"));
    let count = |setting: &str, n: usize, least: usize| {
        let fits = (least..=1_000_000).contains(&n);
        if fits { Ok(n) } else { Err(invalid(setting, format!("from {least} to 1000000"))) }
    };
    Ok(api::Limits {
        per_key: rate("limits.per_key", raw.per_key)?,
        burst: rate("limits.burst", raw.burst)?,
        sends: rate("limits.sends_per_key", raw.sends_per_key)?,
        admin: NonZeroU32::new(raw.admin),
        unknown: rate("limits.unknown", raw.unknown)?,
        requests: count("limits.at_once", raw.at_once, 8)?,
        connections: count("limits.connections", raw.connections, 16)?,
        connections_per_source: count("limits.connections_per_peer", raw.connections_per_peer, 4)?,
        streams: count("limits.streams", raw.streams, 4)?,
        streams_per_key: count("limits.streams_per_key", raw.streams_per_key, 1)?,
    })
}
