//! What the tests make up that has to stay where it belongs, and all that they see of the programs meanwhile. Both are kept in a
//! folder, over a whole run of all tests, until `whatisup-leaks` looks for the one in the other.
//!
//! Kept only where the environment names the folder (`LEAKS`), as `make test` does. There:
//! `known.jsonl` has what must not be found; `seen/` what was printed, answered and told; `data/` what lay on disk;
//! `redis/` and `postgres/` what lay on the disks of the servers.

mod places;
mod scan;
mod stores;
mod variants;

pub use places::Kind;
pub use scan::{Leak, Report, Scanner, scan};
pub use stores::{Store, keep_store, keep_store_in};

use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where this run keeps what it knows and sees.
fn folder() -> Option<PathBuf> {
    std::env::var_os("LEAKS").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// A text that is shorter, or a word that anybody might use, says nothing when it is found.
fn is_telling(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Secret => text.len() >= 10,
        Kind::Text => text.len() >= 10 && text.chars().any(char::is_whitespace) || text.len() >= 20,
    }
}

/// Notes something that must be found nowhere but where it belongs.
pub fn know(kind: Kind, what: &str, value: &str) {
    let Some(folder) = folder() else { return };
    know_in(&folder, kind, what, value);
}

/// The same, in a given folder.
pub fn know_in(folder: &Path, kind: Kind, what: &str, value: &str) {
    // Of what is made up for tests and starts like a secret, the secret is the rest.
    let value = ["whsec_", "Bearer "].iter().find_map(|prefix| value.strip_prefix(prefix)).unwrap_or(value);
    if is_telling(kind, value) {
        append(&folder.join("known.jsonl"), &json!({ "kind": kind.word(), "what": what, "value": value }));
    }
}

/// Notes what a request carries that must stay between its sender and the program.
pub fn harvest(body: &Value) {
    if folder().is_some() {
        walk(body, "", &mut |name, value| match name {
            "text" => know(Kind::Text, "a message's text", value),
            "passphrase" => know(Kind::Secret, "a passphrase", value),
            "key" | "secret" | "poll_token" | "ticket" => know(Kind::Secret, name, value),
            "url" => {
                if let Some((_, ticket)) = value.split_once("#sign-in=") {
                    know(Kind::Secret, "a sign-in ticket", ticket.split('&').next().unwrap_or_default());
                }
            }
            _ => {}
        });
        for value in body["headers"].as_object().into_iter().flat_map(|headers| headers.values()) {
            know(Kind::Secret, "a webhook's header", value.as_str().unwrap_or_default());
        }
    }
}

fn walk(value: &Value, name: &str, tell: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => tell(name, text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, name, tell)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| walk(value, name, tell)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Notes an answer of the API, as it came.
pub fn answered(method: &str, path: &str, body: &str) {
    if let Some(folder) = folder() {
        append(&own(&folder, "answers"), &json!({ "route": places::route(method, path), "body": body }));
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            harvest(&body);
            if path.ends_with("/export") {
                body["files"]
                    .as_object()
                    .into_iter()
                    .flatten()
                    .for_each(|(_, file)| session(file.as_str().unwrap_or_default()));
            }
        }
    }
}

/// The private keys in a file of Baileys.
fn session(file: &str) {
    fn private(value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(private),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match name.as_str() {
                        "private" | "privKey" => {
                            know(Kind::Secret, "a private key", value["data"].as_str().or(value.as_str()).unwrap_or_default())
                        }
                        "advSecretKey" => know(Kind::Secret, "the secret of a pairing", value.as_str().unwrap_or_default()),
                        _ => private(value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    private(&serde_json::from_str(file).unwrap_or_default());
}

/// Notes an event of a stream, as it came.
pub fn told(event: &str, data: &str) {
    if let Some(folder) = folder() {
        append(&own(&folder, "events"), &json!({ "event": event, "data": data }));
    }
}

/// Keeps what a program has printed.
pub fn printed(text: &str) {
    let Some(folder) = folder() else { return };
    let made = fs::create_dir_all(folder.join("seen")).and_then(|()| {
        let file = tempfile::Builder::new().prefix("printed-").suffix(".log").tempfile_in(folder.join("seen"))?;
        file.as_file().write_all(text.as_bytes())?;
        file.keep().map_err(|e| e.error)
    });
    complain("what was printed", made.map(drop));
}

/// Keeps a copy of every data directory below `root` and notes the keys in their key files.
pub fn keep(root: &Path) {
    if let Some(folder) = folder() {
        complain("a data directory", keep_in(&folder, root));
    }
}

fn keep_in(folder: &Path, root: &Path) -> io::Result<()> {
    for directory in data_directories(root)? {
        if let Ok(keys) = fs::read(directory.join("vault.key")) {
            let keys: Value = serde_json::from_slice(&keys).unwrap_or_default();
            for (name, secret) in keys["secrets"].as_object().into_iter().flatten() {
                know_in(folder, Kind::Secret, name, secret.as_str().unwrap_or_default());
            }
        }
        fs::create_dir_all(folder.join("data"))?;
        let to = tempfile::Builder::new().prefix("of-").tempdir_in(folder.join("data"))?.keep();
        copy(&directory, &to)?;
    }
    Ok(())
}

/// A data directory is where a lock of ours lies.
fn data_directories(root: &Path) -> io::Result<Vec<PathBuf>> {
    if root.join("lock").is_file() {
        return Ok(vec![root.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.extend(data_directories(&entry.path())?);
        }
    }
    Ok(found)
}

/// Everything but what holds the keys by intent: the key file, and the memory of the sandbox's phones.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        // A program that is being killed may take a file away at the same time.
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() {
            fs::create_dir(to.join(&name))?;
            copy(&entry.path(), &to.join(&name))?;
        } else if kind.is_file() && name != "vault.key" && name != "sandbox.json" {
            match fs::copy(entry.path(), to.join(&name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(_) | Err(_) => {}
            }
        }
    }
    Ok(())
}

fn own(folder: &Path, what: &str) -> PathBuf {
    folder.join("seen").join(format!("{what}-{}.jsonl", std::process::id()))
}

/// One line, in one write: several processes append to the same file.
fn append(path: &Path, line: &Value) {
    let open = || -> io::Result<File> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        OpenOptions::new().create(true).append(true).open(path)
    };
    complain("a line", open().and_then(|mut file| file.write_all(format!("{line}\n").as_bytes())));
}

/// What cannot be kept cannot be looked at, and nobody must take that for clean.
fn complain(what: &str, done: io::Result<()>) {
    if let (Err(error), Some(folder)) = (done, folder()) {
        let _ = fs::write(folder.join("incomplete"), format!("{what} could not be kept: {error}\n"));
    }
}
