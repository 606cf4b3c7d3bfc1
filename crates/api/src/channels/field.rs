//! The fields of a channel that people write, checked alike when it is made and when it is changed.

use crate::guard::Caller;
use crate::problem::FieldError;
use domain::Proxy;

const LONGEST_NAME: usize = 64;

pub(super) fn name(given: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let name = given.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if !fits {
        errors.push(FieldError::at("/name", format!("must have 1 to {LONGEST_NAME} characters, all of them printable")));
    }
    fits.then(|| name.to_owned())
}

/// Only a person chooses a proxy: everything of the channel goes through it, and it is mostly on this machine or in its networks, where
/// no app may have us connect to.
pub(super) fn proxy(caller: &Caller, given: &str, errors: &mut Vec<FieldError>) -> Option<Proxy> {
    may_choose_proxy(caller, errors)?;
    given.parse().inspect_err(|e: &domain::ProxyError| errors.push(FieldError::at("/proxy", e.to_string()))).ok()
}

pub(super) fn may_choose_proxy(caller: &Caller, errors: &mut Vec<FieldError>) -> Option<()> {
    if !caller.is_person() {
        errors.push(FieldError::at("/proxy", "is for a person to choose: an app cannot set, change or take away a proxy"));
    }
    caller.is_person().then_some(())
}
