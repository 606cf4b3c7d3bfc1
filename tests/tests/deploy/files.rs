//! The files, and the programs that check them.

use serde_json::Value;
use std::env;
use std::path::PathBuf;
use std::process::Command;

pub fn deploy(name: &str) -> PathBuf {
    acceptance::binaries::repository().join("deploy").join(name)
}

/// (name, text) of everything in the folder.
pub fn all() -> Vec<(String, String)> {
    let folder = deploy("");
    let paths = acceptance::files(&folder).unwrap().into_iter();
    // What a person made there with secrets.sh is his own.
    let paths = paths.filter(|path| !path.starts_with(folder.join("secrets")));
    paths
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

/// A program that `scripts/setup test` installs below `target/tools`.
pub fn checker(name: &str) -> PathBuf {
    let tools = env::var_os("TOOLS").map_or_else(|| acceptance::binaries::repository().join("target/tools"), PathBuf::from);
    let path = tools.join("checkers/bin").join(name);
    assert!(path.is_file(), "{} is missing: run `scripts/setup test`", path.display());
    path
}

pub fn on_path(name: &str, package: &str) -> PathBuf {
    let path = env::var_os("PATH").unwrap_or_default();
    // Where Debian keeps what is for administrators.
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: run `scripts/setup test`, or `apt-get install {package}`"))
}

/// What it printed.
pub fn ran(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", command.get_program().display()));
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {said}", command.get_program().display());
    said
}

/// The documents of a YAML file, with anchors and merges resolved.
pub fn documents(name: &str) -> Vec<Value> {
    const READ: &str = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    let text = ran(Command::new(checker("python")).args(["-c", READ]).arg(deploy(name)));
    serde_json::from_str(&text).unwrap()
}

pub fn compose() -> Value {
    documents("compose.yaml").remove(0)
}

/// The pod of the manifest.
pub fn pod() -> Value {
    let documents = documents("kubernetes.yaml");
    documents.iter().find(|d| d["kind"] == "Deployment").unwrap()["spec"]["template"]["spec"].clone()
}

/// The items of an object.
pub fn items(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().unwrap().iter()
}

/// The items of a list.
pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}
