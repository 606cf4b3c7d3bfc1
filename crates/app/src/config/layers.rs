//! Where settings come from, and in which order they win.

use super::{ConfigError, DEFAULTS, MASTER_KEY_VARIABLE, known};
use crate::RunArgs;
use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// Name of the application's directories: builds never share them.
pub(crate) const APP_NAME: &str = if cfg!(feature = "sandbox") { "whatisup-sandbox" } else { "whatisup" };

/// What the outside gives: the flags, and the environment as a value so that tests need not touch the real one.
#[derive(Clone, Default)]
pub struct Sources {
    pub args: RunArgs,
    pub env: BTreeMap<String, String>,
    /// What [`MASTER_KEY_VARIABLE`] held. It is no setting, and not kept with the others.
    pub master_key: Option<SecretString>,
    /// Where systemd has put the credentials of this service.
    pub credentials: Option<PathBuf>,
}

/// Values of variables may be secrets.
impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("args", &self.args).field("env", &self.env.keys()).finish_non_exhaustive()
    }
}

impl Sources {
    /// The flags with the environment of this process.
    pub fn from_args(args: RunArgs) -> Self {
        // Variables that are no text are others' business; a value of ours that is none is told with what is wrong in it.
        let text = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let ours =
            std::env::vars_os().map(|(name, value)| (text(name), value)).filter(|(name, _)| name.starts_with("WHATISUP_"));
        let mut env: BTreeMap<_, _> = ours.map(|(name, value)| (name, text(value))).collect();
        let in_the_open = env.remove(MASTER_KEY_VARIABLE).map(SecretString::from);
        env.extend(args.taken.settings());
        Sources {
            master_key: args.taken.master_key().or(in_the_open),
            args,
            env,
            credentials: std::env::var_os("CREDENTIALS_DIRECTORY").filter(|dir| !dir.is_empty()).map(PathBuf::from),
        }
    }

    /// A setting, with the flag or variable that gave it when one did.
    pub(super) fn named(&self, setting: &str) -> String {
        if let Some((_, flag, _)) = flags(&self.args).into_iter().find(|(name, _, value)| *name == setting && value.is_some()) {
            return from(setting, flag);
        }
        match self.env_of(setting) {
            Some(_) => from(setting, &known::env_name(setting)),
            None => setting.to_owned(),
        }
    }

    pub(super) fn env_of(&self, setting: &str) -> Option<&String> {
        self.env.get(&known::env_name(setting))
    }
}

/// The key store that was chosen in the application whose data this is.
pub(crate) fn chosen_store(data_dir: &Path) -> Option<super::VaultStore> {
    let table = read_table(&choices_file(data_dir)).ok()?;
    table.get("vault")?.get("store")?.clone().try_into().ok()
}

pub(super) fn choices_file(data_dir: &Path) -> PathBuf {
    data_dir.join("choices.toml")
}

pub(super) fn user_file(sources: &Sources) -> Option<PathBuf> {
    sources.args.config.clone().or_else(|| {
        let dirs = directories::ProjectDirs::from("", "", APP_NAME)?;
        Some(dirs.config_dir().join("config.toml")).filter(|p| p.exists())
    })
}

/// The data directory is needed before the other layers can be read, because one of them lives there.
pub(super) fn data_dir(sources: &Sources) -> Result<PathBuf, ConfigError> {
    if let Some(dir) = &sources.args.data_dir {
        return Ok(dir.clone());
    }
    if let Some(dir) = sources.env_of("data.dir").filter(|d| !d.is_empty()) {
        return Ok(PathBuf::from(dir));
    }
    if let Some(path) = user_file(sources) {
        let table = read_table(&path)?;
        if let Some(dir) = table.get("data").and_then(|d| d.get("dir")).and_then(toml::Value::as_str).filter(|d| !d.is_empty())
        {
            return Ok(PathBuf::from(dir));
        }
    }
    let dirs = directories::ProjectDirs::from("", "", APP_NAME).ok_or(ConfigError::NoDataDir)?;
    Ok(dirs.data_local_dir().to_path_buf())
}

pub(super) fn merged<T: DeserializeOwned>(sources: &Sources, data_dir: &Path) -> Result<T, ConfigError> {
    let mut figment = Figment::from(Toml::string(DEFAULTS));
    let choices = choices_file(data_dir);
    for path in [Some(choices).filter(|p| p.exists()), user_file(sources)].into_iter().flatten() {
        let table = read_table(&path)?;
        known::check(&path.display().to_string(), &table)?;
        figment = figment.merge(Toml::file_exact(&path));
    }
    let env = env_layer(sources)?;
    let flags = flag_layer(&sources.args);
    figment =
        figment.merge(figment::providers::Serialized::defaults(env)).merge(figment::providers::Serialized::defaults(flags));
    figment.extract().map_err(|e| {
        let setting = known::nearest(&e.path);
        let origin = match e.metadata.as_ref().and_then(|m| m.source.as_ref()).and_then(figment::Source::file_path) {
            Some(file) => from(&setting, &file.display().to_string()),
            None => sources.named(&setting),
        };
        ConfigError::Invalid { origin, message: e.kind.to_string() }
    })
}

