//! The absences that hold the structure together, checked on the dependency graph and on the sources themselves.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// (member, names of its direct normal and build dependencies)
fn members() -> Vec<(String, BTreeSet<String>)> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(acceptance::binaries::repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|p| {
            let dependencies = p["dependencies"].as_array().unwrap();
            let names = dependencies.iter().filter(|d| d["kind"] != "dev").map(|d| d["name"].as_str().unwrap().to_owned());
            (p["name"].as_str().unwrap().to_owned(), names.collect())
        })
        .collect()
}

fn only(allowed: &[&str], what: impl Fn(&str) -> bool) {
    for (member, dependencies) in members() {
        for dependency in dependencies.iter().filter(|d| what(d)) {
            assert!(allowed.contains(&member.as_str()), "{member} must not depend on {dependency}; only {allowed:?} may");
        }
    }
}

#[test]
fn only_the_shell_names_tauri() {
    only(&["whatisup"], |d| d.starts_with("tauri"));
}

#[test]
fn only_the_whatsapp_crate_names_the_protocol_library() {
    only(&["whatsapp"], |d| d.starts_with("whatsapp-rust"));
}

#[test]
fn only_the_vault_names_a_keychain() {
    let keychains =
        ["keyring", "secret-service", "secret_service", "libsecret", "oo7", "security-framework", "keychain", "credential"];
    only(&["vault"], |d| keychains.iter().any(|k| d.contains(k)));
}

#[test]
fn only_the_api_and_the_sandboxs_control_port_name_axum() {
    only(&["api", "sandbox"], |d| d.starts_with("axum"));
}

#[test]
fn only_the_ledger_names_sqlx() {
    only(&["ledger"], |d| d == "sqlx");
}

#[test]
fn engine_and_webhooks_meet_in_the_ledger_and_do_not_know_each_other() {
    let members = members();
    let (_, webhooks) = members.iter().find(|(name, _)| name == "webhooks").unwrap();
    let ours = webhooks.iter().filter(|d| members.iter().any(|(name, _)| name == *d)).map(String::as_str);
    assert_eq!(ours.collect::<Vec<_>>(), ["domain", "ledger", "wire"]);
    only(&["api", "app", "whatisup"], |d| d == "webhooks");
}

#[test]
fn the_pure_crates_have_no_runtime_clock_or_chance() {
    for (member, dependencies) in members() {
        let allowed: &[&str] = match member.as_str() {
            "domain" => &["jiff", "percent-encoding", "thiserror", "ulid", "url"],
            "channel" => &["domain"],
            _ => continue,
        };
        for dependency in &dependencies {
            assert!(allowed.contains(&dependency.as_str()), "{member} is pure and must not depend on {dependency}");
        }
    }
}

#[test]
fn the_wire_is_not_the_domain() {
    let members = members();
    let (_, domain) = members.iter().find(|(name, _)| name == "domain").unwrap();
    assert!(!domain.contains("serde"), "domain types do not serialise; the crate wire does");
}

#[test]
fn nothing_below_the_composition_root_knows_the_sandbox() {
    only(&["app", "acceptance"], |d| d == "sandbox");
}

#[test]
fn only_tests_know_the_servers_that_tests_start() {
    only(&["acceptance"], |d| d == "servers");
}

#[test]
fn a_release_build_holds_no_sandbox_code() {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "-p", "whatisup", "-e", "normal,build,features", "--prefix", "none"])
        // However this test itself was built: the tree of a release build is that of the package alone.
        .env_remove("CARGO_RESOLVER_FEATURE_UNIFICATION")
        .current_dir(acceptance::binaries::repository())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    assert!(tree.contains("whatsapp-rust v"), "this test looks at the wrong tree");
    for line in tree.lines() {
        assert!(!line.starts_with("sandbox "), "the release build depends on the sandbox");
        assert!(!line.starts_with("servers "), "the release build depends on what starts servers for tests");
        assert!(!line.contains("danger-skip-cert-chain-verify"), "the release build does not verify WhatsApp's certificate");
    }
}

