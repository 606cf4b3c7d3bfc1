//! Which settings exist, read off the defaults themselves.

use super::{ConfigError, DEFAULTS};

/// All settings as dotted names, in the order of the defaults.
pub(super) fn names() -> Vec<String> {
    let table: toml::Table = DEFAULTS.parse().expect("the defaults are part of the program and tested");
    let mut names = Vec::new();
    flatten("", &table, &mut names);
    names
}

fn flatten(prefix: &str, table: &toml::Table, names: &mut Vec<String>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value.as_table() {
            Some(inner) => flatten(&name, inner, names),
            None => names.push(name),
        }
    }
}

/// How the environment writes a setting: `api.port` is `WHATISUP_API_PORT`.
pub(super) fn env_name(setting: &str) -> String {
    format!("WHATISUP_{}", setting.replace('.', "_").to_ascii_uppercase())
}

/// Refuses any setting of `table` that the defaults do not have.
pub(super) fn check(origin: &str, table: &toml::Table) -> Result<(), ConfigError> {
    let known = names();
    let mut given = Vec::new();
    flatten("", table, &mut given);
    match given.into_iter().find(|name| !known.contains(name)) {
        None => Ok(()),
        Some(name) => Err(unknown(origin, &name, known.iter().map(String::as_str))),
    }
}

pub(super) fn unknown<'a>(origin: &str, name: &str, known: impl Iterator<Item = &'a str>) -> ConfigError {
    let nearest = known.map(|k| (strsim::damerau_levenshtein(k, name), k)).min();
    let hint = match nearest {
        Some((distance, k)) if distance <= 2 + name.len() / 3 => format!("; did you mean {k:?}?"),
        _ => "; see docs/configuration.md for all of them".to_owned(),
    };
    ConfigError::Unknown { origin: origin.to_owned(), name: name.to_owned(), hint }
}
