//! The fields of a webhook that people write, checked alike when it is made and when it is changed.

use crate::api::Parts;
use crate::events::kinds;
use crate::guard::Caller;
use crate::problem::FieldError;
use crate::serve::Build;
use crate::webhooks::address;
use domain::{ChannelId, Reach, Scope};
use webhooks::{AddressPolicy, Reach as Ground};

const LONGEST_DESCRIPTION: usize = 200;
const MOST_CHANNELS: usize = 200;
const MOST_TYPES: usize = 64;
const MOST_AT_ONCE: u32 = 16;

/// On this machine and in its networks only what a person names is dialled.
pub(super) fn url(api: &Parts, caller: &Caller, given: &str, errors: &mut Vec<FieldError>) -> Option<String> {
    let reach = if api.about.build == Build::Sandbox { Ground::LoopbackOnly } else { Ground::Anywhere };
    let checked = address::check(given, reach, AddressPolicy { private: caller.is_person() });
    checked.inspect_err(|says| errors.push(FieldError::at("/url", says))).ok()
}

pub(super) fn description(given: &str, errors: &mut Vec<FieldError>) -> String {
    let text = given.trim();
    if text.chars().count() > LONGEST_DESCRIPTION || text.chars().any(char::is_control) {
        errors.push(FieldError::at(
            "/description",
            format!("must have at most {LONGEST_DESCRIPTION} characters, all of them printable"),
        ));
    }
    text.to_owned()
}

/// Each must exist now, within the caller's reach; one that is deleted later simply has no more events. None at all are all within
/// that reach.
pub(super) fn channels(api: &Parts, caller: &Caller, given: &[String], errors: &mut Vec<FieldError>) -> Vec<ChannelId> {
    if given.len() > MOST_CHANNELS {
        errors.push(FieldError::at("/channels", format!("must be at most {MOST_CHANNELS}; leave it empty for all")));
        return Vec::new();
    }
    let (overview, reach) = (api.overview(), caller.channels(Scope::WebhooksManage));
    if let (true, Reach::Only(all)) = (given.is_empty(), &reach) {
        return all.clone();
    }
    let mut channels = Vec::new();
    for (i, text) in given.iter().enumerate() {
        match text.parse::<ChannelId>() {
            Ok(id) if reach.contains(&id) && overview.get(id).is_some() => {
                if !channels.contains(&id) {
                    channels.push(id);
                }
            }
            Ok(_) => errors.push(FieldError::at(format!("/channels/{i}"), "there is no such channel")),
            Err(e) => errors.push(FieldError::at(format!("/channels/{i}"), e.to_string())),
        }
    }
    channels
}

pub(super) fn types(given: &[String], errors: &mut Vec<FieldError>) -> Vec<String> {
    if given.len() > MOST_TYPES {
        errors.push(FieldError::at("/types", format!("must be at most {MOST_TYPES}; leave it empty for all")));
        return Vec::new();
    }
    let mut types: Vec<String> = Vec::new();
    for (i, kind) in given.iter().enumerate() {
        match kinds::check(kind) {
            Ok(()) if types.contains(kind) => {}
            Ok(()) => types.push(kind.clone()),
            Err(says) => errors.push(FieldError::at(format!("/types/{i}"), says)),
        }
    }
    types
}

pub(super) fn concurrency(given: u32, errors: &mut Vec<FieldError>) -> u32 {
    if !(1..=MOST_AT_ONCE).contains(&given) {
        errors.push(FieldError::at("/concurrency", format!("must be from 1 to {MOST_AT_ONCE}")));
    }
    given
}