/// (path from the repository's root, line) of all code that ships or may ship: no tests, no comments.
fn code() -> Vec<(String, String)> {
    let root = acceptance::binaries::repository();
    let mut folders: Vec<_> = fs::read_dir(root.join("crates")).unwrap().map(|e| e.unwrap().path().join("src")).collect();
    folders.push(root.join("src-tauri/src"));
    let mut lines = Vec::new();
    for file in folders.iter().flat_map(|folder| acceptance::files(folder).unwrap()) {
        let path = file.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
        if !path.ends_with(".rs") || path.ends_with("/tests.rs") || path.contains("/tests/") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        // The unit tests of a file are its last item.
        let shipped = text.find("\nmod tests {").map_or(text.as_str(), |at| &text[..at]);
        let code = shipped.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.extend(code.map(|line| (path.clone(), line.to_owned())));
    }
    assert!(lines.len() > 5000, "this test looks at the wrong sources");
    lines
}

/// Only these places, each with its reason, may have such a line; and each of them has one.
fn only_in(allowed: &[(&str, &str)], which: impl Fn(&str, &str) -> bool) {
    let found: Vec<_> = code().into_iter().filter(|(path, line)| which(path, line)).collect();
    for (path, line) in &found {
        let excused = allowed.iter().any(|(place, _)| path.starts_with(place));
        assert!(excused, "{path} has {line:?}; only these may: {allowed:?}");
    }
    for (place, reason) in allowed {
        assert!(found.iter().any(|(path, _)| path.starts_with(place)), "{place} no longer needs its exception: {reason}");
    }
}

#[test]
fn only_the_dialers_open_connections() {
    let allowed = [
        ("crates/whatsapp/src/dialer/", "it is the dialer to WhatsApp"),
        ("crates/webhooks/src/dialer.rs", "it is the dialer to webhook receivers"),
        ("crates/api/src/bind.rs", "makes a socket to listen on, and never connects it"),
        ("crates/api/src/bind/socket.rs", "listens at a path of this machine, after a knock whether somebody answers there"),
        ("crates/app/src/cli/client.rs", "the command line talks to the API of this machine"),
        ("crates/app/src/examine.rs", "asks the API of this machine whether it lives"),
    ];
    let ways = [
        "TcpStream::connect",
        "TcpSocket::new",
        "UdpSocket::bind",
        "UnixStream::connect",
        "Socket::new",
        "reqwest::Client",
        "reqwest::get",
        "connect_async",
        "HttpConnector",
        "ureq::",
    ];
    // The sandbox is no part of what ships, and has a test of its own that it stays on loopback. Nor are the servers of tests.
    let others = ["crates/sandbox/", "crates/servers/"];
    only_in(&allowed, |path, line| !others.iter().any(|o| path.starts_with(o)) && ways.iter().any(|way| line.contains(way)));
}

#[test]
fn nothing_is_global() {
    let allowed = [
        ("crates/ledger/src/open.rs", "the migrations are constant, and their macro makes no const"),
        ("crates/ledger/src/postgres/schema.rs", "so are those of the other engine"),
    ];
    only_in(&allowed, |_, line| {
        let item = line.trim_start();
        let item = item.strip_prefix("pub").map_or(item, |rest| rest.trim_start_matches(|c| c != ' ').trim_start());
        let made_late = ["lazy_static!", "thread_local!", "task_local!", "LazyLock::new", "LazyCell::new"];
        item.starts_with("static ") || made_late.iter().any(|way| line.contains(way))
    });
}

#[test]
fn no_secret_can_be_serialised() {
    let secrets = ["crates/vault/", "crates/domain/", "crates/whatsapp/"];
    let allowed = [
        ("crates/vault/src/key_file.rs", "the key file is where a person chose to have the secrets written"),
        ("crates/vault/src/master/file.rs", "what it writes is wrapped by the master key already"),
        ("crates/whatsapp/src/auth_state/snapshot/", "a session on its way from one store into another, or into a sealed file"),
        ("crates/whatsapp/src/baileys/session.rs", "a ratchet, in the file that Baileys reads"),
    ];
    only_in(&allowed, |path, line| {
        let words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        secrets.iter().any(|place| path.starts_with(place)) && words.into_iter().any(|word| word == "Serialize")
    });
}
