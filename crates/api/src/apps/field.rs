//! The fields of an app that people and programs write.

use crate::problem::{Code, FieldError, Problem};
use std::path::PathBuf;

const LONGEST_NAME: usize = 64;
const LONGEST_REASON: usize = 280;
const LONGEST_LABEL: usize = 64;
const LONGEST_ORIGIN: usize = 255;
const MOST_ORIGINS: usize = 16;
const MOST_PROGRAMS: usize = 16;
const MOST_A_MINUTE: u32 = 100_000;
/// Ten years: longer than that is without an end.
const LONGEST_LIFE: u64 = 10 * 366 * 24 * 3600;
/// Less would end before it is collected.
const SHORTEST_LIFE: u64 = 60;

/// What people are shown when they decide: characters that cannot be seen, or that turn the order of others round, have no place
/// in it.
fn shows(text: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180e}' | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
    };
    !text.chars().any(hidden)
}

fn text(given: &str, pointer: &str, longest: usize, errors: &mut Vec<FieldError>) -> String {
    let text = given.trim();
    if !(1..=longest).contains(&text.chars().count()) || !shows(text) {
        errors.push(FieldError::at(pointer, format!("must have 1 to {longest} characters, all of them visible")));
    }
    text.to_owned()
}

pub(super) fn name(given: &str, errors: &mut Vec<FieldError>) -> String {
    text(given, "/name", LONGEST_NAME, errors)
}

pub(super) fn reason(given: &str, errors: &mut Vec<FieldError>) -> String {
    text(given, "/reason", LONGEST_REASON, errors)
}

pub(super) fn label(given: &str, errors: &mut Vec<FieldError>) -> String {
    if given.is_empty() { String::new() } else { text(given, "/label", LONGEST_LABEL, errors) }
}

/// An origin exactly as browsers write it: scheme, host and port if it is not the scheme's own; `null` is no origin.
pub(super) fn origin(given: &str, pointer: &str, errors: &mut Vec<FieldError>) -> String {
    let good = given.len() <= LONGEST_ORIGIN
        && !given.contains('*')
        && given.split_once("://").is_some_and(|(scheme, host)| match scheme {
            "http" | "https" => url::Url::parse(given).is_ok_and(|url| url.origin().ascii_serialization() == given),
            // A page of an extension or of another desktop program.
            _ => {
                scheme.starts_with(|c: char| c.is_ascii_lowercase())
                    && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"+-.".contains(&b))
                    && !matches!(scheme, "file" | "data" | "blob" | "about" | "javascript")
                    && !host.is_empty()
                    && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b))
            }
        });
    if !good {
        errors.push(FieldError::at(
            pointer,
            "must be an origin as a browser writes it: https://example.org, http://localhost:5173",
        ));
    }
    given.to_owned()
}

pub(super) fn origins(given: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    if given.len() > MOST_ORIGINS {
        errors.push(FieldError::at("/origins", format!("must be at most {MOST_ORIGINS}")));
        return Vec::new();
    }
    let mut origins: Vec<String> =
        given.iter().enumerate().map(|(i, text)| origin(text, &format!("/origins/{i}"), errors)).collect();
    origins.sort();
    origins.dedup();
    origins
}

/// The programs' files, by their true paths: links are followed now, because the system names a process by its true file.
pub(super) async fn programs(given: Vec<String>, errors: &mut Vec<FieldError>) -> Vec<PathBuf> {
    if given.len() > MOST_PROGRAMS {
        errors.push(FieldError::at("/programs", format!("must be at most {MOST_PROGRAMS}")));
        return Vec::new();
    }
    let mut programs = Vec::new();
    for (i, text) in given.into_iter().enumerate() {
        let path = PathBuf::from(&text);
        let file = if path.is_absolute() && shows(&text) { tokio::fs::canonicalize(&path).await.ok() } else { None };
        match file {
            Some(file) if tokio::fs::metadata(&file).await.is_ok_and(|m| m.is_file()) => programs.push(file),
            Some(_) | None => {
                errors.push(FieldError::at(format!("/programs/{i}"), "must be the full path of a program's file"))
            }
        }
    }
    programs.sort();
    programs.dedup();
    programs
}

/// The programs' files for who only takes away: some of those that are there `already`, as they stand there. Whether other files
/// exist is not looked up for it.
pub(super) fn fewer_programs(given: &[String], already: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    if given.iter().any(|text| !already.iter().any(|path| path.to_str() == Some(text))) {
        return Err(Problem::of(Code::PersonOnly));
    }
    Ok(already.iter().filter(|path| given.iter().any(|text| path.to_str() == Some(text))).cloned().collect())
}

/// Requests in a minute.
pub(super) fn limit(given: u32, errors: &mut Vec<FieldError>) -> u32 {
    if !(1..=MOST_A_MINUTE).contains(&given) {
        let says = format!("must be from 1 to {MOST_A_MINUTE}, or null for the limit that all have");
        errors.push(FieldError::at("/limits", says));
    }
    given
}

/// For how long a key is good, in seconds.
pub(super) fn life(given: u64, errors: &mut Vec<FieldError>) -> std::time::Duration {
    if !(SHORTEST_LIFE..=LONGEST_LIFE).contains(&given) {
        let says = format!("must be from {SHORTEST_LIFE} to {LONGEST_LIFE} seconds, or absent for a key without an end");
        errors.push(FieldError::at("/expires_in", says));
    }
    std::time::Duration::from_secs(given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        let refused = |text: &str| {
            let mut errors = Vec::new();
            origin(text, "/origin", &mut errors);
            !errors.is_empty()
        };
        for good in [
            "https://example.org",
            "http://localhost:5173",
            "http://[::1]:8080",
            "chrome-extension://abcdefghijklmnop",
            "tauri://localhost",
        ] {
            assert!(!refused(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "*",
            "https://",
            "example.org",
            "https://example.org/",
            "https://example.org:443",
            "https://Example.org",
            "HTTPS://example.org",
            "https://*.example.org",
            "https://ada@example.org",
            "file://localhost",
            "file:///home",
            "data://x",
            "chrome-extension://abc/",
            "://x",
        ] {
            assert!(refused(bad), "{bad}");
        }
    }

    #[test]
    fn a_name_shows_all_that_is_in_it() {
        for bad in ["", "  ", "a\nb", "Bank\u{202e}gro.live", "Wh\u{200b}atIsUp", "\u{3164}", &"x".repeat(65)] {
            let mut errors = Vec::new();
            name(bad, &mut errors);
            assert_eq!(errors.len(), 1, "{bad:?}");
        }
        let mut errors = Vec::new();
        assert_eq!(name(" Büro-Assistent 🤖 ", &mut errors), "Büro-Assistent 🤖");
        assert!(errors.is_empty());
    }
}
