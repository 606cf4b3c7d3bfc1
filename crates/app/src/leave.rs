//! The last step of a process.

use std::io::Write as _;
use std::process::ExitCode;

/// Ends the process at once. To be called when everything is written and closed, instead of returning from `main`.
///
/// An ordinary exit runs the handlers that libraries have left for it. SQLCipher's takes its memory down while a connection of
/// an auth-state, let go of a moment before, may still be closing on a thread of upstream's pool that nobody can wait for:
/// a crash after the work was done. What is on disk does not need those handlers, so none is run.
pub fn leave(code: ExitCode) -> ! {
    // The one buffer of a Rust program that its own exit would have emptied.
    let _ = std::io::stdout().flush();
    signal_hook::low_level::exit(i32::from(code != ExitCode::SUCCESS))
}
