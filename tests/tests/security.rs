//! docs/security.md names, for every defence, a test that shows it. Those tests have to be there.
#![allow(clippy::unwrap_used)]

use std::fs;

/// (the line, the test's name, its file) of each link of the form [`name`](../file.rs).
fn named(text: &str) -> Vec<(String, String, String)> {
    let mut named = Vec::new();
    for line in text.lines() {
        for rest in line.split("[`").skip(1) {
            let Some((name, rest)) = rest.split_once("`](../") else { continue };
            let Some((file, _)) = rest.split_once(')') else { continue };
            if file.ends_with(".rs") && !name.contains("::") {
                named.push((line.to_owned(), name.to_owned(), file.to_owned()));
            }
        }
    }
    named
}

#[test]
fn every_defence_names_a_test_that_is_there() {
    let root = acceptance::binaries::repository();
    let text = fs::read_to_string(root.join("docs/security.md")).unwrap();
    let all = named(&text);
    assert!(all.len() > 40, "this test looks at the wrong text");
    for (_, name, file) in &all {
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
        let at = source.find(&format!("fn {name}(")).unwrap_or_else(|| panic!("{file} has no {name}"));
        let before: Vec<_> = source[..at].lines().rev().take(4).collect();
        assert!(before.iter().any(|line| line.contains("test")), "{name} in {file} is no test");
        assert!(!before.iter().any(|line| line.contains("#[ignore")), "{name} in {file} is never run");
    }
    // Each line of a table of defences; the tables before them have other headings.
    let (mut within, mut rows) = (false, 0);
    for line in text.lines() {
        if line.starts_with('|') {
            within |= line.contains("| shown by |");
            if within && !line.contains("shown by") && !line.starts_with("|---") {
                rows += 1;
                assert!(all.iter().any(|(of, ..)| of == line), "no test shows this: {line}");
            }
        } else {
            within = false;
        }
    }
    assert!(rows > 20, "this test looks at the wrong tables");
}
