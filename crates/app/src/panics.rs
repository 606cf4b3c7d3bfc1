//! A panic is told with its place. Not with its words: they may quote what must not be logged.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write as _;

/// From here on, for this process. A second call changes nothing.
pub(crate) fn told_without_words() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let at = panic.location().map(ToString::to_string).unwrap_or_else(|| "an unknown place".to_owned());
        let mut told = format!("thread '{name}' panicked at {at}; its words are left out, they may quote a secret\n");
        // Names of functions and lines, no values. Only where RUST_BACKTRACE asks for it.
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            told.push_str(&trace.to_string());
        }
        // Before there is a log, and where it went away, this is all that is told.
        let _ = std::io::stderr().write_all(told.as_bytes());
        tracing::error!(%at, "a part of the program broke off; please report this");
    }));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    /// Marks the run of this test in which it panics.
    const AGAIN: &str = "_WHATISUP_TEST_PANICS";

    #[test]
    fn the_words_of_a_panic_are_not_told_and_its_place_is() {
        if std::env::var_os(AGAIN).is_some() {
            super::told_without_words();
            let _ = std::thread::Builder::new().name("courier".into()).spawn(|| panic!("the key is hunter2")).unwrap().join();
            return;
        }
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "panics::tests::the_words_of_a_panic_are_not_told_and_its_place_is";
        let ran = again.args([name, "--exact", "--nocapture"]).env(AGAIN, "1").env("RUST_BACKTRACE", "1").output().unwrap();
        let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(told.contains("thread 'courier' panicked at ") && told.contains("panics.rs:"), "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}
