//! The master key that was given in a variable is taken out of the environment.
//!
//! The environment that a process was started with can be read for as long as it lives (`/proc/<pid>/environ`), by the same
//! user and by whoever looks at crash reports, and is inherited by every child. Removing a variable does not change that
//! block. So the program starts itself once more in the same process, with a pipe instead of the variable: the key is in the
//! pipe until it is read, once.

use crate::config::MASTER_KEY_VARIABLE;
use secrecy::SecretString;

/// Tells the second start where the pipe is.
#[cfg(unix)]
const PIPE: &str = "_WHATISUP_MASTER_KEY_FD";

/// To be called first of all in `main`, before there are threads. Returns when there is nothing to take out, or when it
/// could not be: the variable is used as it is then.
#[cfg(unix)]
pub fn take_master_key_out() {
    let Some(text) = std::env::var_os(MASTER_KEY_VARIABLE).filter(|text| !text.is_empty()) else { return };
    let text = zeroize::Zeroizing::new(text.into_encoded_bytes());
    // When it cannot be done, the key is as safe as whoever gave it that way expected. There is no log yet.
    let _ = start_again(&text);
}

#[cfg(unix)]
fn start_again(text: &[u8]) -> std::io::Result<std::convert::Infallible> {
    use std::os::fd::AsRawFd as _;
    use std::os::unix::process::CommandExt as _;
    // It has to fit into the pipe's buffer: nobody reads yet.
    if text.len() > 4096 {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput));
    }
    let (reader, writer) = rustix::pipe::pipe()?;
    std::io::Write::write_all(&mut std::fs::File::from(writer), text)?;
    let mut arguments = std::env::args_os();
    let mut command = std::process::Command::new(std::env::current_exe()?);
    if let Some(name) = arguments.next() {
        command.arg0(name);
    }
    command.args(arguments).env_remove(MASTER_KEY_VARIABLE).env(PIPE, reader.as_raw_fd().to_string());
    Err(command.exec())
}

#[cfg(not(unix))]
pub fn take_master_key_out() {}

/// What was taken out, once.
#[cfg(unix)]
pub(crate) fn taken() -> Option<SecretString> {
    let pipe: u32 = std::env::var(PIPE).ok()?.parse().ok()?;
    let mut text = String::with_capacity(4096);
    std::io::Read::read_to_string(&mut std::fs::File::open(format!("/dev/fd/{pipe}")).ok()?, &mut text).ok()?;
    Some(text).filter(|text| !text.is_empty()).map(SecretString::from)
}

#[cfg(not(unix))]
pub(crate) fn taken() -> Option<SecretString> {
    None
}
