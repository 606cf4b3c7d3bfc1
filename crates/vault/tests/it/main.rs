//! The vault on a real keychain and on real files.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[cfg(all(unix, not(target_os = "macos")))]
mod bus;
mod conformance;
mod key_file;
#[cfg(all(unix, not(target_os = "macos")))]
mod keychain;
mod master;
#[cfg(all(unix, not(target_os = "macos")))]
mod prompt;
