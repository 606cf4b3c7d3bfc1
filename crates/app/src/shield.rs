//! What is in the memory of this process is the accounts: it is kept from whoever looks in from outside.

use crate::{environment, panics};

/// To be called first of all in `main`, before there are threads; by every program and command that may hold a secret.
///
/// - Secrets are taken out of the environment ([`environment`]).
/// - A panic is told without its words ([`panics`]).
/// - A crash leaves no image of the memory behind, and no other process of the same user may look in (a debugger, or whoever
///   reads `/proc/<pid>/mem` and `/proc/<pid>/environ`). The superuser may.
///
/// What the system refuses is left: a hardened service forbids some of these calls and has done the same already. `doctor`
/// tells what holds.
pub fn shield() {
    panics::told_without_words();
    environment::take_secrets_out();
    close();
}

#[cfg(unix)]
fn close() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    // The soft limit alone: a browser that is opened from here may raise its own again.
    let Rlimit { maximum, .. } = getrlimit(Resource::Core);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

#[cfg(not(unix))]
fn close() {}
