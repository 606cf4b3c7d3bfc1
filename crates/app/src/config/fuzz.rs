//! A file of settings and the environment, with anything in them.
#![allow(clippy::unwrap_used)]

use super::*;
use std::collections::BTreeMap;

#[test]
fn settings() {
    let dir = tempfile::tempdir().unwrap();
    let (file, data) = (dir.path().join("config.toml"), dir.path().join("data"));
    let names: Vec<String> = known::settings().into_iter().map(|(name, _)| name).collect();
    let variables = names.iter().map(|name| known::env_name(name));
    let marks = ["[api]", "[vault]", " = ", "\"", "'", "[[", "0x", "\n", "\0"].map(str::to_owned);
    let words: Vec<String> = names.iter().cloned().chain(variables).chain(marks).collect();
    // The file, and after each zero a variable.
    let seeds = [
        DEFAULTS.to_owned(),
        "sessions = \"redis://:hunter2@127.0.0.1:6379\"\n[api]\nbind = [\"::1\"]\0WHATISUP_API_PORT=9487".to_owned(),
        "\0WHATISUP_API_BIND=[\"127.0.0.1\"]\0WHATISUP_DATABASE=postgres://a:b@127.0.0.1/c?d=e".to_owned(),
    ];
    ::fuzz::target!("settings").seeds(seeds).words(words).longest(16 * 1024).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let mut parts = text.split('\0');
        std::fs::write(&file, parts.next().unwrap_or_default()).unwrap();
        let env: BTreeMap<String, String> =
            parts.filter_map(|part| part.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let args = crate::RunArgs { config: Some(file.clone()), data_dir: Some(data.clone()), ..crate::RunArgs::default() };
        let loaded = Config::load(&Sources { args, env, ..Sources::default() });
        loaded
            .map(drop)
            .map_err(|error| error.to_string().chars().filter(char::is_ascii_alphabetic).take(48).collect::<String>())
    });
}

/// Wherever in an address a password stands, and however it is mistyped: it is not shown.
#[test]
fn passwords() {
    let dir = tempfile::tempdir().unwrap();
    let seeds = ["redis://:PASSWORD@127.0.0.1:6379", "postgres://app:PASSWORD@127.0.0.1:5432/whatisup?sslmode=require"];
    let words = ["redis", "rediss", "+sentinel", "+cluster", "postgres", "://", "@", ":", "/", "?", "%", ",", "[", "]"];
    ::fuzz::target!("passwords").seeds(seeds).words(words).longest(256).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        // What follows the last @ is a host, which is shown; and so is a user.
        let hidden = text.matches("PASSWORD").count() == 1
            && text.contains(":PASSWORD@")
            && text.split_once("://").is_some_and(|(_, rest)| rest.split(['@', '/', ':']).all(|part| part != "PASSWORD:"))
            && text.matches("://").count() == 1
            && text.matches('@').count() == 1
            && text.matches(':').count() <= 3;
        let setting = if text.contains("postgres") { "WHATISUP_DATABASE" } else { "WHATISUP_SESSIONS" };
        let env = [(setting.to_owned(), text.clone().into_owned())].into();
        let args = crate::RunArgs { data_dir: Some(dir.path().to_owned()), ..crate::RunArgs::default() };
        let sources = Sources { args, env, ..Sources::default() };
        let shown = match Config::load(&sources) {
            Ok(config) => format!("{config:?} {} {}", config.sessions.described(), config.database.described()),
            Err(error) => error.to_string(),
        };
        assert!(!hidden || !shown.contains("PASSWORD"), "{shown}");
        shown.len() < 400
    });
}
