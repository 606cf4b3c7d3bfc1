//! Looks for what is known in all that was seen.

use super::places::{answer_may_have, event_may_have};
use super::{Kind, Store, variants};
use aho_corasick::AhoCorasick;
use anyhow::{Context, Result, ensure};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Something that is where it must not be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Leak {
    pub what: String,
    pub place: String,
    /// What stands around it.
    pub around: String,
}

/// What was looked at and for, so that looking at nothing is not taken for finding nothing.
#[derive(Clone, Debug, Default)]
pub struct Report {
    pub secrets: usize,
    pub texts: usize,
    pub logs: usize,
    pub answers: usize,
    pub events: usize,
    /// Files of data directories.
    pub files: usize,
    /// Files of servers.
    pub stored: usize,
    pub leaks: BTreeSet<Leak>,
}

/// Finds all that is known.
#[derive(Debug)]
pub struct Scanner {
    /// Of each pattern: whose it is.
    owners: Vec<usize>,
    known: Vec<(Kind, String)>,
    automaton: AhoCorasick,
}

impl Scanner {
    /// (kind, what it is, value)
    ///
    /// # Errors
    /// When there is too much to look for.
    pub fn of(known: impl IntoIterator<Item = (Kind, String, String)>) -> Result<Self> {
        let (mut owners, mut names, mut patterns) = (Vec::new(), Vec::new(), Vec::new());
        for (kind, what, value) in known {
            for way in variants::of(kind, &value) {
                owners.push(names.len());
                patterns.push(way);
            }
            names.push((kind, what));
        }
        Ok(Scanner { owners, known: names, automaton: AhoCorasick::new(patterns)? })
    }

    /// What of it is in these bytes that `allowed` does not let pass.
    pub fn find(&self, place: &str, bytes: &[u8], allowed: impl Fn(Kind) -> bool) -> Vec<Leak> {
        let found = self.automaton.find_overlapping_iter(bytes);
        let found = found.filter_map(|hit| {
            let (kind, what) = self.known.get(*self.owners.get(hit.pattern().as_usize())?)?;
            let around = || around(bytes, hit.start(), hit.end());
            (!allowed(*kind)).then(|| Leak { what: what.clone(), place: place.to_owned(), around: around() })
        });
        // The first few of a place are enough to mend it.
        found.take(5).collect()
    }
}

fn around(bytes: &[u8], start: usize, end: usize) -> String {
    let from = start.saturating_sub(60);
    let to = bytes.len().min(end + 20);
    String::from_utf8_lossy(&bytes[from..to]).escape_debug().to_string()
}

/// Looks through the folder of a run.
///
/// # Errors
/// When something was not kept, or cannot be read.
pub fn scan(folder: &Path) -> Result<Report> {
    let incomplete = folder.join("incomplete");
    ensure!(!incomplete.exists(), "{}", fs::read_to_string(&incomplete)?);
    let known = known(&folder.join("known.jsonl"))?;
    let count = |kind| known.iter().filter(|(k, ..)| *k == kind).count();
    let mut report = Report { secrets: count(Kind::Secret), texts: count(Kind::Text), ..Report::default() };
    let scanner = Scanner::of(known)?;
    let name = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    for path in crate::files(&folder.join("seen"))? {
        let place = name(&path);
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&path).with_context(|| place.clone())?;
        if file.starts_with("printed-") {
            report.logs += 1;
            report.leaks.extend(scanner.find(&place, &bytes, |_| false));
            continue;
        }
        for line in String::from_utf8_lossy(&bytes).lines() {
            let line: Value = serde_json::from_str(line).with_context(|| place.clone())?;
            let word = |name: &str| line[name].as_str().unwrap_or_default();
            let found = if file.starts_with("answers-") {
                report.answers += 1;
                let place = format!("{place}: the answer to {}", word("route"));
                scanner.find(&place, word("body").as_bytes(), |kind| answer_may_have(word("route"), kind))
            } else {
                report.events += 1;
                let place = format!("{place}: the event {}", word("event"));
                scanner.find(&place, word("data").as_bytes(), |kind| event_may_have(word("event"), kind))
            };
            report.leaks.extend(found);
        }
    }
    for path in crate::files(&folder.join("data"))? {
        report.files += 1;
        let bytes = fs::read(&path).with_context(|| name(&path))?;
        report.leaks.extend(scanner.find(&name(&path), &bytes, |_| false));
    }
    for store in Store::ALL {
        let kept = folder.join(store.word());
        // Not every test needs a server.
        for path in if kept.exists() { crate::files(&kept)? } else { Vec::new() } {
            report.stored += 1;
            let bytes = fs::read(&path).with_context(|| name(&path))?;
            report.leaks.extend(scanner.find(&name(&path), &bytes, |kind| store.may_have(kind)));
        }
    }
    Ok(report)
}

/// (kind, what it is, value), each value once: the same text is sent in more than one test.
fn known(file: &Path) -> Result<Vec<(Kind, String, String)>> {
    let text = fs::read_to_string(file).with_context(|| format!("{}: nothing was kept", file.display()))?;
    let mut known = BTreeMap::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line)?;
        let word = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        let kind = Kind::of(&word("kind")).with_context(|| format!("a kind: {line}"))?;
        known.insert(word("value"), (kind, word("what")));
    }
    Ok(known.into_iter().map(|(value, (kind, what))| (kind, what, value)).collect())
}
