//! Throws bytes at a parser, for a bounded time, and keeps those that teach something.
//!
//! A target is a test in a module `fuzz` beside the parser, where everything that is private can be reached:
//!
//! ```ignore
//! #[test]
//! fn a_label() {
//!     fuzz::target!("label").seeds([r#"{"format":1}"#]).words(["format", "null"]).run(|bytes| Label::parse(bytes).is_ok());
//! }
//! ```
//!
//! What the closure returns says what came of the bytes. An input with a new outcome becomes a parent of others, so a target is
//! guided by its own errors, with any compiler; where the code under test is instrumented (`make fuzz`, scripts/covered), it is
//! guided by the lines that were reached as well. A panic, or an input that takes too long, fails the test; the input is made
//! smaller, printed, and kept in `target/fuzz`. Copied into `fuzz/<target>/` of the crate it is tried first for ever.
//!
//! `FUZZ_SECONDS` says for how long each target runs (4), `FUZZ_SEED` repeats a run.

mod chance;
mod coverage;
mod kept;
mod mutation;
mod pool;
mod smaller;
mod target;

pub use target::Target;

/// A target of the crate that calls this.
#[macro_export]
macro_rules! target {
    ($name:literal) => {
        $crate::Target::new($name, env!("CARGO_MANIFEST_DIR"))
    };
}
