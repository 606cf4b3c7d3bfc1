//! The absences that hold the structure together, checked on the dependency graph itself.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use std::collections::BTreeSet;
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
    only(&["vault"], |d| d.contains("keyring"));
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
        assert!(!line.contains("danger-skip-cert-chain-verify"), "the release build does not verify WhatsApp's certificate");
    }
}
