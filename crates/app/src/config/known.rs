//! Which settings exist, read off the defaults themselves.

use super::{ConfigError, DEFAULTS};

/// All settings as dotted names with their defaults, in the order of the defaults.
pub(super) fn settings() -> Vec<(String, toml::Value)> {
    let table: toml::Table = DEFAULTS.parse().expect("the defaults are part of the program and tested");
    let mut settings = Vec::new();
    flatten("", table, &mut settings);
    settings
}

fn flatten(prefix: &str, table: toml::Table, settings: &mut Vec<(String, toml::Value)>) {
    for (key, value) in table {
        let name = if prefix.is_empty() { key } else { format!("{prefix}.{key}") };
        if let toml::Value::Table(inner) = value {
            flatten(&name, inner, settings);
        } else {
            settings.push((name, value));
        }
    }
}

/// The setting to which a path leads: below it there is the place in a list, say.
pub(super) fn nearest(path: &[String]) -> String {
    let known = settings();
    let mut prefixes = (1..=path.len()).rev().map(|length| path[..length].join("."));
    prefixes.find(|name| known.iter().any(|(setting, _)| setting == name)).unwrap_or_else(|| path.join("."))
}

/// How the environment writes a setting: `api.port` is `WHATISUP_API_PORT`.
pub(super) fn env_name(setting: &str) -> String {
    format!("WHATISUP_{}", setting.replace('.', "_").to_ascii_uppercase())
}

/// Refuses any setting of `table` that the defaults do not have.
pub(super) fn check(origin: &str, table: &toml::Table) -> Result<(), ConfigError> {
    let known: Vec<String> = settings().into_iter().map(|(name, _)| name).collect();
    let mut given = Vec::new();
    flatten("", table.clone(), &mut given);
    match given.into_iter().find(|(name, _)| !known.contains(name)) {
        None => Ok(()),
        Some((name, _)) => Err(unknown(origin, &name, &known)),
    }
}

/// Names the nearest known one, however far that is: it shows at least what a name looks like.
pub(super) fn unknown(origin: &str, name: &str, known: &[String]) -> ConfigError {
    // A whole file in the place of a name would take minutes to compare.
    let begins: String = name.chars().take(60).collect();
    let nearest = known.iter().map(|k| (strsim::damerau_levenshtein(k, &begins), k)).min();
    let hint = nearest.map(|(_, k)| format!("; did you mean {k:?}?")).unwrap_or_default();
    ConfigError::Unknown { origin: origin.to_owned(), name: name.to_owned(), hint }
}
