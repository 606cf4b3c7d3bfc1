//! Secrets that were given in variables are taken out of the environment.
//!
//! The environment that a process was started with can be read for as long as it lives (`/proc/<pid>/environ`), by the same
//! user and by whoever looks at crash reports, and is inherited by every child. Removing a variable does not change that
//! block. So the program starts itself once more in the same process, with a pipe instead of the variables: they are in the
//! pipe until it is read, once.

use crate::config::MASTER_KEY_VARIABLE;
use secrecy::{ExposeSecret as _, SecretString};
use std::collections::BTreeMap;
use std::fmt;

/// The variables that hold secrets: a key, and addresses that may have a password in them.
const SECRET: [&str; 3] = [MASTER_KEY_VARIABLE, "WHATISUP_SESSIONS", "WHATISUP_DATABASE"];

/// What was taken out of the environment.
#[derive(Clone, Default)]
pub struct Taken(BTreeMap<String, SecretString>);

impl Taken {
    /// The variables, without the master key.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (String, String)> {
        let settings = self.0.iter().filter(|(name, _)| *name != MASTER_KEY_VARIABLE);
        settings.map(|(name, value)| (name.clone(), value.expose_secret().to_owned()))
    }

    pub(crate) fn master_key(&self) -> Option<SecretString> {
        self.0.get(MASTER_KEY_VARIABLE).cloned()
    }
}

impl fmt::Debug for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether this variable has a secret in it.
fn is_secret(name: &str, value: &str) -> bool {
    // An address without user and parameters is none, and people look for it there.
    SECRET.contains(&name) && (name == MASTER_KEY_VARIABLE || value.contains('@') || value.contains('?'))
}

/// The variables with secrets that this process was started with and still shows; none after [`take_secrets_out`].
pub(crate) fn shown() -> Vec<String> {
    let ours = SECRET.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    ours.filter(|(name, value)| !value.is_empty() && is_secret(name, value)).map(|(name, _)| name.to_owned()).collect()
}

#[cfg(unix)]
mod pipe {
    use super::{SECRET, Taken, is_secret};
    use secrecy::SecretString;
    use zeroize::Zeroizing;

    /// Tells the second start where the pipe is.
    const PIPE: &str = "_WHATISUP_SECRETS_FD";
    /// It has to fit into the pipe's buffer: nobody reads yet. POSIX promises so much.
    const MOST: usize = 4096;

    /// To be called first of all in `main`, before there are threads. Returns when there is nothing to take out, or when it
    /// could not be: the variables are used as they are then, and `doctor` says so.
    pub(crate) fn take_secrets_out() {
        let given = SECRET.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
        let secret: Vec<_> = given
            .map(|(name, value)| (name, Zeroizing::new(value)))
            .filter(|(name, value)| !value.is_empty() && is_secret(name, value))
            .collect();
        if !secret.is_empty() {
            // When it cannot be done, they are as safe as whoever gave them that way expected. There is no log yet.
            let _ = start_again(&secret);
        }
    }

    fn start_again(secret: &[(&str, Zeroizing<String>)]) -> std::io::Result<std::convert::Infallible> {
        use std::os::fd::AsRawFd as _;
        use std::os::unix::process::CommandExt as _;
        let mut text = Zeroizing::new(Vec::with_capacity(MOST));
        for (name, value) in secret {
            // Neither can hold a zero.
            [name.as_bytes(), b"=", value.as_bytes(), b"\0"].into_iter().for_each(|part| text.extend_from_slice(part));
        }
        if text.len() > MOST {
            return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput));
        }
        let (reader, writer) = rustix::pipe::pipe()?;
        std::io::Write::write_all(&mut std::fs::File::from(writer), &text)?;
        let mut arguments = std::env::args_os();
        let mut command = std::process::Command::new(std::env::current_exe()?);
        if let Some(name) = arguments.next() {
            command.arg0(name);
        }
        command.args(arguments).env(PIPE, reader.as_raw_fd().to_string());
        for (name, _) in secret {
            command.env_remove(name);
        }
        Err(command.exec())
    }

    /// What was taken out, once: the pipe is empty afterwards.
    pub(crate) fn taken() -> Taken {
        let read = || {
            let pipe: u32 = std::env::var(PIPE).ok()?.parse().ok()?;
            let mut text = Zeroizing::new(String::with_capacity(MOST));
            std::io::Read::read_to_string(&mut std::fs::File::open(format!("/dev/fd/{pipe}")).ok()?, &mut text).ok()?;
            let variables = text.split('\0').filter_map(|variable| variable.split_once('='));
            Some(Taken(variables.map(|(name, value)| (name.to_owned(), SecretString::from(value))).collect()))
        };
        read().unwrap_or_default()
    }
}

#[cfg(not(unix))]
mod pipe {
    use super::Taken;

    /// There is no block of the start's environment that others could read.
    pub(crate) fn take_secrets_out() {}

    pub(crate) fn taken() -> Taken {
        Taken::default()
    }
}

pub(crate) use pipe::{take_secrets_out, taken};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_secret_when_it_may_have_a_password_in_it() {
        for (name, value, secret) in [
            ("WHATISUP_SESSIONS", "disk", false),
            ("WHATISUP_SESSIONS", "redis://cache:6379", false),
            ("WHATISUP_SESSIONS", "redis://:hunter2@cache:6379", true),
            ("WHATISUP_DATABASE", "postgres://db/whatisup?password=hunter2", true),
            ("WHATISUP_VAULT_MASTER_KEY", "anything", true),
            ("WHATISUP_VAULT_MASTER_KEY_FILE", "/etc/whatisup/key", false),
            ("WHATISUP_API_PORT", "a@b", false),
        ] {
            assert_eq!(is_secret(name, value), secret, "{name}={value}");
        }
    }

    #[test]
    fn what_was_taken_out_is_not_shown() {
        let taken = Taken([("WHATISUP_SESSIONS".to_owned(), SecretString::from("redis://:hunter2@cache"))].into());
        assert_eq!(format!("{taken:?}"), r#"{"WHATISUP_SESSIONS"}"#);
    }
}
