//! Where settings come from, and in which order they win.

use super::{ConfigError, DEFAULTS, known};
use crate::RunArgs;
use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name of the application's directories: builds never share them.
pub(crate) const APP_NAME: &str = if cfg!(feature = "sandbox") { "whatisup-sandbox" } else { "whatisup" };

/// What the outside gives: the flags, and the environment as a value so that tests need not touch the real one.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    pub args: RunArgs,
    pub env: BTreeMap<String, String>,
}

impl Sources {
    /// The flags with the environment of this process.
    pub fn from_args(args: RunArgs) -> Self {
        let env = std::env::vars().filter(|(name, _)| name.starts_with("WHATISUP_")).collect();
        Sources { args, env }
    }

    fn env_of(&self, setting: &str) -> Option<&String> {
        self.env.get(&known::env_name(setting))
    }
}

pub(super) fn choices_file(data_dir: &Path) -> PathBuf {
    data_dir.join("choices.toml")
}

fn user_file(sources: &Sources) -> Option<PathBuf> {
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
        let origin = e.path.join(".");
        let from = e.metadata.as_ref().and_then(|m| m.source.as_ref()).map(|s| format!(" (from {s})")).unwrap_or_default();
        ConfigError::Invalid { origin: format!("{origin}{from}"), message: e.kind.to_string() }
    })
}

fn read_table(path: &Path) -> Result<toml::Table, ConfigError> {
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    text.parse()
        .map_err(|e: toml::de::Error| ConfigError::Invalid { origin: path.display().to_string(), message: e.to_string() })
}

/// Environment values are read as TOML where they can be, else as text.
fn env_layer(sources: &Sources) -> Result<Dict, ConfigError> {
    let names = known::names();
    let mut dict = Dict::new();
    for (variable, text) in &sources.env {
        let Some(setting) = names.iter().find(|n| known::env_name(n) == *variable) else {
            let all: Vec<String> = names.iter().map(|n| known::env_name(n)).collect();
            return Err(known::unknown("environment", variable, all.iter().map(String::as_str)));
        };
        let value = format!("v = {text}").parse::<toml::Table>().ok().and_then(|mut t| t.remove("v"));
        // A setting that is text stays text, even when it looks like a number or a date.
        let value = match value {
            Some(v @ (toml::Value::Integer(_) | toml::Value::Array(_))) => Value::serialize(v),
            _ => Value::serialize(text),
        };
        let value = value.map_err(|e| ConfigError::Invalid { origin: variable.clone(), message: e.to_string() })?;
        put(&mut dict, setting, value);
    }
    Ok(dict)
}

fn flag_layer(args: &RunArgs) -> Dict {
    let path = |p: &Option<PathBuf>| p.as_ref().map(|p| p.display().to_string());
    let texts = [
        ("vault.key_file", path(&args.key_file)),
        // Naming a key file is choosing it.
        ("vault.store", args.key_file.as_ref().map(|_| "file".to_owned())),
        ("whatsapp.url", args.whatsapp_url.clone()),
        ("whatsapp.ca", path(&args.whatsapp_ca)),
        ("whatsapp.version", args.whatsapp_version.clone()),
        ("log.level", args.log_level.clone()),
        ("log.format", args.log_format.clone()),
    ];
    let mut dict = Dict::new();
    for (setting, text) in texts {
        if let Some(text) = text {
            put(&mut dict, setting, Value::from(text));
        }
    }
    if let Some(port) = args.port {
        put(&mut dict, "api.port", Value::from(port));
    }
    dict
}

fn put(dict: &mut Dict, setting: &str, value: Value) {
    let (table, key) = setting.split_once('.').expect("every setting of the defaults is in a table");
    let entry = dict.entry(table.to_owned()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = entry {
        inner.insert(key.to_owned(), value);
    }
}
