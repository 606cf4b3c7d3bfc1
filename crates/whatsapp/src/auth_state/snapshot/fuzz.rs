//! The session inside of an import file.

use super::*;

#[test]
fn a_snapshot() {
    let seeds = [sample::snapshot(0).to_bytes(), sample::snapshot(1).to_bytes()];
    let words = ["\"version\":", "\"device\":", "\"sessions\":", "\"prekeys\":", "null", "{}", "[]", "=\"", "\\u0000"];
    ::fuzz::target!("snapshot").seeds(seeds).words(words).longest(64 * 1024).run(|bytes| match Snapshot::from_bytes(bytes) {
        Ok(snapshot) => {
            // What was read is written and read as the same.
            let again = Snapshot::from_bytes(&snapshot.to_bytes());
            assert_eq!(again.ok().map(|again| again.digest()), Some(snapshot.digest()));
            let canonical = snapshot.canonical().is_ok();
            Ok((canonical, snapshot.is_paired(), snapshot.counts().total()))
        }
        Err(error) => Err(error.to_string().chars().filter(|c| !c.is_ascii_digit()).collect::<String>()),
    });
}
