//! Where a setting comes from, and a new value for those that the application itself keeps.

use super::layers::{choices_file, data_dir, merged, read_table, user_file};
use super::{ConfigError, Sources};
use std::io;
use std::path::Path;

/// Who has the last word about a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The environment variable of this name.
    Variable(String),
    /// The person's own file.
    File(std::path::PathBuf),
    /// What was chosen in the application, or nobody.
    Ours,
}

impl Sources {
    /// Who gives this setting, as the layers are.
    pub fn origin(&self, setting: &str) -> Origin {
        if self.env_of(setting).is_some() {
            return Origin::Variable(super::known::env_name(setting));
        }
        match user_file(self) {
            Some(path) if read_table(&path).is_ok_and(|table| has(&table, setting)) => Origin::File(path),
            Some(_) | None => Origin::Ours,
        }
    }

    /// What a setting of the first level says, whoever gives it.
    pub(crate) fn value(&self, setting: &str) -> Result<String, ConfigError> {
        let all: toml::Table = merged(self, &data_dir(self)?)?;
        Ok(all.get(setting).and_then(toml::Value::as_str).unwrap_or_default().to_owned())
    }

    /// The same, with the environment saying this of a setting.
    #[must_use]
    pub fn with(&self, setting: &str, value: &str) -> Sources {
        let mut other = self.clone();
        other.env.insert(super::known::env_name(setting), value.to_owned());
        other
    }
}

/// Writes values among what was chosen in the application; whatever else was chosen stays. In one step.
pub(crate) fn choose(data_dir: &Path, values: &[(&str, String)]) -> io::Result<()> {
    let path = choices_file(data_dir);
    let mut table = match read_table(&path) {
        Ok(table) => table,
        Err(_) if !path.exists() => toml::Table::new(),
        Err(error) => return Err(io::Error::other(error)),
    };
    for (setting, value) in values {
        table.insert((*setting).to_owned(), toml::Value::String(value.clone()));
    }
    let text = format!("# Chosen in the application. Your own config.toml, the environment and flags win over this.\n{table}");
    let beside = path.with_extension("new");
    crate::private::write(&beside, text.as_bytes())?;
    std::fs::File::open(&beside)?.sync_all()?;
    std::fs::rename(&beside, &path)
}

fn has(table: &toml::Table, setting: &str) -> bool {
    match setting.split_once('.') {
        Some((outer, inner)) => table.get(outer).and_then(|t| t.get(inner)).is_some(),
        None => table.contains_key(setting),
    }
}
