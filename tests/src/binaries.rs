//! Where the built programs are: beside the test executables.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;

/// Path of a program of this workspace, as `cargo build` left it.
///
/// # Errors
/// When it was not built; says how.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe().context("where is this test?")?;
    let directory = test.parent().context("an executable lies in a directory")?;
    // Tests lie one deeper than programs, in target/<profile>/deps.
    let directory = if directory.ends_with("deps") { directory.parent().context("deps has a parent")? } else { directory };
    let path = directory.join(name);
    if !path.exists() {
        bail!(
            "{} is not built; run `make unit`, or `cargo build --workspace --features whatisup/sandbox,app/sandbox`",
            path.display()
        );
    }
    Ok(path)
}

/// The root of the repository.
pub fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}
