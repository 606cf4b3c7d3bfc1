//! The fields of a channel that people write, checked alike when it is made and when it is changed.

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

pub(super) fn proxy(given: &str, errors: &mut Vec<FieldError>) -> Option<Proxy> {
    given.parse().inspect_err(|e: &domain::ProxyError| errors.push(FieldError::at("/proxy", e.to_string()))).ok()
}
