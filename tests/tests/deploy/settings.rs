//! What is set there exists, and secrets are files.

use crate::files::{all, compose, documents, items, list, ran};
use serde_json::Value;
use std::collections::BTreeSet;
use std::process::Command;

/// Every setting's variable, with its default.
fn known() -> Vec<(String, toml::Value)> {
    let path = acceptance::binaries::repository().join("crates/app/src/defaults.toml");
    let table: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let variable = |name: &str| format!("WHATISUP_{}", name.to_uppercase().replace('.', "_"));
    let settings = table.iter().flat_map(|(name, value)| match value.as_table() {
        Some(inner) => inner.iter().map(|(key, value)| (variable(&format!("{name}.{key}")), value.clone())).collect(),
        None => vec![(variable(name), value.clone())],
    });
    settings.collect()
}

/// (file, variable) of all that is named in `deploy/`.
fn named() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (file, text) in all() {
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'));
        found.extend(words.filter(|word| word.starts_with("WHATISUP_")).map(|word| (file.clone(), word.to_owned())));
    }
    found
}

#[test]
fn every_setting_that_is_named_exists() {
    let known = known();
    let named = named();
    assert!(named.len() > 20, "this test looks at the wrong files: {named:?}");
    for (file, variable) in named {
        // In a sentence about all of them.
        if variable != "WHATISUP_" {
            assert!(known.iter().any(|(name, _)| *name == variable), "{file} sets {variable}, which is no setting");
        }
    }
}

/// (where, variable, value) of what the containers and services are given.
fn given() -> Vec<(String, String, String)> {
    let mut given = Vec::new();
    let compose = compose();
    for (name, service) in items(&compose["services"]).filter(|(_, service)| service["environment"].is_object()) {
        given.extend(items(&service["environment"]).map(|(n, v)| (name.clone(), n.clone(), v.as_str().unwrap().to_owned())));
    }
    for map in documents("kubernetes.yaml").iter().filter(|d| d["metadata"]["name"] == "whatisup-settings") {
        given.extend(items(&map["data"]).map(|(n, v)| ("kubernetes".to_owned(), n.clone(), v.as_str().unwrap().to_owned())));
    }
    for (file, text) in all().into_iter().filter(|(file, _)| file == "whatisup.service" || file == "worker.conf") {
        let lines = text.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('='));
        given.extend(lines.map(|(name, value)| (file.clone(), name.to_owned(), value.to_owned())));
    }
    given
}

#[test]
fn every_value_is_of_its_settings_kind() {
    let known = known();
    let ours: Vec<_> = given().into_iter().filter(|(_, name, _)| name.starts_with("WHATISUP_")).collect();
    assert!(ours.len() > 20);
    for (place, name, value) in ours {
        let (_, default) = known.iter().find(|(setting, _)| *setting == name).unwrap();
        let number = !default.is_integer() || value.parse::<u64>().is_ok();
        let boolean = !default.is_bool() || value.parse::<bool>().is_ok();
        assert!(number && boolean, "{place}: {name} = {value:?}");
    }
}

#[test]
fn every_secret_is_a_file() {
    for (place, name, value) in given() {
        let secret = ["PASSWORD", "SECRET", "TOKEN", "MASTER_KEY"].iter().any(|word| name.contains(word));
        assert!(!secret || name.ends_with("_FILE"), "{place}: {name} is a secret in a variable");
        assert!(!name.ends_with("_FILE") || value.starts_with("/run/secrets/") || value.starts_with("%d/"), "{place}: {name}");
        let address = value.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        assert!(address.is_none_or(|(user, _)| !user.contains(':')), "{place}: {name} has a password in its address");
    }
    for (name, secret) in items(&compose()["secrets"]) {
        assert!(secret["file"].as_str().unwrap().starts_with("./secrets/"), "{name}");
    }
    for document in documents("kubernetes.yaml") {
        assert_ne!(document["kind"], "Secret");
        assert!(!document.to_string().contains("secretKeyRef"), "variables can be read by more than the program");
    }
    let ignored = std::fs::read_to_string(acceptance::binaries::repository().join(".gitignore")).unwrap();
    assert!(ignored.lines().any(|line| line == "/deploy/secrets"), "secrets of a try-out could be committed");
    let ignored = all().into_iter().find(|(file, _)| file == "Dockerfile.dockerignore").unwrap().1;
    assert!(ignored.lines().any(|line| line == "deploy/secrets"), "secrets could be built into an image");
}

#[test]
fn every_secret_that_compose_mounts_is_made() {
    let made = all().into_iter().find(|(file, _)| file == "secrets.sh").unwrap().1;
    for (name, _) in items(&compose()["secrets"]) {
        assert!(made.lines().any(|line| line.starts_with(&format!("secret {name} "))), "secrets.sh does not make {name}");
    }
}

#[test]
fn the_commands_that_are_used_exist() {
    let whatisupd = acceptance::binaries::program("whatisupd").unwrap();
    let help = ran(Command::new(whatisupd).arg("--help"));
    let compose = compose();
    let mut used: Vec<String> = Vec::new();
    let argument = |value: &Value, at: usize| value[at].as_str().unwrap().to_owned();
    for (_, service) in items(&compose["services"]).filter(|(name, _)| name.starts_with("worker-")) {
        used.push(argument(&service["command"], 0));
        assert_eq!(service["healthcheck"]["test"][1], "/usr/bin/whatisupd");
        used.push(argument(&service["healthcheck"]["test"], 2));
    }
    let worker = crate::files::pod()["containers"][0].clone();
    used.push(argument(&worker["args"], 0));
    for probe in ["startupProbe", "livenessProbe"] {
        assert_eq!(worker[probe]["exec"]["command"][0], "/usr/bin/whatisupd");
        used.push(argument(&worker[probe]["exec"]["command"], 1));
    }
    // And in what is told to people.
    for (_, text) in all() {
        let lines = text.lines().filter_map(|line| line.split_once("whatisupd ").filter(|(before, _)| !before.contains("# ")));
        used.extend(lines.map(|(_, after)| after.split_whitespace().next().unwrap().to_owned()));
    }
    used.push("vault".to_owned());
    for verb in used.iter().filter(|verb| verb.chars().all(|c| c.is_ascii_lowercase() || c == '-')) {
        assert!(
            help.lines().any(|line| line.trim_start().split(' ').next() == Some(verb)),
            "there is no `whatisupd {verb}`:\n{help}"
        );
    }
    assert!(list(&worker["args"]).count() == 1 && used.len() > 6);
}
