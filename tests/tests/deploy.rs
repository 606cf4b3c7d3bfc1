//! What is in `deploy/`: held against schemas, against our own settings and rules, and tried with real servers.
#![allow(clippy::unwrap_used)]

#[path = "deploy/files.rs"]
mod files;
#[path = "deploy/hardening.rs"]
mod hardening;
#[path = "deploy/settings.rs"]
mod settings;
#[path = "deploy/start.rs"]
mod start;

use files::{checker, deploy, ran};
use std::fs;
use std::process::Command;

#[test]
fn the_kubernetes_manifest_fits_the_schemas() {
    let said =
        ran(Command::new(checker("kubernetes-validate")).args(["--strict", "-k", "1.33"]).arg(deploy("kubernetes.yaml")));
    for kind in ["deployment/whatisup", "networkpolicy/whatisup", "poddisruptionbudget/whatisup"] {
        assert!(said.contains(&format!("passed for resource {kind}")), "{said}");
    }
}

#[test]
fn the_checker_of_manifests_finds_a_mistake() {
    let broken = tempfile::tempdir().unwrap();
    let text =
        fs::read_to_string(deploy("kubernetes.yaml")).unwrap().replace("readOnlyRootFilesystem", "readonlyRootFilesystem");
    let path = broken.path().join("kubernetes.yaml");
    fs::write(&path, text).unwrap();
    let output = Command::new(checker("kubernetes-validate")).args(["--strict", "-k", "1.33"]).arg(path).output().unwrap();
    assert!(!output.status.success());
}

#[test]
fn the_compose_file_fits_the_compose_specification() {
    let check = |path| {
        let mut checker = Command::new(checker("check-jsonschema"));
        checker.args(["--builtin-schema", "vendor.compose-spec"]).arg(path).output().unwrap()
    };
    let output = check(deploy("compose.yaml"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let broken = tempfile::tempdir().unwrap();
    let path = broken.path().join("compose.yaml");
    fs::write(&path, fs::read_to_string(deploy("compose.yaml")).unwrap().replace("pids_limit", "pid_limit")).unwrap();
    assert!(!check(path).status.success(), "the checker finds no mistake");
}

#[test]
fn systemd_takes_the_unit_and_finds_it_closed() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("whatisup.service");
    // The program need not be installed here.
    let text = fs::read_to_string(deploy("whatisup.service")).unwrap().replace("/usr/bin/whatisupd", "/bin/true");
    let worker = fs::read_to_string(deploy("worker.conf")).unwrap();
    for (what, text) in [("alone", text.clone()), ("as a worker", format!("{text}\n{worker}"))] {
        fs::write(&unit, text).unwrap();
        let output = systemd_analyze().arg("verify").arg(&unit).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{what}: {said}");
        // Of a hundred; what is left is that it uses the network and a little of the system's calls.
        ran(systemd_analyze().args(["security", "--offline=true", "--threshold=15"]).arg(&unit));
    }
}

fn systemd_analyze() -> Command {
    Command::new(files::on_path("systemd-analyze", "systemd"))
}

#[test]
fn both_proxies_are_the_same_and_haproxy_takes_them() {
    let text = fs::read_to_string(deploy("haproxy.cfg")).unwrap();
    let manifest = files::documents("kubernetes.yaml");
    let map = manifest.iter().find(|d| d["kind"] == "ConfigMap" && d["metadata"]["name"] == "whatisup-proxy").unwrap();
    assert_eq!(map["data"]["haproxy.cfg"].as_str().unwrap().trim(), text.trim());
}

#[test]
fn the_image_has_no_sandbox_and_no_power() {
    let text = fs::read_to_string(deploy("Dockerfile")).unwrap();
    let last = text.rsplit("\nFROM ").next().unwrap();
    assert!(last.starts_with("gcr.io/distroless/"), "its last stage has no shell");
    assert!(last.lines().any(|line| line == "USER 65532:65532"));
    assert!(!last.contains("\nRUN "));
    let build = text.lines().find(|line| line.contains("cargo build")).unwrap();
    assert!(build.contains("--release --locked -p app --bin whatisupd") && !build.contains("features"));
    // Bases are named with a version.
    for base in text.lines().filter_map(|line| line.strip_prefix("FROM ")) {
        assert!(base.contains(':') && !base.contains(":latest"), "{base}");
    }
}