fn from(setting: &str, origin: &str) -> String {
    format!("{setting} (from {origin})")
}

pub(super) fn read_table(path: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse().map_err(|e: toml::de::Error| {
        // Its own words quote the line, where a password may be.
        let line = e.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
        let line = line.map(|n| format!(", line {n}")).unwrap_or_default();
        ConfigError::Invalid { origin: format!("{}{line}", path.display()), message: e.message().to_owned() }
    })
}

/// Each variable becomes what the default of its setting is.
fn env_layer(sources: &Sources) -> Result<Dict, ConfigError> {
    let settings = known::settings();
    let mut dict = Dict::new();
    for (variable, text) in &sources.env {
        let Some((setting, default)) = settings.iter().find(|(name, _)| known::env_name(name) == *variable) else {
            let all: Vec<String> = settings.iter().map(|(name, _)| known::env_name(name)).collect();
            return Err(known::unknown("environment", variable, &all));
        };
        let value = like(default, text).map_err(|wanted| ConfigError::Invalid {
            origin: from(setting, variable),
            message: format!("{text:?} is not {wanted}"),
        })?;
        put(&mut dict, setting, value);
    }
    Ok(dict)
}

/// The text as a value of the same type, or what it should have been.
fn like(default: &toml::Value, text: &str) -> Result<Value, &'static str> {
    match default {
        // Nothing is no element.
        toml::Value::Array(_) if text.trim().is_empty() => Ok(Value::from(Vec::<Value>::new())),
        // Text stays text, also where it looks like a number.
        toml::Value::String(_) => Ok(Value::from(text)),
        toml::Value::Integer(_) => text.trim().parse::<i64>().map(Value::from).map_err(|_| "a whole number"),
        toml::Value::Array(_) if !text.trim_start().starts_with('[') => {
            Ok(Value::from(text.split(',').map(|item| Value::from(item.trim())).collect::<Vec<_>>()))
        }
        toml::Value::Array(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Table(_) => {
            let parsed = format!("v = {text}").parse::<toml::Table>().ok().and_then(|mut table| table.remove("v"));
            let wanted = if default.is_bool() { "true or false" } else { "a list such as [\"127.0.0.1\", \"::1\"]" };
            let parsed = parsed.filter(|value| value.same_type(default)).ok_or(wanted)?;
            Value::serialize(parsed).map_err(|_| "a value that can be kept")
        }
    }
}

/// Every flag that is a setting: the setting, the flag as typed, and what it was given.
fn flags(args: &RunArgs) -> Vec<(&'static str, &'static str, Option<Value>)> {
    let path = |p: &Option<PathBuf>| p.as_ref().map(|p| Value::from(p.display().to_string()));
    let text = |t: &Option<String>| t.clone().map(Value::from);
    let addresses = |ips: &[IpAddr]| {
        (!ips.is_empty()).then(|| Value::from(ips.iter().map(|ip| Value::from(ip.to_string())).collect::<Vec<_>>()))
    };
    vec![
        ("vault.key_file", "--key-file", path(&args.key_file)),
        // Naming a key file is choosing it.
        ("vault.store", "--key-file", args.key_file.as_ref().map(|_| Value::from("file"))),
        ("whatsapp.url", "--whatsapp-url", text(&args.whatsapp_url)),
        ("whatsapp.ca", "--whatsapp-ca", path(&args.whatsapp_ca)),
        ("whatsapp.version", "--whatsapp-version", text(&args.whatsapp_version)),
        ("log.level", "--log-level", text(&args.log_level)),
        ("log.format", "--log-format", text(&args.log_format)),
        ("api.port", "--port", args.port.map(Value::from)),
        ("api.socket_path", "--socket", path(&args.socket)),
        ("api.public.bind", "--public", addresses(&args.public)),
    ]
}

fn flag_layer(args: &RunArgs) -> Dict {
    let mut dict = Dict::new();
    for (setting, _, value) in flags(args) {
        if let Some(value) = value {
            put(&mut dict, setting, value);
        }
    }
    dict
}

fn put(dict: &mut Dict, setting: &str, value: Value) {
    let Some((table, rest)) = setting.split_once('.') else {
        dict.insert(setting.to_owned(), value);
        return;
    };
    let entry = dict.entry(table.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = entry {
        put(inner, rest, value);
    }
}
